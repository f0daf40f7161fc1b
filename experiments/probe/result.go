package probe

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"lflab/experiments/probe/bpf"
	"lflab/experiments/probe/stage"
	"lflab/experiments/stats"
)

// Result holds what the kernel programs measured between Start and Stop. The
// zero value is a measurement of nothing.
type Result struct {
	Target    Target
	Targets   []Target    // all, Target first
	Shape     stage.Shape // recognised, or as given
	ShapeWhy  string      // why Shape is Unknown; otherwise empty
	DurationS float64
	Processes uint64 // number of processes that were followed
	Missing   []string

	byStage    [][stage.Placements]Histogram
	counts     bpf.ProbeCounts
	mechanisms []stage.Mechanism
	missed     uint64 // how often the kernel skipped a program because it was already running
	lost       uint64 // records for which there was no room
}

// Result reads the measurement: after Stop all of it, before Stop what there is
// so far. With shape Unknown it recognises the shape.
func (p *Probe) Result(shape stage.Shape) (*Result, error) {
	until := p.ended
	if until.Before(p.began) { // it goes on
		until = time.Now()
	}
	r := &Result{Target: p.targets[0], Targets: p.targets, Shape: shape, DurationS: until.Sub(p.began).Seconds(), Missing: p.Missing}
	var err error
	if r.counts, err = p.counts(); err != nil {
		return nil, err
	}
	if r.missed, err = p.missed(); err != nil {
		return nil, err
	}
	r.lost = r.counts.Lost + p.overflow
	for stage := range stage.All {
		by, err := p.histogram(stage)
		if err != nil {
			return nil, err
		}
		r.byStage = append(r.byStage, by)
	}
	r.Processes = r.counts.Processes
	if r.mechanisms, err = p.mechanisms(); err != nil {
		return nil, err
	}
	if r.Shape == stage.Unknown {
		r.Shape, r.ShapeWhy = r.behaviour().shape()
	}
	return r, nil
}

// Idle reports whether the probe saw nothing: no thread accepted a connection,
// read from one, called futex to wake another, or was woken by another.
func (r *Result) Idle() bool {
	c := &r.counts
	return c.Connections+c.Requests+c.WakesIssued+c.WakeCalls == 0
}

// Count returns one of the programs' counters, by its name in a Report.
func (r *Result) Count(name string) uint64 { return countMap(&r.counts)[name] }

// sum merges the named stage over groups.
func (r *Result) sum(name string, groups ...stage.Group) (by [stage.Placements]Histogram) {
	for i := range r.byStage {
		if s := stage.All[i]; s.Name == name && slices.Contains(groups, s.Group) {
			for place := range by {
				by[place].Merge(&r.byStage[i][place])
			}
		}
	}
	return by
}

// dist summarises the named stage over groups, at the given placements.
func (r *Result) dist(name string, groups []stage.Group, at ...stage.Placement) stats.Dist {
	var h Histogram
	for i := range r.byStage {
		if s := stage.All[i]; s.Name != name || !slices.Contains(groups, s.Group) {
			continue
		}
		for _, place := range at {
			h.Merge(&r.byStage[i][place])
		}
	}
	return h.Dist()
}

var everywhere = []stage.Placement{stage.SameCPU, stage.CrossCPU, stage.NoWake}

func all(by [stage.Placements]Histogram) *Histogram {
	var h Histogram
	for place := range by {
		h.Merge(&by[place])
	}
	return &h
}

// chain is one of the sums in a Report.
type chain struct {
	name   string // "H", "D", "G", "G_none"
	prefix string // of the names of its stages
	groups []stage.Group
}

// chains returns the sums of the shape. H's stages have no prefix.
func (r *Result) chains() []chain {
	cs := []chain{
		{"H", "", []stage.Group{r.handoff()}},
		{"D", "D.", []stage.Group{stage.First, stage.Kept}},
	}
	present, none := gaps(r.Shape)
	if present != nil {
		cs = append(cs, chain{"G", "G.", present}, chain{"G_none", "", none})
	}
	return cs
}

// Total returns the distribution of "H", "D", "G" or "G_none" for the shape, or
// nil if it is empty.
func (r *Result) Total(name string) *Histogram {
	for _, c := range r.chains() {
		if c.name == name {
			if h := all(r.sum("total", c.groups...)); h.Count > 0 {
				return h
			}
		}
	}
	return nil
}

// Report converts r to its written form.
func (r *Result) Report() *stage.Report {
	out := &stage.Report{
		PID: r.Target.PID, Comm: r.Target.Comm, Shape: r.Shape, ShapeWhy: r.ShapeWhy, DurationS: r.DurationS,
		Processes: r.Processes, Threads: r.counts.Threads, Missing: r.Missing,
		Stages: map[string]stage.Times{}, ByPlacement: map[string]map[string]stats.Dist{},
		Counts: countMap(&r.counts), Mechanisms: r.mechanisms,
		Lost: stage.Lost{Records: r.lost, Missed: r.missed, Dropped: r.counts.DroppedThreads + r.counts.DroppedConnections + r.counts.DroppedProcesses},
	}
	if len(r.Targets) > 1 {
		for _, t := range r.Targets {
			out.Targets = append(out.Targets, stage.Target{PID: t.PID, Comm: t.Comm})
		}
	}
	maps.DeleteFunc(out.Counts, func(name string, _ uint64) bool { // other fields of the report have these
		return name == "lost" || name == "threads" || name == "processes"
	})
	for _, c := range r.chains() {
		h := all(r.sum("total", c.groups...))
		if h.Count == 0 {
			continue
		}
		d := r.dist("total", c.groups, everywhere...)
		*map[string]**stats.Dist{"H": &out.H, "D": &out.D, "G": &out.G, "G_none": &out.GNone}[c.name] = &d
		out.ByPlacement[c.name] = r.placed("total", c.groups)
		if c.name == "G_none" {
			continue
		}
		for _, s := range stage.All {
			key := c.prefix + s.Name
			if _, seen := out.Stages[key]; seen || s.Name == "total" || !slices.Contains(c.groups, s.Group) {
				continue
			}
			if one := all(r.sum(s.Name, c.groups...)); one.Count > 0 {
				out.Stages[key] = stage.Times{Of: c.name, From: s.From, To: s.To, Text: s.Text, Dist: r.dist(s.Name, c.groups, everywhere...),
					PartOfMean: float64(one.Sum) / float64(h.Count), ByPlacement: r.placed(s.Name, c.groups), Log2: one.Log2()}
			}
		}
	}
	for _, s := range stage.All {
		if s.Group == stage.Solitary {
			if one := all(r.sum(s.Name, stage.Solitary)); one.Count > 0 {
				out.Stages[s.Name] = stage.Times{From: s.From, To: s.To, Text: s.Text, Dist: r.dist(s.Name, []stage.Group{stage.Solitary}, everywhere...), Log2: one.Log2()}
			}
		}
	}
	if n := float64(r.counts.Connections); n > 0 {
		out.PerConnection = map[string]float64{
			"handoffs": float64(r.counts.HandoffsItem+r.counts.HandoffsLead) / n,
			"moves":    float64(r.counts.Moves) / n,
			"wakes":    float64(r.counts.WakesIssued) / n,
			"switches": float64(r.counts.SwitchesVoluntary+r.counts.SwitchesInvoluntary) / n,
		}
	}
	out.OnPath = r.onPath()
	return out
}

// onPath returns a sentence that says how many requests wait for hand-offs.
func (r *Result) onPath() string {
	c := &r.counts
	if c.Requests == 0 || c.HandoffsItem+c.HandoffsLead == 0 {
		return ""
	}
	return fmt.Sprintf("%d of %d requests were handed to a sleeping thread by a wake-up that this kernel shows (%.1f %%); %d hand-offs of the leadership are not on the path of the request that they follow",
		c.RequestsPassed, c.Requests, 100*float64(c.RequestsPassed)/float64(c.Requests), c.HandoffsLead)
}

// placed returns the named stage by placement.
func (r *Result) placed(name string, groups []stage.Group) map[string]stats.Dist {
	m := map[string]stats.Dist{}
	for _, place := range everywhere {
		if d := r.dist(name, groups, place); d.Count > 0 {
			m[place.String()] = d
		}
	}
	return m
}

func placed(by [stage.Placements]Histogram) map[string]stats.Dist {
	m := map[string]stats.Dist{}
	for place := range by {
		if by[place].Count > 0 {
			m[stage.Placement(place).String()] = by[place].Dist()
		}
	}
	return m
}
