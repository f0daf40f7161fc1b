package report

import (
	"fmt"
	"html/template"
	"math"
	"os"
	"path/filepath"
	"strings"

	"lflab/experiments/findings"
	"lflab/experiments/record"
	"lflab/experiments/words"
)

// pointTable shows one metric of one phase, trial by trial.
type pointTable struct {
	Title string
	Rows  []pointRow
}

type pointRow struct {
	Title string
	Cell  string // see tableRow
	Plot  template.HTML
}

// pointTables returns a table for each metric that a rule reads, or without
// rules for CPU time and dispatch latency, in the first phase that has them.
// Each point names its trial, and leads to its record if the record is a file
// in dir.
func (v *view) pointTables(dir string) []pointTable {
	type ask struct{ metric, phase string }
	var asks []ask
	add := func(a ask) {
		for _, b := range asks {
			if a == b {
				return
			}
		}
		asks = append(asks, a)
	}
	if j := v.Judged(); j != nil {
		for _, r := range j.Rules {
			add(ask{r.Rule.Metric, r.Rule.Phase})
			add(ask{r.Rule.ToMetric, r.Rule.ToPhase})
		}
	} else {
		for _, key := range []string{findings.KeyCPU, findings.KeyDP50} {
			for _, ph := range v.PhasesByLoad() {
				if len(v.pointTable(key, ph.Name, dir).Rows) > 0 {
					add(ask{key, ph.Name})
					break
				}
			}
		}
	}
	var ts []pointTable
	for _, a := range asks {
		if t := v.pointTable(a.metric, a.phase, dir); len(t.Rows) > 0 {
			ts = append(ts, t)
		}
	}
	return ts
}

// point is one trial's value.
type point struct {
	trial *record.Trial
	value float64
}

func (v *view) pointTable(metric, phase, dir string) pointTable {
	m := record.MetricOf(metric)
	if m == nil {
		return pointTable{}
	}
	t := pointTable{Title: words.Capital(m.Words)}
	if m.Unit != "" {
		t.Title += ", " + m.Unit
	}
	t.Title += ", in phase " + phase
	type row struct {
		pointRow
		points []point
	}
	var rows []row
	s := &scale{lo: math.Inf(1), hi: math.Inf(-1)}
	for _, p := range v.Panels {
		for _, subject := range v.Subjects {
			r := row{pointRow: pointRow{Title: findings.JoinTitle(subject, p.Title), Cell: v.label(p, subject)}}
			for _, tr := range v.Trials(p, subject) {
				result := tr.Phase(phase)
				if result == nil {
					continue
				}
				if x, ok := m.Of(result); ok {
					x /= m.Per
					s.lo, s.hi = min(s.lo, x), max(s.hi, x)
					r.points = append(r.points, point{tr, x})
				}
			}
			if len(r.points) > 0 {
				rows = append(rows, r)
			}
		}
	}
	if len(rows) == 0 {
		return pointTable{}
	}
	if s.log = s.lo > 0 && s.hi/s.lo > 20; s.log {
		s.lo, s.hi = s.lo/1.1, s.hi*1.1
		t.Title += ", log scale"
	} else {
		room := 0.04 * max(s.hi-s.lo, math.Abs(s.hi)*1e-6, 1e-9)
		s.lo, s.hi = s.lo-room, s.hi+room
	}
	t.Title += fmt.Sprintf(" (%s to %s)", words.Short(s.lo), words.Short(s.hi))
	for _, r := range rows {
		r.Plot = pointsSVG(r.points, s, phase, m.Unit, dir)
		t.Rows = append(t.Rows, r.pointRow)
	}
	return t
}

// pointsSVG draws a row of points, hollow if they do not count.
func pointsSVG(points []point, s *scale, phase, unit, dir string) template.HTML {
	var b strings.Builder
	b.WriteString(`<svg class="points" width="100%" height="26"><line class="axis" x1="0" x2="100%" y1="13" y2="13"/>`)
	for i, p := range points {
		at, _ := s.at(p.value)
		class, what := "point", ""
		if !p.trial.Counts(phase) {
			class, what = "point hollow", ", does not count"
		}
		name := fmt.Sprintf("trial %s, block %d: %s%s", p.trial.ID, p.trial.Repetition+1, strings.TrimSpace(words.Short(p.value)+" "+unit), what)
		drawn := fmt.Sprintf(`<circle class="%s" cx="%s%%" cy="%d" r="4"><title>%s</title></circle>`, class, short(at), 13+5*(i%3-1), template.HTMLEscapeString(name))
		if _, err := os.Stat(filepath.Join(dir, record.TrialsDir, p.trial.ID+".json")); err == nil {
			drawn = fmt.Sprintf(`<a href="%s/%s.json" aria-label="%s">%s</a>`, record.TrialsDir, p.trial.ID, template.HTMLEscapeString(name), drawn)
		}
		b.WriteString(drawn)
	}
	b.WriteString(`</svg>`)
	return template.HTML(b.String())
}
