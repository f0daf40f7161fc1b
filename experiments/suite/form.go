package suite

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"lflab/sync/park"
)

// In returns the load of the phase in a cell. A phase with Axes must be the
// suite's.
func (s *Suite) In(p Phase, cell map[string]string) Phase {
	if len(p.Axes) == 0 {
		return p
	}
	return s.forms[p.Name][cellKey(p.Axes, cell)]
}

func cellKey(axes []string, cell map[string]string) string {
	var parts []string
	for _, name := range axes {
		parts = append(parts, cell[name])
	}
	return strings.Join(parts, "/")
}

// texts returns the parts of a phase that may contain placeholders.
func (f *filePhase) texts() []string {
	all := []string{f.Path, f.Spacing}
	for _, v := range []any{f.Connections, f.Rate, f.Generators, f.Burst} {
		if text, ok := v.(string); ok {
			all = append(all, text)
		}
	}
	return all
}

func (f *filePhase) fill(cell map[string]string) *filePhase {
	out := *f
	out.Path, out.Spacing = fill(f.Path, cell), fill(f.Spacing, cell)
	for _, v := range []*any{&out.Connections, &out.Rate, &out.Generators, &out.Burst} {
		text, ok := (*v).(string)
		if !ok {
			continue
		}
		*v = fill(text, cell)
		if x, err := strconv.ParseFloat((*v).(string), 64); err == nil {
			*v = number(x)
		}
	}
	return &out
}

// number is a number that replaced a placeholder.
type number float64

// loadAxes returns the axes that the phase's placeholders name, in the suite's
// order. These axes then are not flags of the server.
func (r *reader) loadAxes(s *Suite, f *filePhase, at string) ([]Axis, error) {
	named := map[string]bool{}
	for _, text := range f.texts() {
		for _, m := range placeholder.FindAllStringSubmatch(text, -1) {
			if s.Axis(m[1]) == nil || runnerAxes[m[1]] != nil {
				return nil, r.refuse(at, m[0], "placeholders that name an axis of the suite's, as in rate = \"{rate}\"")
			}
			named[m[1]] = true
		}
	}
	return slices.DeleteFunc(slices.Clone(s.Axes), func(a Axis) bool { return !named[a.Name] }), nil
}

// describeAll returns a default title for a phase with placeholders.
func (p *Phase) describeAll(f *filePhase, axes []Axis) string {
	title := "closed loop"
	if p.Arrivals != "" {
		title = fmt.Sprintf("open loop, %s arrivals", p.Arrivals)
	}
	for _, a := range axes {
		title += fmt.Sprintf(", %s %s to %s", a.Name, a.Values[0], a.Values[len(a.Values)-1])
	}
	return title
}

// whole reads a whole number.
func (r *reader) whole(key string, v any, lo, hi int) (int, error) {
	var x float64
	switch n := v.(type) {
	case int64:
		x = float64(n)
	case number:
		x = float64(n)
	default:
		return 0, r.refuse(key, v, fmt.Sprintf("a whole number from %d to %d", lo, hi))
	}
	if x < float64(lo) || x > float64(hi) || x != float64(int(x)) {
		return 0, r.refuse(key, v, fmt.Sprintf("a whole number from %d to %d", lo, hi))
	}
	return int(x), nil
}

// arrivals reads the arrivals of an open loop.
func (r *reader) arrivals(p *Phase, f *filePhase, at string) (err error) {
	switch p.Arrivals {
	case "":
		p.Arrivals = "poisson"
	case "poisson", "fixed", "paired", "burst":
	default:
		return r.refuse(at+".arrivals", p.Arrivals, "poisson, fixed, paired, burst")
	}
	if (f.Spacing != "") != (p.Arrivals == "paired") {
		return r.refuse(at+".spacing", f.Spacing, `with arrivals = "paired", and there always: 0s to 1ms`)
	}
	if f.Spacing != "" {
		d, err := time.ParseDuration(f.Spacing)
		if err != nil || d < 0 || d > time.Millisecond {
			return r.refuse(at+".spacing", f.Spacing, "a duration of 0s to 1ms")
		}
		p.Spacing = float64(d) / 1e3
	}
	if (f.Burst != nil) != (p.Arrivals == "burst") {
		return r.refuse(at+".burst", f.Burst, `with arrivals = "burst", and there always: 1 to 1024 requests`)
	}
	if f.Burst != nil {
		p.Burst, err = r.whole(at+".burst", f.Burst, 1, 1024)
	}
	return err
}

// pingPong reads a phase that is a hand-off between two threads.
func (r *reader) pingPong(f *filePhase, at string) (Phase, error) {
	p := Phase{Name: f.Name, Title: f.Title, Handoff: f.Handoff, HandoffPlace: f.Place, Generators: 1}
	if bare := (filePhase{Name: f.Name, Title: f.Title, Handoff: f.Handoff, Place: f.Place}); *f != bare {
		return p, r.refuse(at, "a load", "name, title, handoff and place alone, where there is handoff")
	}
	if _, err := park.Lookup(f.Handoff); err != nil {
		return p, fmt.Errorf("suite %s: %s.handoff: %w", r.file, at, err)
	}
	switch p.HandoffPlace {
	case "":
		p.HandoffPlace = PlaceFree
	case PlaceFree, PlaceSame, PlaceCross:
	default:
		return p, r.refuse(at+".place", p.HandoffPlace, "free, same, cross")
	}
	if p.Title == "" {
		p.Title = p.describe()
	}
	return p, nil
}
