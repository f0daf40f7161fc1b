package metrics

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"

	"lflab/experiments/probe/stage"
)

// dashboard holds the parts of a Grafana dashboard that name metrics.
type dashboard struct {
	Panels []struct {
		ID      int
		Title   string
		Targets []struct{ Expr string }
		GridPos struct{ X, Y, W, H int }
	}
	Templating struct {
		List []struct{ Name, Definition string }
	}
}

// Every metric, and every label with it, that the dashboard names is one that
// the probe serves.
func TestDashboardNamesWhatIsServed(t *testing.T) {
	text, err := os.ReadFile("../dashboard.json")
	if err != nil {
		t.Fatal(err)
	}
	var d dashboard
	if err := json.Unmarshal(text, &d); err != nil {
		t.Fatal(err)
	}
	_, served := series(t, newFed())
	names, labels := map[string]bool{}, map[string]bool{"instance": true} // Prometheus adds it
	for name := range served {
		metric, rest, _ := strings.Cut(name, "{")
		names[metric] = true
		for _, m := range regexp.MustCompile(`(\w+)="`).FindAllStringSubmatch(rest, -1) {
			labels[m[1]] = true
		}
	}
	metric, label := regexp.MustCompile(`lflab_\w+`), regexp.MustCompile(`(?:by \(|, )([a-z_, ]+)\)|(\w+)(?:=~|=")`)
	used, ids := map[string]bool{}, map[int]bool{}
	check := func(where, expression string) {
		found := metric.FindAllString(expression, -1)
		if len(found) == 0 {
			t.Errorf("%s names no metric: %q", where, expression)
		}
		for _, name := range found {
			if used[name] = true; !names[name] && !labels[name] {
				t.Errorf("%s names %s, which is not served", where, name)
			}
		}
		for _, m := range label.FindAllStringSubmatch(expression, -1) {
			for name := range strings.SplitSeq(m[1]+m[2], ",") {
				if !labels[strings.TrimSpace(name)] {
					t.Errorf("%s names the label %q, which no series has: %s", where, name, expression)
				}
			}
		}
		if strings.Contains(expression, "rate(") && !strings.Contains(expression, "$__rate_interval") {
			t.Errorf("%s has a rate over a fixed time: %s", where, expression)
		}
	}
	for _, p := range d.Panels {
		if ids[p.ID] || p.GridPos.X+p.GridPos.W > 24 || len(p.Targets) == 0 {
			t.Errorf("panel %d (%s): its number came before: %t, it reaches from %d for %d, %d targets", p.ID, p.Title, ids[p.ID], p.GridPos.X, p.GridPos.W, len(p.Targets))
		}
		ids[p.ID] = true
		for _, target := range p.Targets {
			check(p.Title, target.Expr)
		}
	}
	for _, v := range d.Templating.List {
		if v.Definition != "" {
			check("variable "+v.Name, v.Definition)
		}
	}
	for _, l := range latencies {
		if !used[l.name+"_bucket"] {
			t.Errorf("no panel shows %s", l.name)
		}
	}
	// A report's groups that are sums are all served.
	for _, s := range stage.All {
		served := s.Group == stage.Solitary
		for _, l := range latencies {
			for _, k := range l.kinds {
				served = served || k.group == s.Group
			}
		}
		if !served {
			t.Errorf("group %s is in no histogram", s.Group)
		}
	}
}
