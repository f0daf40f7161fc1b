package metrics

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"lflab/experiments/probe"
	"lflab/experiments/probe/stage"
)

// fed is a measurement of the values that a test gives it.
type fed struct {
	report stage.Report
	by     map[stage.Group][stage.Placements]probe.Histogram
}

func (f *fed) Report() *stage.Report                                  { return &f.report }
func (f *fed) Totals(g stage.Group) [stage.Placements]probe.Histogram { return f.by[g] }

func (f *fed) observe(g stage.Group, at stage.Placement, ns ...uint64) {
	by := f.by[g]
	for _, v := range ns {
		by[at].Observe(v)
	}
	f.by[g] = by
}

func newFed() *fed {
	report := (&probe.Result{}).Report() // has the names of all counters
	for name := range report.Counts {
		report.Counts[name] = 7
	}
	report.Shape, report.Processes, report.Threads, report.DurationS, report.Lost.Missed = stage.Worker, 2, 9, 3, 4
	return &fed{by: map[stage.Group][stage.Placements]probe.Histogram{}, report: *report}
}

// series are the values of a page by name and labels.
func series(t *testing.T, f *fed) (text string, values map[string]float64) {
	t.Helper()
	var page strings.Builder
	if err := Write(&page, f); err != nil {
		t.Fatal(err)
	}
	values = map[string]float64{}
	for line := range strings.Lines(page.String()) {
		if line[0] == '#' {
			continue
		}
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		v, err := strconv.ParseFloat(value, 64)
		if _, twice := values[name]; err != nil || twice {
			t.Errorf("%q: %v, seen before: %t", line, err, twice)
		}
		values[name] = v
	}
	return page.String(), values
}

func TestHistograms(t *testing.T) {
	f := newFed()
	f.observe(stage.Lead, stage.CrossCPU, 1000, 1024, 1535, 1536, 3e6, 20e9)
	_, got := series(t, f)
	const lead = `lflab_handoff_seconds_%{kind="lead",placement="cross_cpu"$}`
	for of, want := range map[string]float64{
		`bucket ,le="1.024e-06"`:   1, // 1000
		`bucket ,le="1.536e-06"`:   3,
		`bucket ,le="2.048e-06"`:   4,
		`bucket ,le="0.002097152"`: 4,
		`bucket ,le="0.003145728"`: 5,
		`bucket ,le="4.294967296"`: 5,
		`bucket ,le="+Inf"`:        6,
		`count `:                   6,
		`sum `:                     20.003005095,
	} {
		part, label, _ := strings.Cut(of, " ")
		name := strings.NewReplacer("%", part, "$", label).Replace(lead)
		if v, ok := got[name]; !ok || v != want {
			t.Errorf("%s is %v (there: %t), want %v", name, v, ok, want)
		}
	}
	// Series are there before anything has happened.
	if v, ok := got[`lflab_gap_seconds_count{kind="passed",placement="same_cpu"}`]; !ok || v != 0 {
		t.Errorf("an empty histogram: %v, there: %t", v, ok)
	}
}

// Buckets are cumulative, end with the count, and never decrease from one page
// to the next.
func TestSeriesOnlyGrow(t *testing.T) {
	f := newFed()
	_, before := series(t, f)
	for round := range uint64(5) {
		for _, g := range []stage.Group{stage.First, stage.Kept, stage.Item, stage.Lead, stage.Bare, stage.Passed, stage.Retook, stage.Joined} {
			f.observe(g, stage.Placement(round%3), 900<<round, 1<<40>>(7*round))
		}
		f.report.Shape = stage.Shapes()[round] // the shape may become another
		text, after := series(t, f)
		for name, v := range before {
			if now, ok := after[name]; !strings.HasPrefix(name, "lflab_shape") && (!ok || now < v) {
				t.Errorf("round %d: %s was %v and is %v (there: %t)", round, name, v, now, ok)
			}
		}
		last, at := 0.0, ""
		for _, m := range regexp.MustCompile(`(?m)^(\w+_(bucket|count)\{.*placement="\w+").* (\d+)$`).FindAllStringSubmatch(text, -1) {
			labels := strings.Replace(m[1], "_count{", "_bucket{", 1)
			v, _ := strconv.ParseFloat(m[3], 64)
			if labels == at && (v < last || m[2] == "count" && v != last) {
				t.Errorf("round %d: %s is %v after %v", round, m[0], v, last)
			}
			last, at = v, labels
		}
		before = after
	}
}

// Every line is of the format, and every sample belongs to the family above it.
func TestFormat(t *testing.T) {
	f := newFed()
	f.observe(stage.Item, stage.NoWake, 5)
	text, _ := series(t, f)
	suffixes := map[string]string{"histogram": "(_bucket|_count|_sum)", "counter": "_total", "gauge": "", "stateset": ""}
	sample, families := regexp.MustCompile(`^$`), map[string]bool{}
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	for i, line := range lines {
		words := strings.SplitN(line, " ", 4)
		switch {
		case line == "# EOF":
			if i != len(lines)-1 {
				t.Errorf("line %d of %d is the end", i+1, len(lines))
			}
		case len(words) == 4 && words[1] == "TYPE":
			suffix, known := suffixes[words[3]]
			if !known || families[words[2]] {
				t.Errorf("%q: the type is known: %t, the family came before: %t", line, known, families[words[2]])
			}
			families[words[2]] = true
			sample = regexp.MustCompile(`^` + words[2] + suffix + `(\{(\w+="[^"\\\n]*",?)+\})? [0-9.e+-]+$`)
		case words[0] == "#":
			if words[1] != "HELP" && words[1] != "UNIT" {
				t.Errorf("%q", line)
			}
		case !sample.MatchString(line):
			t.Errorf("%q is not of the family %v", line, sample)
		}
	}
	if lines[len(lines)-1] != "# EOF" {
		t.Errorf("the page ends with %q", lines[len(lines)-1])
	}
	for _, label := range []string{"pid=", "tid=", "comm="} {
		if strings.Contains(text, label) {
			t.Errorf("a series names a process: %s", label)
		}
	}
}

func TestServe(t *testing.T) {
	l, err := Listen(":0")
	if err != nil {
		t.Fatal(err)
	}
	if !IsLoopback(l) {
		t.Errorf("listens on %s", l.Addr())
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	f, broken := newFed(), errors.New("the probe has ended")
	fail := false
	go func() {
		ended <- Serve(ctx, l, func(context.Context) (Source, error) {
			if fail {
				return nil, broken
			}
			return f, nil
		})
	}()
	get := func(path string) (int, string, string) {
		t.Helper()
		answer, err := http.Get("http://" + l.Addr().String() + path)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		text, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		return answer.StatusCode, answer.Header.Get("Content-Type"), string(text)
	}
	want, _ := series(t, f)
	if code, kind, text := get("/metrics"); code != 200 || kind != ContentType || text != want {
		t.Errorf("status %d, %s, %d bytes, want %d", code, kind, len(text), len(want))
	}
	if code, _, text := get("/"); code != 200 || !strings.Contains(text, "/metrics") {
		t.Errorf("the first page: status %d, %q", code, text)
	}
	if code, _, _ := get("/other"); code != 404 {
		t.Errorf("another page: status %d", code)
	}
	fail = true
	if code, _, text := get("/metrics"); code != 503 || !strings.Contains(text, broken.Error()) {
		t.Errorf("after the end: status %d, %q", code, text)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if c, err := net.Dial("tcp", l.Addr().String()); err == nil {
		c.Close()
		t.Error("it still listens")
	}
}

func TestListenSaysWhatIsWrong(t *testing.T) {
	taken, err := Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for address, want := range map[string]string{
		"9435":                  `listen on "9435"`,
		":nowhere":              `listen on ":nowhere"`,
		taken.Addr().String():   "address already in use",
		"192.0.2.1:9435":        `listen on "192.0.2.1:9435"`,
		"[not an address]:9435": "not an address",
	} {
		if l, err := Listen(address); err == nil || !strings.Contains(err.Error(), want) {
			if err == nil {
				l.Close()
			}
			t.Errorf("%s: %v, want %q", address, err, want)
		}
	}
}
