package figure

import (
	"math"
	"slices"
	"sort"
	"strings"

	gonum "gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"

	"lflab/experiments/findings"
	"lflab/experiments/plot"
	"lflab/experiments/stats"
)

// crowd is the largest number of subjects whose lines can be told apart in one
// panel. More subjects get a small panel each.
const crowd = 8

const (
	multipleColumns = 5
	multipleRow     = 30 * vg.Millimeter
)

// multiples draws latency against throughput with a small panel for each
// subject. It returns nil if no requests were answered.
func (v *View) multiples() *plot.Sheet {
	kept, few := v.outermost(maxColumns)
	s := &plot.Sheet{Width: plot.TwoColumns, Row: multipleRow, Few: few}
	joined := false
	for _, i := range kept {
		p := v.Panels[i]
		var all []plot.Profile
		var names []string
		b := plot.Bounds{X0: math.Inf(1), X1: 0, Y0: math.Inf(1), Y1: 0}
		for _, name := range v.Subjects {
			if k := v.profile(p, name); len(k.P50) > 0 {
				all, names = append(all, k), append(names, name)
				joined = joined || len(k.P50) >= plot.FewestOfLine
				b.Take(k.P50)
				b.Take(k.P99)
			}
		}
		for from := 0; from < len(all); from += multipleColumns {
			row := make([]plot.Tile, multipleColumns)
			last := from+multipleColumns >= len(all)
			for j := range min(multipleColumns, len(all)-from) {
				i := from + j
				pl := plot.NewPanel("", "")
				plot.LogAxis(&pl.Y, b.Y0/1.4, b.Y1*1.4)
				pl.Y.Tick.Marker = gonum.TickerFunc(plot.DecadeTicks)
				pl.X.Min, pl.X.Max = 0, b.X1*1.1
				pl.X.Tick.Marker = gonum.TickerFunc(plot.FewTicks)
				if j == 0 {
					pl.Y.Label.Text = strings.TrimPrefix(strings.TrimSuffix(p.Title, " connections")+"\nlatency (µs)", "\n")
				} else {
					plot.Silence(&pl.Y)
				}
				if last || from+multipleColumns+j >= len(all) {
					pl.X.Label.Text = "rate (1,000/s)"
				}
				pl.Add(plot.Multiple{Own: all[i], Others: slices.Concat(all[:i], all[i+1:])})
				row[j] = plot.Tile{Plot: pl, Title: names[i]}
			}
			s.Rows = append(s.Rows, row)
		}
	}
	if len(s.Rows) == 0 {
		return nil
	}
	s.Legend = []plot.Entry{{Label: "p50", Style: plot.Style{Color: plot.Ink}, Line: joined}, {Label: "p99", Style: plot.Style{Color: plot.Pale(plot.Ink), Dashes: plot.P99Dashes}, Line: joined}}
	return s
}

func (v *View) profile(p findings.Panel, name string) plot.Profile {
	k := plot.Profile{Style: v.Style[name]}
	rate := findings.MetricOf(findings.KeyRate)
	for _, ph := range v.Undisturbed(v.Phases, false) {
		x := stats.Summarise(v.Sample(ph.Name, p, name, rate).Valid)
		low, high := stats.Summarise(v.Sample(ph.Name, p, name, findings.MetricOf(findings.KeyLatP50)).Valid), stats.Summarise(v.Sample(ph.Name, p, name, findings.MetricOf(findings.KeyLatP99)).Valid)
		if x.N == 0 || low.N == 0 || low.Center <= 0 {
			continue
		}
		k.P50 = append(k.P50, vg.Point{X: vg.Length(x.Center), Y: vg.Length(low.Center)})
		if high.N == 0 || high.Center <= 0 { // too few requests for it
			continue
		}
		k.P99 = append(k.P99, vg.Point{X: vg.Length(x.Center), Y: vg.Length(high.Center)})
	}
	for _, ps := range [][]vg.Point{k.P50, k.P99} {
		sort.SliceStable(ps, func(i, j int) bool { return ps[i].X < ps[j].X })
	}
	return k
}
