package plot

import (
	"fmt"
	"slices"
	"strings"

	gonum "gonum.org/v1/plot"

	"lflab/experiments/words"
)

// AxesText says that some axis of points does not begin at 0, "" if none.
func (s *Sheet) AxesText() string {
	for _, t := range s.tiles() {
		for _, a := range []*gonum.Axis{&t.Plot.X, &t.Plot.Y} {
			if _, linear := a.Scale.(gonum.LinearScale); linear && a.Min > 0 && a.Label.Text != "" {
				return "Axes begin where the data does, not always at 0."
			}
		}
	}
	return ""
}

// tiles returns the panels that are drawn, row by row.
func (s *Sheet) tiles() (ts []Tile) {
	for _, row := range s.Rows {
		for _, t := range row {
			if t.Plot != nil {
				ts = append(ts, t)
			}
		}
	}
	return ts
}

// mostDescribed is the number of panels whose data a description tells.
const mostDescribed = 4

// Tell sets what a description says of a panel's data: names with their values,
// in the unit of the axis. It is kept as the plot's title, which sheets do not
// draw, because tiles have their own.
func Tell(p *gonum.Plot, axis *gonum.Axis, names []string, values []float64) {
	var told []string
	for i, name := range names {
		if values[i] > 0 {
			told = append(told, name+" "+valueText(axis, values[i]))
		}
	}
	p.Title.Text = strings.Join(told, ", ")
}

// Describe says what the sheet shows, for readers who cannot see it: the axes,
// the legend, and the titles and data of its first panels.
func (s *Sheet) Describe() string {
	var axes, panels, legend []string
	note := func(to *[]string, text string) {
		if text = strings.TrimSpace(strings.ReplaceAll(text, "\n", " ")); text != "" && !slices.Contains(*to, text) {
			*to = append(*to, text)
		}
	}
	for _, t := range s.tiles() {
		x, y := t.Plot.X.Label.Text, t.Plot.Y.Label.Text
		if x != "" && y != "" {
			x = " against " + x
		}
		note(&axes, y+x)
		says := t.Title
		if says != "" && t.Plot.Title.Text != "" {
			says += ": "
		}
		note(&panels, says+t.Plot.Title.Text)
	}
	for _, e := range s.Legend {
		note(&legend, e.Label)
	}
	if n := len(panels) - mostDescribed; n > 0 {
		panels = append(panels[:mostDescribed], fmt.Sprintf("and %d more", n))
	}
	var told []string
	for _, part := range []struct {
		what  string
		lines []string
	}{{"", axes}, {"", panels}, {"Drawn: ", legend}} {
		if len(part.lines) > 0 {
			told = append(told, words.Capital(part.what+strings.Join(part.lines, "; "))+".")
		}
	}
	return strings.Join(told, " ")
}
