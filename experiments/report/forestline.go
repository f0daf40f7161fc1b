package report

import (
	"fmt"
	"html/template"
	"math"
	"slices"
	"strconv"
	"strings"

	"lflab/experiments/stats"
	"lflab/experiments/verdict"
)

// scale maps effects to places on a line, from 0 to 100. Effects outside are
// drawn at its ends.
type scale struct {
	lo, hi float64
	log    bool
	none   float64 // the effect of no difference
}

// widest limits a scale of ratios, so that one far interval does not press the
// others together.
const widest = 50

// newRatioScale returns a logarithmic scale around 1, to which intervals can be
// added.
func newRatioScale() *scale { return &scale{lo: 0.8, hi: 1.25, log: true, none: 1} }

// include widens a scale of ratios so that the interval fits.
func (s *scale) include(iv stats.Interval) {
	if iv.N > 0 {
		s.bound(iv.Lo)
		s.bound(iv.Hi)
		s.bound(iv.Center)
	}
}

// bound widens a scale of ratios so that x fits, with some room beside it.
func (s *scale) bound(x float64) {
	if x > 0 && !math.IsInf(x, 0) {
		s.lo, s.hi = max(1./widest, min(s.lo, x/1.08)), min(widest, max(s.hi, x*1.08))
	}
}

// newGainScale returns a linear scale that holds 0, the intervals and the
// bounds of what is claimed.
func newGainScale(rows []forestRow, claimed []verdict.Span) *scale {
	s := &scale{}
	for _, r := range rows {
		s.lo, s.hi = min(s.lo, r.Of.Lo), max(s.hi, r.Of.Hi)
	}
	for _, c := range claimed {
		for _, x := range []float64{c.Lo, c.Hi} {
			if !math.IsInf(x, 0) {
				s.lo, s.hi = min(s.lo, x), max(s.hi, x)
			}
		}
	}
	room := 0.08 * max(s.hi-s.lo, 1e-9)
	s.lo, s.hi = s.lo-room, s.hi+room
	return s
}

// at returns the place of an effect in per cent of the line's length. inside
// reports whether it lies on the line.
func (s *scale) at(x float64) (place float64, inside bool) {
	inside = s.lo <= x && x <= s.hi
	x = min(max(x, s.lo), s.hi)
	if s.log {
		return 100 * math.Log(x/s.lo) / math.Log(s.hi/s.lo), inside
	}
	return 100 * (x - s.lo) / (s.hi - s.lo), inside
}

// nice lists the ratios that may stand below a line, the most welcome first.
var nice = []float64{1, 0.5, 2, 0.1, 10, 0.2, 5, 0.8, 1.25, 0.7, 1.5, 0.9, 1.1}

// ticks returns the effects that are written below the line.
func (s *scale) ticks() []float64 {
	candidates := nice
	if !s.log {
		step := math.Pow10(int(math.Floor(math.Log10(s.hi - s.lo))))
		candidates = []float64{0, step, 2 * step, 5 * step, -step, -2 * step}
	}
	const apart = 13 // per cent, so that numbers do not touch
	var ts []float64
	for _, x := range candidates {
		at, inside := s.at(x)
		if inside && at > 3 && at < 97 && !slices.ContainsFunc(ts, func(y float64) bool { b, _ := s.at(y); return math.Abs(at-b) < apart }) {
			ts = append(ts, x)
		}
	}
	slices.Sort(ts)
	return ts
}

// forestRow is one interval of a line.
type forestRow struct {
	Of    stats.Interval
	Bold  bool // it decides
	Title string
}

// forestLine is a small forest plot: intervals below each other on one scale,
// the claimed side shaded, and a line at no difference. It takes its colours
// from the page.
type forestLine struct {
	Scale   *scale
	Rows    []forestRow
	Claimed []verdict.Span
}

// Heights in CSS pixels.
const (
	forestRowHeight  = 10
	forestAxisHeight = 17
	forestEnd        = 3.5 // half the height of a whisker's end
)

// svg returns the plot as an element that is as wide as its place. label
// describes it to those who do not see it.
func (f forestLine) svg(label string) template.HTML {
	var b strings.Builder
	height := float64(forestRowHeight*len(f.Rows) + 6)
	fmt.Fprintf(&b, `<svg class="forest" role="img" aria-label="%s" width="100%%" height="%s">`, template.HTMLEscapeString(label), short(height+forestAxisHeight))
	for _, c := range f.Claimed {
		from, _ := f.Scale.at(c.Lo)
		to, _ := f.Scale.at(c.Hi)
		fmt.Fprintf(&b, `<rect class="claimed" x="%s%%" y="0" width="%s%%" height="%s"/>`, short(from), short(to-from), short(height))
	}
	none, _ := f.Scale.at(f.Scale.none)
	fmt.Fprintf(&b, `<line class="axis" x1="0" x2="100%%" y1="%[1]s" y2="%[1]s"/><line class="none" x1="%[2]s%%" x2="%[2]s%%" y1="0" y2="%[1]s"/>`, short(height), short(none))
	for i, r := range f.Rows {
		f.row(&b, r, 3+forestRowHeight*(float64(i)+0.5))
	}
	for _, x := range f.Scale.ticks() {
		at, _ := f.Scale.at(x)
		fmt.Fprintf(&b, `<text x="%s%%" y="%s" text-anchor="middle">%s</text>`, short(at), short(height+13), strconv.FormatFloat(x, 'g', 3, 64))
	}
	b.WriteString(`</svg>`)
	return template.HTML(b.String())
}

// row draws one interval at a height. An end outside the scale is an arrow, and
// a range that is no interval is dotted.
func (f forestLine) row(b *strings.Builder, r forestRow, y float64) {
	lo, loIn := f.Scale.at(r.Of.Lo)
	hi, hiIn := f.Scale.at(r.Of.Hi)
	center, _ := f.Scale.at(r.Of.Center)
	class := "whisker"
	if r.Bold || len(f.Rows) == 1 {
		class += " bold"
	}
	if !r.Of.Enough() {
		class += " few"
	}
	fmt.Fprintf(b, `<g class="%s"><title>%s</title><line x1="%s%%" x2="%s%%" y1="%[5]s" y2="%[5]s"/>`, class, template.HTMLEscapeString(r.Title), short(lo), short(hi), short(y))
	for _, end := range []struct {
		at     float64
		inside bool
		to     float64 // where an arrow points
	}{{lo, loIn, -1}, {hi, hiIn, 1}} {
		if end.inside {
			fmt.Fprintf(b, `<line x1="%[1]s%%" x2="%[1]s%%" y1="%[2]s" y2="%[3]s"/>`, short(end.at), short(y-forestEnd), short(y+forestEnd))
			continue
		}
		fmt.Fprintf(b, `<svg x="%s%%" y="%s" overflow="visible"><path d="M%s -4L0 0L%[3]s 4" fill="none"/></svg>`, short(end.at), short(y), short(-6*end.to))
	}
	radius := 2.6
	if strings.Contains(class, "bold") {
		radius = 4
	}
	fmt.Fprintf(b, `<circle cx="%s%%" cy="%s" r="%s"/></g>`, short(center), short(y), short(radius))
}

// short writes a coordinate with at most two decimals.
func short(x float64) string { return strconv.FormatFloat(math.Round(x*100)/100, 'f', -1, 64) }
