package suite

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"
)

// phases reads the loads. Subjects must be read before, because a suite of
// commands has one phase without a load.
func (r *reader) phases(s *Suite, f *file, md toml.MetaData) error {
	if len(f.Phase) == 0 {
		return r.missing("phase", "at least one [[phase]]")
	}
	for i := range f.Phase {
		p, err := r.phase(s, &f.Phase[i], fmt.Sprintf("phase[%d]", i))
		if err != nil {
			return err
		}
		for _, other := range s.Phases {
			if other.Name == p.Name {
				return r.refuse(fmt.Sprintf("phase[%d].name", i), p.Name, "each name once")
			}
		}
		s.Phases = append(s.Phases, p)
	}
	if s.Commands() && len(s.Phases) != 1 {
		return r.refuse("phase", len(s.Phases), "exactly one, with name and title alone, where subjects have parse")
	}
	return nil
}

// phase reads a load, in one form for each combination of the axes that its
// placeholders name.
func (r *reader) phase(s *Suite, f *filePhase, at string) (p Phase, err error) {
	if !keyWord.MatchString(f.Name) {
		return p, r.refuse(at+".name", f.Name, "lower-case letters, digits and underscores, a letter first")
	}
	at = "phase." + f.Name
	if s.Commands() {
		if bare := (filePhase{Name: f.Name, Title: f.Title}); *f != bare {
			return p, r.refuse(at, "a load", "name and title alone, where subjects have parse")
		}
		p = Phase{Name: f.Name, Title: f.Title}
		if p.Title == "" {
			p.Title = f.Name
		}
		return p, nil
	}
	axes, err := r.loadAxes(s, f, at)
	if err != nil || len(axes) == 0 {
		if err == nil {
			p, err = r.load(s, f, at)
		}
		return p, err
	}
	forms := map[string]Phase{}
	for i, cell := range combinations(axes) {
		form, err := r.load(s, f.fill(cell), at)
		if err != nil {
			return p, err
		}
		forms[cellKey(axes, cell)] = form
		if i == 0 {
			p = form
		}
		p.Connections.All, p.Rate.All = min(p.Connections.All, form.Connections.All), min(p.Rate.All, form.Rate.All)
	}
	p.Path, p.Title, p.forms = f.Path, f.Title, forms
	if p.Path == "" {
		p.Path = "/hello"
	}
	for _, a := range axes {
		p.Axes = append(p.Axes, a.Name)
	}
	if p.Title == "" {
		p.Title = p.describeAll(f, axes)
	}
	return p, nil
}

// load reads a load without placeholders.
func (r *reader) load(s *Suite, f *filePhase, at string) (p Phase, err error) {
	p = Phase{Name: f.Name, Title: f.Title, Path: f.Path, Arrivals: f.Arrivals, Flight: f.Flight, Probe: f.Probe, Overload: f.Overload}
	if f.Handoff != "" {
		return r.pingPong(f, at)
	}
	if p.Path == "" {
		p.Path = "/hello"
	} else if err := r.path(at+".path", p.Path); err != nil {
		return p, err
	}
	if f.Connections == nil {
		return p, r.missing(at+".connections", "1 to 10000")
	}
	if p.Connections, err = r.number(s, at+".connections", f.Connections, 1, 10000); err != nil {
		return p, err
	}
	for _, c := range append([]float64{p.Connections.All}, values(p.Connections.Each)...) {
		if c != math.Trunc(c) {
			return p, r.refuse(at+".connections", c, "whole numbers")
		}
	}
	// A generator that is always busy limits the throughput itself. Set more
	// threads so that the server is the limit.
	p.Generators = 1
	if f.Generators != nil {
		if p.Generators, err = r.whole(at+".generators", f.Generators, 1, 64); err != nil {
			return p, err
		}
	}
	if f.Duration == "" {
		return p, r.missing(at+".duration", `a duration, as in "550ms"`)
	}
	if p.Duration, err = r.duration(at+".duration", f.Duration, 1e6); err != nil {
		return p, err
	}
	if f.Warmup != "" {
		if p.Warmup, err = r.duration(at+".warmup", f.Warmup, 0); err != nil {
			return p, err
		}
	}
	switch {
	case f.Rate != nil:
		if p.Rate, err = r.number(s, at+".rate", f.Rate, 1, 1e7); err != nil {
			return p, err
		}
		if err := r.arrivals(&p, f, at); err != nil {
			return p, err
		}
	case f.Spacing != "" || f.Burst != nil:
		return p, r.refuse(at, "spacing or burst", "only with a rate and arrivals paired or burst")
	case f.Arrivals != "":
		return p, r.refuse(at+".arrivals", p.Arrivals, "only with a rate, which makes an open loop")
	}
	if p.Probe != "" && !slices.Contains(probeKinds, p.Probe) {
		return p, r.refuse(at+".probe", p.Probe, strings.Join(probeKinds, ", ")+"; without the key the probe is off")
	}
	if f.Background != nil {
		p.Background = f.Background
		if err := r.background(f.Background, at+".background"); err != nil {
			return p, err
		}
	}
	if f.Step != nil {
		if err := r.step(&p, f, at+".step"); err != nil {
			return p, err
		}
	}
	if p.Title == "" {
		p.Title = p.describe()
	}
	return p, nil
}

// describe returns a default title for a phase.
func (p *Phase) describe() string {
	loop := "closed loop"
	if p.Step != nil {
		loop = "step from nobody to a closed loop and back"
	}
	if p.Handoff != "" {
		return fmt.Sprintf("ping-pong of two threads asleep on %s, place %s", p.Handoff, p.HandoffPlace)
	}
	if p.Arrivals != "" {
		loop = "open loop at " + p.Rate.String() + " requests/s"
	}
	return fmt.Sprintf("%s, %s connections", loop, p.Connections) + p.Background.describe()
}

// String formats the number, or each number with its mode.
func (b ByMode) String() string {
	if b.Each == nil {
		return fmt.Sprintf("%g", b.All)
	}
	var parts []string
	for _, mode := range []string{"close", "keepalive"} {
		if v, ok := b.Each[mode]; ok {
			parts = append(parts, fmt.Sprintf("%g (%s)", v, mode))
		}
	}
	return strings.Join(parts, " or ")
}

func values(m map[string]float64) []float64 {
	var vs []float64
	for _, v := range m {
		vs = append(vs, v)
	}
	return vs
}
