package suite

import (
	"fmt"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"
)

// Phase is one load on the server of a trial. Its JSON form is that of the
// manifest.
type Phase struct {
	Name        string  `json:"name"`        // "closed", "open"
	Title       string  `json:"title"`       // for people: "closed loop, 32 connections"
	Path        string  `json:"path"`        // requested path
	Connections int     `json:"connections"` // at most 10000; the smallest number, where ConnectionsByMode is set
	Generators  int     `json:"generator_threads"`
	Rate        float64 `json:"rate,omitempty"` // offered requests per second of an open loop; 0 means a closed loop; the smallest rate, where RateByMode is set
	// These numbers differ between the values of the axis "mode".
	ConnectionsByMode map[string]int     `json:"connections_by_mode,omitempty"`
	RateByMode        map[string]float64 `json:"rate_by_mode,omitempty"`
	Arrivals          string             `json:"arrivals,omitempty"`   // poisson, fixed, paired or burst; empty in a closed loop
	Spacing           float64            `json:"spacing_us,omitempty"` // between the two requests of a pair
	Burst             int                `json:"burst,omitempty"`      // number of requests sent at once
	Overload          bool               `json:"overload,omitempty"`   // the load exceeds what can be served, so missing and failed requests are a result and not an error

	// Handoff, if set, replaces the load by a ping-pong of two of the runner's
	// own threads, which sleep on this primitive. It measures what a wake-up
	// costs.
	Handoff      string `json:"handoff,omitempty"`
	HandoffPlace string `json:"handoff_place,omitempty"` // same, cross or free

	// Axes are the axes from which the phase takes numbers. The fields here
	// hold the smallest of them; Suite.In returns those of a cell.
	Axes       []string    `json:"axes,omitempty"`
	WarmupS    float64     `json:"warmup_s"`
	DurationS  float64     `json:"duration_s"`
	Flight     bool        `json:"flight"`               // the servers' flight recorders are on
	Background *Background `json:"background,omitempty"` // clients that stay connected during the phase
	Step       *Step       `json:"step,omitempty"`       // the load starts and ends while the server is watched
	Probe      string      `json:"probe,omitempty"`      // the kernel probe keeps "histograms" or "records"; empty means off or not allowed; an axis "probe" overrides it
}

// Scaled returns the phase with its times multiplied by a factor. The time
// between two reads of a step stays.
func (p Phase) Scaled(factor float64) Phase {
	p.WarmupS *= factor
	p.DurationS *= factor
	if p.Step != nil {
		step := *p.Step
		step.BeforeS *= factor
		step.AfterS *= factor
		p.Step = &step
	}
	return p
}

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
	var names []string
	for _, a := range axes {
		names = append(names, a.Name)
	}
	forms := map[string]Phase{}
	for i, cell := range combinations(axes) {
		form, err := r.load(s, f.fill(cell), at)
		if err != nil {
			return p, err
		}
		forms[cellKey(names, cell)] = form
		if i == 0 {
			p = form
		}
		p.Connections, p.Rate = min(p.Connections, form.Connections), min(p.Rate, form.Rate)
	}
	s.forms[f.Name] = forms
	p.Path, p.Title, p.Axes = f.Path, f.Title, names
	if p.Path == "" {
		p.Path = "/hello"
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
	if p.Connections, p.ConnectionsByMode, err = readNumber[int](r, s, at+".connections", f.Connections, 1, 10000); err != nil {
		return p, err
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
	if p.DurationS, err = r.seconds(at+".duration", f.Duration, 1e6); err != nil {
		return p, err
	}
	if f.Warmup != "" {
		if p.WarmupS, err = r.seconds(at+".warmup", f.Warmup, 0); err != nil {
			return p, err
		}
	}
	switch {
	case f.Rate != nil:
		if p.Rate, p.RateByMode, err = readNumber[float64](r, s, at+".rate", f.Rate, 1, 1e7); err != nil {
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
		loop = "open loop at " + eachMode(p.Rate, p.RateByMode) + " requests/s"
	}
	return fmt.Sprintf("%s, %s connections", loop, eachMode(p.Connections, p.ConnectionsByMode)) + p.Background.describe()
}

// eachMode formats a number, or each number with its mode.
func eachMode[T int | float64](all T, byMode map[string]T) string {
	if byMode == nil {
		return fmt.Sprint(all)
	}
	var parts []string
	for _, mode := range runnerAxes[ModeAxis] {
		if v, ok := byMode[mode]; ok {
			parts = append(parts, fmt.Sprintf("%v (%s)", v, mode))
		}
	}
	return strings.Join(parts, " or ")
}
