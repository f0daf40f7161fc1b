// Package testlog keeps the logs of servers out of the output of their tests. A
// test that provokes a panic prints nothing. A test that fails shows the last
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
	keep  = 20  // lines that a journal keeps
	width = 300 // bytes of a line
)

// Journal keeps the last lines of a log. Several threads may write to it.
type Journal struct {
	mu    sync.Mutex
	lines []string
	all   int // number of lines that were written
}

// Logger returns a logger that writes to the journal.
func (j *Journal) Logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(j, &slog.HandlerOptions{ReplaceAttr: shorten}))
}

// shorten reduces a stack to the function that panicked and its caller.
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

// String returns the kept lines under a heading with their number, or "" if
// nothing was written.
func (j *Journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.all == 0 {
		return ""
	}
	return fmt.Sprintf("the last %d of %d lines of the log:\n%s", len(j.lines), j.all, strings.Join(j.lines, "\n"))
}

// ShowIfFailed makes the test print the journal at its end if it has failed.
func (j *Journal) ShowIfFailed(t testing.TB) {
	t.Cleanup(func() {
		if text := j.String(); t.Failed() && text != "" {
			t.Log(text)
		}
	})
}

// Run runs the tests of a package with a journal as the default log, and prints
// it if one of them fails. It returns the exit status.
func Run(m *testing.M) int {
	j := new(Journal)
	slog.SetDefault(j.Logger())
	status := m.Run()
	if text := j.String(); status != 0 && text != "" {
		fmt.Fprintln(os.Stderr, text)
	}
	return status
}
