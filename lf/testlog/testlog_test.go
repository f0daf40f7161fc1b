package testlog

import (
	"runtime/debug"
	"strings"
	"testing"
)

// TestJournal checks that the last of many lines are kept, the beginning of a
// long line, and of a stack the function that panicked.
func TestJournal(t *testing.T) {
	var j Journal
	if got := j.String(); got != "" {
		t.Errorf("an empty journal shows %q", got)
	}
	log := j.Logger()
	for range 100 {
		log.Info("one of many")
	}
	log.Info(strings.Repeat("long", 1000))
	func() {
		defer func() { log.Error("panicked", "value", recover(), "stack", string(debug.Stack())) }()
		breaks()
	}()
	lines := strings.Split(j.String(), "\n")
	if len(lines) != 1+keep || lines[0] != "the last 20 of 102 lines of the log:" {
		t.Fatalf("%d lines, the first %q", len(lines), lines[0])
	}
	for _, line := range lines {
		if len(line) > width+3 {
			t.Errorf("a line of %d bytes: %q", len(line), line)
		}
	}
	if last := lines[keep]; !strings.Contains(last, "value=provoked") || !strings.Contains(last, "testlog.breaks(") || strings.Contains(last, "debug.Stack") {
		t.Errorf("the panic is %q", last)
	}
}

func breaks() { panic("provoked") }
