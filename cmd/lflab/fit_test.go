package main

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"lflab/experiments/load"
	"lflab/experiments/probe/stage"
	"lflab/experiments/record"
	"lflab/experiments/stats"
	"lflab/experiments/terminal"
)

var update = flag.Bool("update", false, "write the golden files anew")

// narrow fails for each line that is longer than the width, unless it is one
// word that cannot be broken.
func narrow(t *testing.T, what, text string, width int) {
	t.Helper()
	if strings.TrimSpace(text) == "" {
		t.Errorf("%s at %d columns: nothing is written", what, width)
	}
	for line := range strings.Lines(text) {
		if line = strings.TrimSuffix(line, "\n"); terminal.Width(line) > width && len(strings.Fields(line)) > 1 {
			t.Errorf("%s: a line of %d columns on a terminal of %d:\n%s", what, terminal.Width(line), width, line)
		}
	}
}

// eachWidth calls check with the terminal 80 and 120 columns wide.
func eachWidth(t *testing.T, check func(width int)) {
	for _, width := range []int{80, 120} {
		t.Setenv("COLUMNS", fmt.Sprint(width))
		check(width)
	}
}

func outputOf(t *testing.T, want int, args ...string) string {
	t.Helper()
	var stdout, stderr bytes.Buffer
	if status := execute(&stdout, &stderr, args); status != want {
		t.Errorf("lflab %s: status %d, want %d: %s", strings.Join(args, " "), status, want, &stderr)
	}
	if want != exitDone {
		return stderr.String()
	}
	return stdout.String()
}

// The help of every command and topic fits, and no example of it is broken.
func TestHelpFits(t *testing.T) {
	eachWidth(t, func(width int) {
		var visit func(cmd *cobra.Command)
		visit = func(cmd *cobra.Command) {
			path := strings.Fields(cmd.CommandPath())[1:]
			text := outputOf(t, exitDone, append([]string{"help"}, path...)...)
			narrow(t, "help "+strings.Join(path, " "), text, width)
			for example := range strings.Lines(cmd.Example) {
				if example = strings.TrimRight(example, "\n"); !strings.HasPrefix(cmd.Name(), "completion") && !strings.Contains(text, example+"\n") {
					t.Errorf("the example of %s is broken at %d columns: %q", cmd.CommandPath(), width, example)
				}
			}
			for _, sub := range cmd.Commands() {
				if !sub.Hidden {
					visit(sub)
				}
			}
		}
		visit(newRootCommand(io.Discard, io.Discard))
	})
}

func TestOutputFits(t *testing.T) {
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "ServerMPM: worker\nServerVersion: a server with a long name, built by somebody on some day in some place\nConnsTotal: 1000000\nConnsAsyncWriting: 100000\nConnsAsyncKeepAlive: 100000\nConnsAsyncClosing: 100000\nBusyWorkers: 100000\nIdleWorkers: 100000\nScoreboard: "+strings.Repeat("_W", 100)+"\n")
	}))
	defer page.Close()
	results := "../../results/quick-reference"
	eachWidth(t, func(width int) {
		for _, args := range [][]string{{"list"}, {"list", "primitives"}, {"doctor"}, {"version"}, {"status", page.URL}, {"run", "apache", "--dry-run"}, {"compare", "--absolute", results, results}} {
			narrow(t, strings.Join(args, " "), outputOf(t, exitDone, args...), width)
		}
		narrow(t, "an error", outputOf(t, exitUsage, "run", "quikc"), width)

		var out bytes.Buffer
		bad := load.Result{Duration: time.Second, Planned: 10, Requests: 5, Errors: map[string]uint64{"timeout": 3, "reset": 2}, CPUShare: 1, Achieved: 5,
			Starved: load.Starved{Asked: 32, Unanswered: 3, Silent: 4}}
		printLoad(fitted(&out), load.Config{URL: "http://127.0.0.1:8080/hello", Connections: 32, Rate: 10000, Arrivals: load.Poisson}, &bad)
		narrow(t, "load", out.String(), width)

		out.Reset()
		d := stats.Dist{Count: 123456789, Mean: 1e6, P50: 1e6, P90: 1e6, P99: 1e6, Max: 1e9}
		report := stage.Report{Comm: "apache2", PID: 4194304, Shape: "worker", Processes: 12, Threads: 1234, DurationS: 10, D: &d, H: &d, G: &d, Missing: []string{strings.Repeat("a hook is missing, ", 12)},
			Stages: map[string]stage.Times{}, Counts: map[string]uint64{}}
		for _, sum := range []string{"D", "H", "G"} {
			for _, key := range stage.Keys(sum) {
				report.Stages[key] = stage.Times{Dist: d, Of: sum, Text: strings.Repeat("what it is, ", 6), Log2: make([]uint64, 30)}
			}
		}
		printProbe(fitted(&out), &report, true)
		narrow(t, "probe", out.String(), width)

		r, err := record.OpenRecords(results)
		if err != nil {
			t.Fatal(err)
		}
		out.Reset()
		if err := details(fitted(&out), r); err != nil {
			t.Fatal(err)
		}
		narrow(t, "run --verbose", out.String(), width)
	})
}

// The summary of the reference run is what golden files say, and the README shows
// that of 80 columns.
func TestSummaryIsGolden(t *testing.T) {
	r, err := record.OpenRecords("../../results/quick-reference")
	if err != nil {
		t.Fatal(err)
	}
	r.Dir = "results/quick-reference" // as from the top directory
	readme := pages(t)["README.md"]
	eachWidth(t, func(width int) {
		var out bytes.Buffer
		if err := summary(&out, r, "results/quick-reference/report.html"); err != nil {
			t.Fatal(err)
		}
		narrow(t, "the summary", out.String(), width)
		golden := filepath.Join("testdata", fmt.Sprintf("summary-%d.golden", width))
		if *update {
			if err := os.WriteFile(golden, out.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if out.String() != string(want) {
			t.Errorf("%s (-update writes it anew):\n%s", golden, &out)
		}
		shown := strings.ReplaceAll("    "+strings.ReplaceAll(strings.TrimSpace(out.String()), "\n", "\n    "), "\n    \n", "\n\n")
		if width == 80 && !strings.Contains(readme, "\n\n"+shown+"\n\n") {
			t.Errorf("README.md does not show this:\n%s", shown)
		}
	})
}

// Where the width is unknown, as in a pipe, each entry is one line.
func TestPipesHaveWholeLines(t *testing.T) {
	t.Setenv("COLUMNS", "")
	lines := strings.Split(outputOf(t, exitDone, "list", "suites"), "\n")
	entries, err := listSuites()
	if err != nil || len(lines) != len(entries)+2 {
		t.Errorf("%d lines for %d suites: %v", len(lines), len(entries), err)
	}
}

// A reader of standard output that goes away ends a command without a word, and
// a broken pipe elsewhere is an error.
func TestClosedOutputEndsQuietly(t *testing.T) {
	for path, want := range map[string]int{os.Stdout.Name(): exitClosed, "elsewhere": exitFailed} {
		if got := statusOf(fmt.Errorf("write the table: %w", &os.PathError{Op: "write", Path: path, Err: syscall.EPIPE})); got != want {
			t.Errorf("a broken pipe of %s gives status %d, want %d", path, got, want)
		}
	}
}

func TestScreen(t *testing.T) {
	_, tty := openTerminal(t) // of 100 columns
	for _, c := range []struct {
		columns, term, noColor string
		want                   screen
	}{
		{"", "xterm", "", screen{terminal: true, colours: true, width: 100}},
		{"", "xterm", "1", screen{terminal: true, width: 100}},
		{"", "dumb", "", screen{width: 100}},
		{"70", "xterm", "1", screen{terminal: true, width: 70}},
		{"7", "dumb", "", screen{width: narrowest}},
		{"many", "dumb", "", screen{width: 100}},
	} {
		t.Setenv("COLUMNS", c.columns)
		t.Setenv("TERM", c.term)
		t.Setenv("NO_COLOR", c.noColor)
		c.want.Writer = tty
		if got := screenOf(tty); got != c.want {
			t.Errorf("COLUMNS=%q TERM=%s NO_COLOR=%q: %+v", c.columns, c.term, c.noColor, got)
		}
	}
	t.Setenv("COLUMNS", "")
	if got := screenOf(new(bytes.Buffer)); got.terminal || got.colours || got.width != 0 {
		t.Errorf("a buffer is %+v", got)
	}
}

// There is a page for each command that help shows, and none has a date.
func TestManualPages(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "man1")
	outputOf(t, exitDone, "man", dir)
	for _, name := range []string{"lflab", "lflab-run", "lflab-completion-bash", "lflab-exit-codes"} {
		text, err := os.ReadFile(filepath.Join(dir, name+".1"))
		if err != nil || !bytes.Contains(text, []byte(`.TH "`)) {
			t.Errorf("%s: %v: %.80s", name, err, text)
		}
	}
}
