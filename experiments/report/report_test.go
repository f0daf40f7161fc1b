package report

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

func reportPage(t *testing.T) (text string, root *html.Node) {
	t.Helper()
	data := written(t)["report.html"]
	root, err := html.Parse(strings.NewReader(string(data)))
	if err != nil {
		t.Fatal(err)
	}
	text, _, _ = strings.Cut(string(data), "<script>")
	return text, root
}

func TestReportTellsEverything(t *testing.T) {
	text, _ := reportPage(t)
	for _, part := range []string{
		"Five architectures, one HTTP server", "what does each way of handing work to a thread cost", // title and question
		"With closing connections, leader used 11\u00a0% less CPU time", // the answer
		"Figure 1.", "Figure 6.", "[24.11, 25.97]", // figures, an interval of the table
		"the leader accepts, promotes a follower", "from the planned send", // words
		"AMD EPYC 9R45", "6.18.44", "net.core.somaxconn", "Enhanced IBRS", // machine
		"offered_rate", "generator_cpu", "3.4 % short", "server ended with status 2", // gates
		"no C compiler (cc) on PATH", "flight recorder was on in open", "share 2 CPUs", // skipped, probes, threats
		"started with sched_pack=15, which", "stayed there in 97 of 100 cases", "97 % of 100 on the waker&#39;s CPU, after 3.5 µs",
		"lflab run quick --seed 20260314", "20260314", "3f026d0c6b1a1f7e0d6a2f0b5f1f3a9f8f3e7c11", "with uncommitted changes",
	} {
		if !strings.Contains(text, part) {
			t.Errorf("report does not say %q", part)
		}
	}
	if strings.Contains(text, "NaN") {
		t.Error("report shows NaN")
	}
}

func TestReportEscapesWhatItShows(t *testing.T) {
	text, _ := reportPage(t)
	if strings.Contains(text, "<script") || !strings.Contains(text, "&lt;script&gt;alert(1)") {
		t.Error("the failure's text stands in the page as markup")
	}
}

// The report is one file that loads nothing. Its links lead to files beside it.
func TestReportStandsAlone(t *testing.T) {
	text, root := reportPage(t)
	if m := regexp.MustCompile(`(?i)(url\(|@import|<link|<iframe|<img|<object|<base)`).FindString(text); m != "" {
		t.Errorf("report loads something: %s", m)
	}
	ids, anchors := map[string]bool{}, []string{}
	var svgs int
	var walk func(*html.Node)
	walk = func(n *html.Node) {
		for _, a := range n.Attr {
			switch a.Key {
			case "role":
				if n.Parent.Data == "div" && n.Parent.Attr[0].Val == "card" {
					svgs++
				}
			case "id":
				if ids[a.Val] {
					t.Errorf("id %q stands twice", a.Val)
				}
				ids[a.Val] = true
			case "href", "src":
				if strings.HasPrefix(a.Val, "#") {
					anchors = append(anchors, a.Val[1:])
				} else if strings.Contains(a.Val, ":") || strings.HasPrefix(a.Val, "/") {
					t.Errorf("link to %q leaves the directory", a.Val)
				}
			}
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			walk(c)
		}
	}
	walk(root)
	for _, a := range anchors {
		if !ids[a] {
			t.Errorf("link to #%s leads nowhere", a)
		}
	}
	if svgs != 6 {
		t.Errorf("%d figures stand in the page, want 6", svgs)
	}
}

func TestReportErrorsNameTheDirectory(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "nothing")
	_, _, err := WriteReport(dir)
	if err == nil || !strings.Contains(err.Error(), dir) || !strings.Contains(err.Error(), "manifest.json") {
		t.Errorf("report on nothing: %v", err)
	}
}

func TestFilesListsWhatIsThere(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "trials"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"manifest.json", "trials/a.json", "trials/b.json"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got := files(dir, nil)
	if len(got) != 2 || got[0].Path != "manifest.json" || !got[0].Link || got[1].Path != "trials/ID.json" || !strings.Contains(got[1].What, "(2)") {
		t.Errorf("got %+v", got)
	}
}
