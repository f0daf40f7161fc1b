package figure

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/plot/vg"

	"lflab/experiments/plot"
	"lflab/experiments/record"
	"lflab/experiments/stats"
	"lflab/experiments/words"
)

// maxServers is the number of servers whose panels fit side by side.
const maxServers = 5

var _ = enter(20, one((*View).stepFigure))

// stepFigure draws the number of processes and threads of each server during a
// step of load.
func (v *View) stepFigure() Figure {
	f := Figure{Name: "step", Title: "Processes and threads while the load comes and goes"}
	i := slices.IndexFunc(v.Phases, func(ph record.Phase) bool { return ph.Step != nil })
	if i < 0 {
		f.Missing, f.Silent = "no phase was a step", true
		return f
	}
	ph := v.Phases[i]
	if f.Sheet = v.stepSheet(ph); f.Sheet == nil {
		f.Missing = "no trial saw the step"
		return f
	}
	f.Caption = words.Sentences(fmt.Sprintf("%d clients come at 0 s, all at once, each in a closed loop on %s, and go again at the end of the grey area, whose height in the lower row is their number.",
		ph.Connections, ph.Path),
		"The control process is one of the processes; threads are those of all processes, whatever they do.",
		"Thin lines are single server processes with their children, the thick one is their median. The dashed line is the requests that were served at a time, as the clients saw it.",
		v.replicates(), v.leftOut("drawn as dotted lines where they were seen"))
	return f
}

// stepSheet draws a column for each server: processes above, threads below, all
// with the same axes. It returns nil if no trial recorded the step.
func (v *View) stepSheet(ph record.Phase) *plot.Sheet {
	type column struct {
		title              string
		processes, threads plot.Steps
	}
	var columns []column
	end, before, tops := 0.0, 0.0, [2]float64{1, float64(ph.Connections)}
	for _, p := range v.Panels {
		for _, name := range v.Subjects {
			of := column{title: name, processes: plot.Steps{Style: v.Style[name]}, threads: plot.Steps{Style: v.Style[name]}}
			if len(v.Panels) > 1 {
				of.title += " · " + p.Title
			}
			var valid []*record.Series
			for _, t := range v.Trials(p, name) {
				r := t.Phase(ph.Name)
				if r == nil || r.Series == nil || len(r.Series.TimeS) == 0 {
					continue
				}
				s := r.Series
				of.processes.From = max(of.processes.From, s.DownS-s.UpS)
				before, end = min(before, s.TimeS[0]-s.UpS), max(end, s.TimeS[len(s.TimeS)-1]-s.UpS)
				tops[0], tops[1] = max(tops[0], float64(s.MostProcesses())), max(tops[1], float64(s.MostThreads()))
				processes, threads := seen(s, s.Processes), seen(s, s.Threads)
				if t.Valid(ph.Name) && !t.Counts(ph.Name) {
					continue // a make-up for other phases
				}
				if !t.Valid(ph.Name) {
					of.processes.Hollow, of.threads.Hollow = append(of.processes.Hollow, processes), append(of.threads.Hollow, threads)
					continue
				}
				of.processes.Thin, of.threads.Thin = append(of.processes.Thin, processes), append(of.threads.Thin, threads)
				valid = append(valid, s)
			}
			if of.processes.From == 0 {
				continue
			}
			of.threads.From, of.threads.Height = of.processes.From, float64(ph.Connections)
			of.processes.Median = medianOf(of.processes.Thin, ph.Step.EveryS)
			of.threads.Median = medianOf(of.threads.Thin, ph.Step.EveryS)
			of.threads.Served = medianServed(valid)
			columns = append(columns, of)
		}
	}
	if len(columns) == 0 {
		return nil
	}
	sh := &plot.Sheet{Width: plot.TwoColumns, Row: 38 * vg.Millimeter}
	for group := range slices.Chunk(columns, maxServers) {
		upper, lower := make([]plot.Tile, min(maxServers, len(columns))), make([]plot.Tile, min(maxServers, len(columns)))
		for i, of := range group {
			upper[i] = plot.Tile{Plot: plot.StepPanel(of.processes, "processes", i == 0, before, end, tops[0]), Title: of.title}
			lower[i] = plot.Tile{Plot: plot.StepPanel(of.threads, "threads", i == 0, before, end, tops[1])}
		}
		sh.Rows = append(sh.Rows, upper, lower)
	}
	plain := plot.Style{Color: plot.Ink, Marker: plot.NoMarker}
	dashed := plot.Style{Color: plot.AxisInk, Marker: plot.NoMarker, Dashes: plot.ServedLine.Dashes}
	sh.Legend = []plot.Entry{
		{Label: "median", Style: plain, Line: true},
		{Label: "requests served at a time", Style: dashed, Line: true},
		{Label: words.Count(ph.Connections, "client is there", "clients are there"), Fill: &plot.LoadFill},
	}
	return sh
}

// seen returns a series' counts over the time since the clients came, in s.
func seen(s *record.Series, counted []int) []vg.Point {
	pts := make([]vg.Point, len(counted))
	for i, n := range counted {
		pts[i] = vg.Point{X: vg.Length(s.TimeS[i] - s.UpS), Y: vg.Length(n)}
	}
	return pts
}

// medianOf returns the median of several lines at steps of every seconds. A
// line that has ended keeps its last value, because a server is no longer
// watched once nothing changes.
func medianOf(lines [][]vg.Point, every float64) []vg.Point {
	if len(lines) == 0 || every <= 0 {
		return nil
	}
	first, last := math.Inf(1), math.Inf(-1)
	for _, l := range lines {
		first, last = min(first, float64(l[0].X)), max(last, float64(l[len(l)-1].X))
	}
	at := make([]int, len(lines))
	var out []vg.Point
	for i := 0; ; i++ {
		t := first + float64(i)*every
		if t > last+every/2 {
			return out
		}
		var ys []float64
		for j, l := range lines {
			for at[j]+1 < len(l) && float64(l[at[j]+1].X) <= t+every/2 {
				at[j]++
			}
			ys = append(ys, float64(l[at[j]].Y))
		}
		out = append(out, vg.Point{X: vg.Length(t), Y: vg.Length(stats.Summarise(ys).Center)})
	}
}

// medianServed returns the median over trials of the requests served at a time.
func medianServed(all []*record.Series) []vg.Point {
	var lines [][]vg.Point
	for _, s := range all {
		var l []vg.Point
		for i, n := range s.Served {
			l = append(l, vg.Point{X: vg.Length(float64(i) * servedEvery), Y: vg.Length(n)})
		}
		if len(l) > 0 {
			lines = append(lines, l)
		}
	}
	return medianOf(lines, servedEvery)
}

// servedEvery is the time between two values of record.Series.Served, in s.
const servedEvery = 0.1
