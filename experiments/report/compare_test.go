package report

import (
	"errors"
	"strings"
	"testing"

	"lflab/experiments/madeup"
	"lflab/experiments/record"
)

func writeAll(c *Comparison, out *strings.Builder) error {
	return errors.Join(c.WriteNotes(out), c.WriteCells(out))
}

func compared(t *testing.T, a, b *record.Run) []string {
	t.Helper()
	var out strings.Builder
	if err := writeAll(Compare(a, b), &out); err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSpace(out.String()), "\n")
}

func TestCompareFindsARunEqualToItself(t *testing.T) {
	lines := compared(t, madeup.QuickRun(1), madeup.QuickRun(1))
	if last := lines[len(lines)-1]; last != "10 of 10 cells agree, 0 differ" {
		t.Errorf("last line %q", last)
	}
}

func TestCompareFindsWhatChanged(t *testing.T) {
	b := madeup.Scale(madeup.QuickRun(2), "worker", func(r *record.PhaseResult) { r.CPUPerRequest *= 1.3 })
	b.Manifest.GoVersion = "go1.27.0"
	lines := compared(t, madeup.QuickRun(1), b)
	text := strings.Join(lines, "\n")
	if last := lines[len(lines)-1]; last != "8 of 10 cells agree, 2 differ" {
		t.Errorf("last line %q", last)
	}
	if !strings.Contains(text, "note: Go: go1.26.8, then go1.27.0") {
		t.Errorf("the other Go version is not noted:\n%s", text)
	}
	higher := 0
	for _, l := range lines {
		if strings.HasSuffix(l, "higher") {
			higher++
			if !strings.Contains(l, "CPU time per request") {
				t.Errorf("unexpected difference: %s", l)
			}
		}
	}
	if higher != 4 { // two modes, two phases
		t.Errorf("%d rows are higher, want 4", higher)
	}
}

func TestCompareNamesCellsThatOneRunLacks(t *testing.T) {
	b := madeup.QuickRun(1)
	var rest []record.Trial
	for _, tr := range b.Trials {
		if tr.Cell["mpm"] != "event" {
			rest = append(rest, tr)
		}
	}
	b.Trials = rest
	text := strings.Join(compared(t, madeup.QuickRun(1), b), "\n")
	if !strings.Contains(text, "only the first has cell event/close") || !strings.Contains(text, "8 of 8 cells agree") {
		t.Errorf("got:\n%s", text)
	}
	text = strings.Join(compared(t, b, madeup.QuickRun(1)), "\n")
	if !strings.Contains(text, "only the second has cell event/keepalive") {
		t.Errorf("got:\n%s", text)
	}
}

func TestCompareIsHonestAboutFewProcesses(t *testing.T) {
	lines := compared(t, madeup.HandoffRun(3), madeup.HandoffRun(3))
	if last := lines[len(lines)-1]; last != "0 of 14 cells agree, 0 differ, 14 have too few processes to tell" {
		t.Errorf("last line %q", last)
	}
}
