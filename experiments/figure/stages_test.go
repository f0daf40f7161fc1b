package figure

import (
	"math"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/recorder"

	"lflab/experiments/findings"
	"lflab/experiments/madeup"
	"lflab/experiments/plot"
	"lflab/experiments/probe/stage"
	"lflab/experiments/record"
	"lflab/experiments/stats"
)

func figureOf(t *testing.T, run *record.Run, name string) Figure {
	t.Helper()
	figs, err := New(run).Figures()
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(figs, func(f Figure) bool { return f.Name == name })
	if i < 0 {
		t.Fatalf("no figure %s", name)
	}
	return figs[i]
}

// Each bar is as long as the median over processes of their means, which its
// whisker and its number show too, and its pieces fill it.
func TestPartsOfABarAddUpToTheMedian(t *testing.T) {
	v := New(madeup.ProbedRun(1))
	bars := 0
	for _, of := range findings.Sums {
		if of.User {
			continue
		}
		for _, p := range v.Panels {
			for _, subject := range v.Subjects {
				s := v.Stack(of, "open_probe", p, subject)
				if len(s.Totals.Valid) == 0 {
					continue
				}
				bars++
				var means []float64
				for _, tr := range v.Trials(p, subject) {
					if r := tr.Phase("open_probe"); r != nil && tr.Valid("open_probe") {
						means = append(means, findings.DistOf(r.Probe, of.Tag).Mean/1e3)
					}
				}
				want := stats.Summarise(means).Center
				for _, small := range [][]string{nil, findings.Merged([]findings.Stack{s})} {
					if got := (plot.BarRow{Pieces: pieces(&s, small)}).End(); math.Abs(got-want) > 1e-6*want {
						t.Errorf("%s of %s: the bar's parts come to %.4f µs, the median is %.4f", of.Tag, subject, got, want)
					}
				}
				if s.Missing() != 0 {
					t.Errorf("%s of %s: %.4f µs are in no stage", of.Tag, subject, s.Missing())
				}
			}
		}
	}
	if bars != 2*(5+3+3) {
		t.Errorf("%d bars, want those of D, H and G in two panels", bars)
	}
}

// The figure draws the time that stages leave out of a total, and its caption
// gives it.
func TestBarsShowWhatIsInNoStage(t *testing.T) {
	run := madeup.ProbedRun(1)
	for i := range run.Trials {
		if r := run.Trials[i].Phase("open_probe"); r != nil && run.Trials[i].Cell["mpm"] == "worker" {
			delete(r.Probe.Stages, "D.pass-waking-wakeup")
		}
	}
	v := New(run)
	s := v.Stack(findings.Sums[0], "open_probe", v.Panels[0], "worker")
	if x := s.Missing(); x < 9 || x > 12 {
		t.Errorf("%.1f µs are in no stage, want those of the one taken away", x)
	}
	median := stats.Summarise(s.Totals.Valid).Center
	if end := (plot.BarRow{Pieces: pieces(&s, nil)}).End(); math.Abs(end-median) > 1e-9 {
		t.Errorf("the bar ends at %.3f, the median is %.3f", end, median)
	}
	f := figureOf(t, run, "stages")
	if !strings.Contains(f.Caption, "worker +3") || !slices.ContainsFunc(f.Sheet.Legend, func(e plot.Entry) bool { return strings.Contains(e.Label, "in no stage") }) {
		t.Errorf("the figure does not say so: %s", f.Caption)
	}
}

// A subject without the sum has an empty row and does not change the scale.
func TestBarsOfSomeSubjectsAlone(t *testing.T) {
	full := plot.BarRow{Pieces: []plot.Piece{{Fill: restFill, Width: 40}}, Totals: stats.Sample{Valid: []float64{40}}}
	if p := plot.BarPlot("x (µs)", "", []string{"a", "b"}, []plot.BarRow{full, {}}); p == nil || p.X.Max != 40/(1-plot.BesideBars) {
		t.Errorf("panel %+v", p)
	}
	if p := plot.BarPlot("x (µs)", "", []string{"a", "b"}, []plot.BarRow{{}, {}}); p != nil {
		t.Errorf("a panel of nothing is drawn")
	}
	hollow := plot.BarRow{Totals: stats.Sample{Invalid: []float64{10, 30}}}
	if p := plot.BarPlot("x (µs)", "", []string{"a"}, []plot.BarRow{hollow}); p == nil || p.X.Max < 30 {
		t.Errorf("trials that do not count are not drawn: %+v", p)
	}
}

// The areas drawn have the widths of the pieces, in order and without gaps.
func TestBarsAreDrawnToScale(t *testing.T) {
	looks := []plot.Fill{kinds[0].fill, kinds[11].fill, restFill}
	widths := []float64{10, 25, 5}
	row := plot.BarRow{Style: plot.Palette[0], Totals: stats.Sample{Valid: []float64{40}}, Note: "12/84/4 %"}
	for i := range looks {
		row.Pieces = append(row.Pieces, plot.Piece{Fill: looks[i], Width: widths[i]})
	}
	p := plot.BarPlot("x (µs)", "note", []string{"a"}, []plot.BarRow{row})
	if p.X.Max != 40/(1-plot.BesideBars) {
		t.Errorf("the axis ends at %v, with room for the text at 40/%v", p.X.Max, 1-plot.BesideBars)
	}
	var rec recorder.Canvas
	c := draw.NewCanvas(&rec, 300, 60)
	plot.Bars{Rows: []plot.BarRow{row}}.Plot(c, p)
	x, _ := p.Transforms(&c)
	from, i := 0.0, 0
	for _, a := range rec.Actions {
		fill, ok := a.(*recorder.Fill)
		if !ok || len(fill.Path) != 5 || i >= len(widths) { // no rectangle, or a marker, which follows the pieces
			continue
		}
		lo, hi := fill.Path[0].Pos.X, fill.Path[2].Pos.X
		if math.Abs(float64(lo-x(from))) > 1e-6 || math.Abs(float64(hi-x(from+widths[i]))) > 1e-6 {
			t.Errorf("part %d is drawn from %v to %v, want %v to %v", i, lo, hi, x(from), x(from+widths[i]))
		}
		from += widths[i]
		i++
	}
	if i != len(widths) {
		t.Errorf("%d parts are drawn, want %d", i, len(widths))
	}
}

// A hatch stays within its area, even a very small one.
func TestHatchStaysWithinItsArea(t *testing.T) {
	for _, h := range []plot.Hatch{plot.Level, plot.Rising, plot.Upright, plot.Falling} {
		for _, width := range []vg.Length{0.3, 3, 40} {
			area := vg.Rectangle{Min: vg.Point{X: 7.3, Y: 2.1}, Max: vg.Point{X: 7.3 + width, Y: 11}}
			var rec recorder.Canvas
			plot.Fill{Color: plot.Ink, Hatch: h, Lines: plot.Paper}.Paint(draw.NewCanvas(&rec, 100, 20), area)
			lines := 0
			for _, a := range rec.Actions {
				stroke, ok := a.(*recorder.Stroke)
				if !ok {
					continue
				}
				lines++
				for _, c := range stroke.Path {
					const e = 1e-9
					if c.Pos.X < area.Min.X-e || c.Pos.X > area.Max.X+e || c.Pos.Y < area.Min.Y-e || c.Pos.Y > area.Max.Y+e {
						t.Errorf("hatch %d, %v wide: a line reaches %v", h, width, c.Pos)
					}
				}
			}
			if lines == 0 && width > plot.HatchStep*2 {
				t.Errorf("hatch %d draws no line", h)
			}
		}
	}
}

func TestSmallStagesAreMergedAndNamed(t *testing.T) {
	f := figureOf(t, madeup.ProbedRun(1), "stages")
	if !strings.Contains(f.Caption, "merged as “other”: nobody waits: taken without sleep and nobody waits: in the queue.") {
		t.Errorf("caption: %s", f.Caption)
	}
	for _, e := range f.Sheet.Legend {
		if strings.Contains(e.Label, "taken without sleep") || strings.Contains(e.Label, "in the queue") {
			t.Errorf("the legend has %q, which is not drawn", e.Label)
		}
	}
}

func TestStagesFigureSaysWhatItNeeds(t *testing.T) {
	f := figureOf(t, madeup.ProbedRun(1), "stages")
	for _, part := range []string{
		"until a thread has read it", "on its waker's CPU", "Behind a bar stand 9,000 to 10,000 requests",
		"throughput 0.9", "(closed loop, histograms)", "CPU time per request 1.0", "(open loop, histograms, recorder on in both)",
	} {
		if !strings.Contains(f.Caption, part) {
			t.Errorf("caption does not say %q: %s", part, f.Caption)
		}
	}
	if len(f.Sheet.Rows) != 2 || len(f.Sheet.Rows[0]) != 2 {
		t.Errorf("%d rows of panels, want two loads by two modes", len(f.Sheet.Rows))
	}
	var heads []string
	for _, e := range f.Sheet.Legend {
		if e.Head != "" {
			heads = append(heads, e.Head)
		}
	}
	if want := []string{"readiness", "nobody waits", "hand-off", "thread runs", "rest"}; !slices.Equal(heads, want) {
		t.Errorf("legend has the families %v, want %v", heads, want)
	}
	if h := figureOf(t, madeup.ProbedRun(1), "stages-handoff"); !strings.Contains(h.Caption, "saw nothing of the kind in kernel and goroutine.") {
		t.Errorf("H of kernel: %s", h.Caption)
	}
	v := New(madeup.ProbedRun(1))
	if s := v.Stack(findings.Sums[0], "open_probe", v.Panels[0], "leader"); s.Placement() != "12/84/4 %" {
		t.Errorf("placement %q", s.Placement())
	}
}

// If no subject has a sum in one mode, the panels of the other mode are side by
// side.
func TestPanelsWithoutDataLeaveNoHole(t *testing.T) {
	run := madeup.ProbedRun(1)
	for i := range run.Trials {
		for j := range run.Trials[i].Phases {
			if r := &run.Trials[i].Phases[j]; r.Probe != nil && run.Trials[i].Cell["mode"] == "keepalive" {
				r.Probe.G = nil
			}
		}
	}
	f := figureOf(t, run, "stages-gap")
	if len(f.Sheet.Rows) != 1 || len(f.Sheet.Rows[0]) != 2 || f.Sheet.Rows[0][0].Plot == nil || f.Sheet.Rows[0][1].Plot == nil {
		t.Fatalf("rows %+v, want one of two panels", f.Sheet.Rows)
	}
	if a, b := f.Sheet.Rows[0][0].Title, f.Sheet.Rows[0][1].Title; !strings.HasPrefix(a, "closing · open") || !strings.HasPrefix(b, "closing · closed") {
		t.Errorf("panels %q and %q", a, b)
	}
}

// A trial that lost events of the probe is drawn hollow and is not part of any
// bar.
func TestTrialsThatLostEventsAreInNoBar(t *testing.T) {
	run := madeup.ProbedRun(1)
	before := New(run).Stack(findings.Sums[0], "open_probe", New(run).Panels[0], "leader")
	for i := range run.Trials {
		if tr := &run.Trials[i]; tr.Cell["mpm"] == "leader" && tr.Repetition == 2 {
			tr.Gates = append(tr.Gates, record.Gate{Name: "probe_lost", Phase: "open_probe", Value: 3})
		}
	}
	after := New(run).Stack(findings.Sums[0], "open_probe", New(run).Panels[0], "leader")
	if len(after.Totals.Invalid) != 1 || len(after.Totals.Valid) != len(before.Totals.Valid)-1 || after.Count != before.Count-1000 || after.Total == before.Total {
		t.Errorf("before %+v, after %+v", before, after)
	}
}

// Stages of the user side come before or after the kernel's.
func TestUserSideExtendsTheBar(t *testing.T) {
	run := madeup.ProbedRun(1)
	for i := range run.Trials {
		if r := run.Trials[i].Phase("open_probe"); r != nil {
			r.User = &record.UserStages{
				D: &stats.Dist{Mean: 30_000}, Joined: 500, Unmatched: map[string]uint64{"user_requests": 1},
				Stages: map[string]stage.Times{
					"D.ready-return": {Of: "D_user", PartOfMean: 12_000}, "D.return-user": {Of: "D_user", PartOfMean: 1500},
					"D.wake-return": {Of: "D_user", PartOfMean: 14_000}, "D.read-handler": {Of: "D", PartOfMean: 2500, From: "r4", To: "h0"},
					"user-wake": {Of: "H", PartOfMean: 400, From: "p0", To: "p2"}, "futex-user": {Of: "H", PartOfMean: 900, From: "f4", To: "f5"},
				},
			}
			for key, s := range r.Probe.Stages {
				if key == "wake-waking" {
					s.From = "p2"
					r.Probe.Stages[key] = s
				}
			}
		}
	}
	v := New(run)
	s, kernel := v.Stack(findings.Sums[0], "open_probe", v.Panels[0], "worker"), New(madeup.ProbedRun(1)).Stack(findings.Sums[0], "open_probe", v.Panels[0], "worker")
	if math.Abs(s.Total-kernel.Total-2.5) > 1e-9 || s.Missing() != 0 {
		t.Errorf("total %.3f µs, the kernel's alone %.3f; %.3f in no stage", s.Total, kernel.Total, s.Missing())
	}
	if last := s.Parts[len(s.Parts)-1]; last.Name != "read-handler" || FillOf(last).Hatch != plot.Upright {
		t.Errorf("last part %+v", last)
	}
	h := v.Stack(findings.Sums[2], "open_probe", v.Panels[0], "worker")
	if first, last := h.Parts[0], h.Parts[len(h.Parts)-1]; first.Name != "user-wake" || last.Name != "futex-user" || h.Missing() != 0 {
		t.Errorf("H begins with %+v and ends with %+v, %.3f in no stage", first, last, h.Missing())
	}
	f := figureOf(t, run, "stages")
	if !strings.Contains(f.Caption, "reaches into the server's own code") || f.Sheet.Legend[len(f.Sheet.Legend)-2].Label != "read to handler" {
		t.Errorf("caption %s, legend %+v", f.Caption, f.Sheet.Legend)
	}
	own := v.Stack(findings.Sums[1], "open_probe", v.Panels[0], "worker")
	if own.Total != 30 || own.Missing() != 0 {
		t.Errorf("to the handler: %.3f µs, %.3f in no stage", own.Total, own.Missing())
	}
	if f := figureOf(t, run, "stages-user"); !strings.Contains(f.Caption, "49,500 requests and hand-offs were joined; 99 records found no partner.") {
		t.Errorf("caption: %s", f.Caption)
	}
	var names []string
	for _, e := range figureOf(t, run, "stages-user").Sheet.Legend {
		names = append(names, e.Label)
	}
	if want := []string{"all of the wake-up", "all of the hand-off", "back into the server's code", "read to handler"}; !slices.Equal(names, want) {
		t.Errorf("legend %v, want %v", names, want)
	}
}

// Processes that lack a stage do not change the order of the others.
func TestPartsKeepTheOrderOfTime(t *testing.T) {
	got := findings.AddParts(findings.AddParts(nil, []findings.Part{{Name: "a", Mean: 1}, {Name: "c", Mean: 1}}), []findings.Part{{Name: "a", Mean: 1}, {Name: "b", Mean: 1}, {Name: "c", Mean: 1}, {Name: "d", Mean: 1}})
	if want := []findings.Part{{Name: "a", Mean: 2}, {Name: "b", Mean: 1}, {Name: "c", Mean: 2}, {Name: "d", Mean: 1}}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// A figure of a value that needs no probe, as CPU time, leaves out the phases with
// the probe on if another phase has the same load with it off.
func TestProbedPhasesStandBesideUndisturbedOnes(t *testing.T) {
	if f := figureOf(t, madeup.ProbedRun(1), "cpu"); len(f.Sheet.Rows) != 2 {
		t.Errorf("%d rows of panels of CPU time, want the two loads once", len(f.Sheet.Rows))
	}
	v := New(madeup.ProbedRun(1))
	var names []string
	for _, ph := range v.PhasesByLoad() {
		names = append(names, ph.Name)
	}
	if want := []string{"open", "open_probe", "closed", "closed_probe"}; !slices.Equal(names, want) {
		t.Errorf("phases in the order %v, want %v", names, want)
	}
	if a, b := findings.Answer(madeup.QuickRun(1)), findings.Answer(madeup.ProbedRun(1)); !strings.HasPrefix(b, a[:strings.Index(a, "Left out")]) {
		t.Errorf("the probe's phases change what was measured without it:\n%s\n%s", a, b)
	}
}
