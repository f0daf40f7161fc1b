// Package testlog keeps what servers log out of the output of their tests: a
// test that provokes a panic prints nothing, and one that fails shows the last
// lines of the log, each cut to one line.
package testlog

import (
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"
)

const (
	keep  = 20  // lines of a journal
	width = 300 // bytes of a line
)

// Journal keeps the last lines of a log. It may be written by several threads.
type Journal struct {
	mu    sync.Mutex
	lines []string
	all   int // that were written
}

// Logger writes to the journal.
func (j *Journal) Logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(j, &slog.HandlerOptions{ReplaceAttr: shorten}))
}

// shorten leaves of a stack the function that panicked and its caller.
func shorten(_ []string, a slog.Attr) slog.Attr {
	if a.Key != "stack" {
		return a
	}
	_, below, ok := strings.Cut(a.Value.String(), "panic(")
	frames := strings.Split(below, "\n") // the rest of this frame, then two lines for each
	if !ok || len(frames) < 6 {
		return slog.Attr{}
	}
	return slog.String(a.Key, strings.ReplaceAll(strings.Join(frames[2:6], " "), "\t", ""))
}

// Write implements io.Writer. Each call is one line.
func (j *Journal) Write(p []byte) (int, error) {
	line := strings.TrimSuffix(string(p), "\n")
	if len(line) > width {
		line = line[:width] + "..."
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.all++
	if j.lines = append(j.lines, line); len(j.lines) > keep {
		j.lines = j.lines[1:]
	}
	return len(p), nil
}

// String is the lines that are kept, below their number; "" where nothing was
// written.
func (j *Journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.all == 0 {
		return ""
	}
	return fmt.Sprintf("the last %d of %d lines of the log:\n%s", len(j.lines), j.all, strings.Join(j.lines, "\n"))
}

// ShowIfFailed has the test show the journal in the end if it has failed.
func (j *Journal) ShowIfFailed(t testing.TB) {
	t.Cleanup(func() {
		if text := j.String(); t.Failed() && text != "" {
			t.Log(text)
		}
	})
}

// Run runs the tests of a package with a journal in the place of the default
// log, and shows that if one of them fails. It returns the exit status.
func Run(m *testing.M) int {
	j := new(Journal)
	slog.SetDefault(j.Logger())
	status := m.Run()
	if text := j.String(); status != 0 && text != "" {
		fmt.Fprintln(os.Stderr, text)
	}
	return status
}
