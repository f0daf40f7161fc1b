package figure

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/plot/vg"

	"lflab/experiments/findings"
	"lflab/experiments/madeup"
	"lflab/experiments/record"
)

func TestStepFigure(t *testing.T) {
	figs, err := New(madeup.StepRun(1)).Figures()
	if err != nil {
		t.Fatal(err)
	}
	f := figs[0]
	if f.Name != "step" || f.Sheet == nil {
		t.Fatalf("the first figure is %s (%s)", f.Name, f.Missing)
	}
	rows := f.Sheet.Rows
	if len(rows) != 2 || len(rows[0]) != 2 || len(rows[1]) != 2 {
		t.Fatalf("%d rows of %d panels, want processes and threads of two servers", len(rows), len(rows[0]))
	}
	for i, name := range []string{"leader", "apache-event"} {
		if got := rows[0][i].Title; got != name {
			t.Errorf("column %d is %q, want %s", i, got, name)
		}
		for j, row := range rows { // the panels of both servers have the same axes
			a, b := row[0].Plot, row[i].Plot
			if a.X.Min != b.X.Min || a.X.Max != b.X.Max || a.Y.Min != b.Y.Min || a.Y.Max != b.Y.Max {
				t.Errorf("row %d: the axes of %s are others than those of leader", j, name)
			}
		}
	}
	if p := rows[1][0].Plot; p.Y.Max < 7+18*16 || p.X.Min != -0.5 || p.X.Max < 36 {
		t.Errorf("axes from %v to %v s and up to %v threads do not show all", p.X.Min, p.X.Max, p.Y.Max)
	}
	for _, part := range []string{"200 clients", "closed loop on /sleep?ms=100", "AMD EPYC 9R45, 2 CPUs", "n = 9 to 10 processes", "apache-event, closing connections, repetition 3 (invalid)"} {
		if !strings.Contains(f.Caption, part) {
			t.Errorf("the caption does not say %q: %s", part, f.Caption)
		}
	}
	for format, seeds := range map[string][2]uint64{"svg": {1, 2}, "png": {1, 2}} {
		var drawings [][]byte
		for _, seed := range []uint64{seeds[0], seeds[0], seeds[1]} {
			b, err := New(madeup.StepRun(seed)).stepFigure().Sheet.Render(format)
			if err != nil {
				t.Fatal(err)
			}
			drawings = append(drawings, b)
		}
		if !bytes.Equal(drawings[0], drawings[1]) || bytes.Equal(drawings[0], drawings[2]) {
			t.Errorf("%s: equal data give equal bytes: %v, others too: %v", format, bytes.Equal(drawings[0], drawings[1]), bytes.Equal(drawings[0], drawings[2]))
		}
	}
}

// A run without a step has no figure of one and does not mention it.
func TestNoStepNoFigure(t *testing.T) {
	for _, f := range must(New(madeup.QuickRun(1)).Figures()) {
		if f.Name == "step" && (f.Sheet != nil || !f.Silent) {
			t.Errorf("figure %+v", f)
		}
	}
	unseen := madeup.StepRun(1)
	for i := range unseen.Trials {
		unseen.Trials[i].Phases, unseen.Trials[i].Failed = nil, true
	}
	if f := New(unseen).stepFigure(); f.Sheet != nil || f.Silent || f.Missing == "" {
		t.Errorf("figure %+v", f)
	}
}

func must(figs []Figure, err error) []Figure {
	if err != nil {
		panic(err)
	}
	return figs
}

func TestMedianOfLines(t *testing.T) {
	line := func(xys ...float64) (pts []vg.Point) {
		for i := 0; i < len(xys); i += 2 {
			pts = append(pts, vg.Point{X: vg.Length(xys[i]), Y: vg.Length(xys[i+1])})
		}
		return pts
	}
	// The first line ends early and keeps its last value. The second is sampled
	// slightly off the steps.
	got := medianOf([][]vg.Point{line(-1, 1, 0, 3), line(-0.99, 2, 0.02, 4, 1.01, 6, 2, 6), line(-1, 9, 0, 5, 1, 1, 2, 0)}, 1)
	if want := line(-1, 2, 0, 4, 1, 3, 2, 3); !slices.Equal(got, want) {
		t.Errorf("median %v, want %v", got, want)
	}
	if got := medianOf(nil, 1); got != nil {
		t.Errorf("median of nothing: %v", got)
	}
}

func TestAnswerOfAStep(t *testing.T) {
	text := findings.Answer(madeup.StepRun(1))
	for _, part := range []string{
		"time up / Apache's is to be at most 1.10. It is: the whole interval lies below.",
		"From the coming of 200 clients until 95 % of them were served at a time it took 4.00 [4.00, 4.00] s in leader, 4.00 [4.00, 4.00] s in apache-event.",
		"At most there were, in processes and threads: leader 17.0 [17.0, 17.0] and 296 [296, 296]; apache-event",
		"it took until no more than 48 threads were idle, and no process was left that was too many, 12.0 [12.0, 12.0] s in leader, 24.0 [24.0, 24.0] s in apache-event.",
		"Left out: 1 of 20 trials",
	} {
		if !strings.Contains(text, part) {
			t.Errorf("the answer does not say %q:\n%s", part, text)
		}
	}
	few := madeup.StepRun(1) // five trials of apache-event count
	few.Trials = slices.DeleteFunc(few.Trials, func(tr record.Trial) bool { return tr.Cell["mpm"] == "apache-event" && tr.Repetition > 5 })
	text = findings.Answer(few)
	for _, part := range []string{
		"It cannot be told of leader/close 1.00 (n = 5).", "it took 4.00 [4.00, 4.00] s in leader. At most", "leader 17.0 [17.0, 17.0] and 296 [296, 296]. After", "12.0 [12.0, 12.0] s in leader. Too few trials count of apache-event.",
	} {
		if !strings.Contains(text, part) {
			t.Errorf("of few trials the answer does not say %q:\n%s", part, text)
		}
	}
	seldom := madeup.StepRun(1) // leader comes there in four trials of ten
	for i := range seldom.Trials {
		if tr := &seldom.Trials[i]; tr.Cell["mpm"] == "leader" && tr.Repetition > 3 {
			tr.Phases[0].Series.Served = tr.Phases[0].Series.Served[:20]
		}
	}
	if text := findings.Answer(seldom); !strings.Contains(text, "it took an unknown time in leader (it came there in 4 of 10 trials), 4.00 [4.00, 4.00] s in apache-event.") {
		t.Errorf("the answer gives a time of four trials:\n%s", text)
	}
	slow := madeup.StepRun(1)
	for i := range slow.Trials {
		if s := slow.Trials[i].Phases[0].Series; slow.Trials[i].Cell["mpm"] == "leader" {
			s.Served, s.Idle[len(s.Idle)-1] = s.Served[:20], 49
		}
	}
	for _, part := range []string{"Leader did not come there while the clients were there.", "Leader did not come back so far in the 30 s that were watched."} {
		if text := findings.Answer(slow); !strings.Contains(text, part) {
			t.Errorf("the answer does not say %q:\n%s", part, text)
		}
	}
}
