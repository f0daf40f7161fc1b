package report

import (
	_ "embed"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"lflab/experiments/madeup"
	"lflab/experiments/record"
)

//go:embed testdata/check.html
var checkPage string

// view of a page in a browser: its path, the width of its window in CSS pixels
// and its colours.
type shown struct {
	Page   string `json:"page"`
	Width  int    `json:"width"`
	Scheme string `json:"scheme"` // "light" or "dark"
}

// looked is what the browser saw of a page.
type looked struct {
	shown
	Scrolls  int      `json:"scrolls"`  // CSS pixels by which the page is wider than its window
	Card     float64  `json:"card"`     // where the answer card ends, in CSS pixels from the top
	Rules    float64  `json:"rules"`    // where its lines end
	Texts    int      `json:"texts"`    // texts that were looked at
	Cut      []string `json:"cut"`      // texts that are cut
	Faint    []string `json:"faint"`    // texts with a contrast below 4.5
	Buttons  int      `json:"buttons"`  // headings of tables that sort
	Missing  []string `json:"missing"`  // what keys cannot reach
	Sorts    bool     `json:"sorts"`    // a heading sorts its table, up and down
	Filters  bool     `json:"filters"`  // the field hides the other cells
	InScheme string   `json:"inScheme"` // the colours that the page took
}

// inBrowser shows pages in headless Chromium and returns what it saw, and what
// the console said. It skips the test if there is none.
func inBrowser(t *testing.T, pages map[string][]byte, views []shown) (seen []looked, console []string) {
	t.Helper()
	program := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil && program == "" {
			program = path
		}
	}
	if program == "" {
		t.Skip("no chromium is installed (apt-get install chromium): nobody looks at the pages")
	}
	answer := make(chan []byte, 1)
	mux := http.NewServeMux()
	mux.HandleFunc("/check.html", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, checkPage) })
	mux.HandleFunc("GET /views", func(w http.ResponseWriter, _ *http.Request) { json.NewEncoder(w).Encode(views) })
	mux.HandleFunc("POST /seen", func(_ http.ResponseWriter, r *http.Request) {
		if data, err := io.ReadAll(r.Body); err == nil {
			answer <- data
		}
	})
	mux.HandleFunc("/favicon.ico", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	for path, page := range pages {
		mux.HandleFunc(path, func(w http.ResponseWriter, _ *http.Request) { w.Write(page) })
	}
	server := httptest.NewServer(mux)
	defer server.Close()
	cmd := exec.Command(program, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-background-networking", "--disable-component-update",
		"--disable-sync", "--disable-quic", "--enable-logging=stderr", "--hide-scrollbars", "--window-size=1700,1000", "--user-data-dir="+t.TempDir(), server.URL+"/check.html")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	log, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Skipf("%s does not start: %v", program, err)
	}
	var read sync.WaitGroup
	var said []byte
	read.Go(func() { said, _ = io.ReadAll(log) })
	end := sync.OnceFunc(func() {
		syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		read.Wait()
		cmd.Wait()
	})
	defer end()
	select {
	case data := <-answer:
		if err := json.Unmarshal(data, &seen); err != nil {
			t.Fatalf("%v: %s", err, data)
		}
	case <-time.After(2 * time.Minute):
		end()
		t.Fatalf("the browser said nothing within two minutes: %s", said)
	}
	end()
	for line := range strings.Lines(string(said)) {
		if strings.Contains(line, "CONSOLE") {
			console = append(console, strings.TrimSpace(line))
		}
	}
	return seen, console
}

// check fails if something is wrong with what the browser saw.
func check(t *testing.T, seen []looked, console []string) {
	t.Helper()
	for _, l := range seen {
		if l.InScheme != l.Scheme || l.Texts < 30 || l.Buttons == 0 {
			t.Errorf("%+v: %s colours, %d texts, %d headings that sort: the check does not look", l.shown, l.InScheme, l.Texts, l.Buttons)
		}
		if l.Page != "/overview.html" && !(l.Sorts && l.Filters) {
			t.Errorf("%+v: tables sort: %v, cells filter: %v", l.shown, l.Sorts, l.Filters)
		}
		if l.Scrolls > 0 {
			t.Errorf("%+v: the page is %d px too wide", l.shown, l.Scrolls)
		}
		if end := map[bool]float64{true: l.Rules, false: l.Card}[l.Width < 1000]; l.Page != "/overview.html" && (end <= 0 || end > 800) { // of a telephone, the lines alone
			t.Errorf("%+v: the answer card ends at %.0f px and its lines at %.0f, want within the first 800", l.shown, l.Card, l.Rules)
		}
		for what, texts := range map[string][]string{"cut": l.Cut, "of a contrast below 4.5": l.Faint, "not reached by keys": l.Missing} {
			if len(texts) > 0 {
				t.Errorf("%+v: %d texts are %s: %q", l.shown, len(texts), what, texts[:min(5, len(texts))])
			}
		}
	}
	for _, line := range console {
		t.Errorf("console: %s", line)
	}
}

// drawnPage returns the report of a run as a page, with its figures.
func drawnPage(t *testing.T, run *record.Run) []byte {
	t.Helper()
	v := newView(run)
	figs, err := v.Figures()
	if err != nil {
		t.Fatal(err)
	}
	svgs := map[string][]byte{}
	for _, f := range figs {
		if f.Sheet != nil {
			if svgs[f.Name], err = f.Sheet.Render("svg"); err != nil {
				t.Fatal(err)
			}
		}
	}
	page, err := v.page(figs, svgs, t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return page
}

// faulty is a page on which the check must see every fault that it looks for.
const faulty = `<!DOCTYPE html><html><head><meta name="color-scheme" content="light dark"></head><body style="margin:0">
<div id="answer" style="height:900px">card</div><div style="width:3000px">wide</div>
<p style="color:#aaa;background:#fff">faint text</p><div style="width:40px;overflow:hidden;white-space:nowrap">a text that is cut</div>
<script>console.error("wrong")</script></body></html>`

// A report can be read in a browser: nothing is cut or faint, nothing scrolls
// sideways, the answer card is on the first screen, and keys reach everything.
// The same check sees the faults of a faulty page.
func TestReportInABrowser(t *testing.T) {
	views := []shown{{"/faulty.html", 390, "light"}, {"/report.html", 390, "light"}, {"/report.html", 1100, "dark"}, {"/report.html", 1600, "light"}}
	seen, console := inBrowser(t, map[string][]byte{"/faulty.html": []byte(faulty), "/report.html": drawnPage(t, madeup.RuledRun())}, views)
	of := func(line string) bool { return strings.Contains(line, "/faulty.html") }
	if n := len(console); n != 1 || !of(console[0]) {
		t.Errorf("the console says %q, want one line about the faulty page", console)
	}
	if len(seen) != len(views) {
		t.Fatalf("%d of %d views were seen", len(seen), len(views))
	}
	if l := seen[0]; l.Scrolls != 3000-390 || l.Card != 900 || len(l.Cut) != 1 || len(l.Faint) != 1 {
		t.Errorf("of the faulty page was seen %+v", l)
	}
	check(t, seen[1:], slices.DeleteFunc(console, of))
}
