//go:build long

package report

import (
	"os"
	"testing"

	"lflab/experiments/madeup"
)

// Beyond the short test: every kind of page, at every size, in both colours.
func TestEveryPageInABrowser(t *testing.T) {
	running, err := RunningPage(madeup.FewRun(), Running{Title: "20 of 50 trials", Left: "about 60 s left", Last: "leader/close: errors failed", Events: "/events"})
	if err != nil {
		t.Fatal(err)
	}
	path, err := WriteOverview(resultsIn(t))
	if err != nil {
		t.Fatal(err)
	}
	overview, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	pages := map[string][]byte{
		"/rules.html": drawnPage(t, madeup.RuledRun()), "/trend.html": drawnPage(t, madeup.TrendRun()), "/plain.html": drawnPage(t, madeup.QuickRun(1)),
		"/probed.html": drawnPage(t, madeup.ProbedRun(1)), "/running.html": running, "/overview.html": overview,
	}
	var views []shown
	for page := range pages {
		for _, width := range []int{390, 1100, 1600} {
			for _, scheme := range []string{"light", "dark"} {
				views = append(views, shown{page, width, scheme})
			}
		}
	}
	seen, console := inBrowser(t, pages, views)
	if len(seen) != len(views) {
		t.Errorf("%d of %d views were seen", len(seen), len(views))
	}
	check(t, seen, console)
}
