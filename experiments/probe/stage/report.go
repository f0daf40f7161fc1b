package stage

import (
	"slices"

	"lflab/experiments/stats"
)

// Report is a Result as `lflab probe --json` writes it. Names carry their
// units, and programs rely on them.
type Report struct {
	PID       int     `json:"pid"`
	Comm      string  `json:"comm"`
	Shape     Shape   `json:"shape"`
	DurationS float64 `json:"duration_s"`
	Processes uint64  `json:"processes"`
	Threads   uint64  `json:"threads"`

	H     *stats.Dist `json:"H_ns,omitempty"`
	D     *stats.Dist `json:"D_ns,omitempty"`
	G     *stats.Dist `json:"G_ns,omitempty"`
	GNone *stats.Dist `json:"G_none_ns,omitempty"`

	// Of H, D, G and G_none, by where the woken thread ran: same_cpu,
	// cross_cpu, or no_wake when nobody was woken.
	ByPlacement map[string]map[string]stats.Dist `json:"by_placement"`

	// H's stages by their bare names ("waking-wakeup"), those of D and G with
	// a prefix ("D.ready-waking"), and those that are in no sum.
	Stages map[string]Times `json:"stages"`

	Counts        map[string]uint64  `json:"counts"`
	PerConnection map[string]float64 `json:"per_connection,omitempty"`
	OnPath        string             `json:"on_path,omitempty"` // whose request pays for the hand-offs, a sentence

	Lost    Lost     `json:"lost"`
	Cost    *Cost    `json:"cost,omitempty"`
	Missing []string `json:"missing,omitempty"` // what this kernel cannot tell
}

// Times is one stage's distribution in ns.
type Times struct {
	Of   string `json:"of,omitempty"` // the sum that it is a part of
	From string `json:"from"`         // stamps
	To   string `json:"to"`
	Text string `json:"text"`
	stats.Dist
	// Its part of the mean of the sum, for not every event passes through
	// every stage: the parts add up to the sum's mean.
	PartOfMean  float64               `json:"part_of_mean_ns"`
	ByPlacement map[string]stats.Dist `json:"by_placement,omitempty"`
	Log2        []uint64              `json:"log2"` // element i counts from 2^i to 2^(i+1) ns
}

// Lost is what the measurement does not contain.
type Lost struct {
	Records uint64 `json:"records"` // single records that found no place
	Missed  uint64 `json:"missed"`  // runs of a program that the kernel left out
	Dropped uint64 `json:"dropped"` // states of threads, connections or processes that found no place
}

// Any reports whether anything is missing.
func (l Lost) Any() bool { return l.Records+l.Missed+l.Dropped > 0 }

// Keys are the names under which the stages of "H", "D" or "G" stand in a
// Report, in order of time, whatever the shape.
func Keys(of string) []string {
	groups := map[string][]Group{"H": {Item}, "D": {First}, "G": {Passed, Retook}}[of]
	prefix := map[string]string{"H": "", "D": "D.", "G": "G."}[of]
	var keys []string
	for _, s := range All {
		if slices.Contains(groups, s.Group) && s.Name != "total" && !slices.Contains(keys, prefix+s.Name) {
			keys = append(keys, prefix+s.Name)
		}
	}
	return keys
}

// Cost is what the probe itself takes, by the kernel's own account of its
// programs. The way into a program is not in it, nor what the programs push out
// of the caches: what a server loses shows only in a comparison with the probe
// off.
type Cost struct {
	Events     uint64        `json:"events"`       // runs of programs, of all processes
	NsPerEvent float64       `json:"ns_per_event"` // the meter's part included
	MeterNs    float64       `json:"meter_ns"`     // of each run: what an empty program is said to take
	CPUPercent float64       `json:"cpu_percent"`  // of one CPU, the meter's part included
	WindowS    float64       `json:"window_s"`
	Programs   []ProgramCost `json:"programs,omitempty"`
	Note       string        `json:"note,omitempty"` // why it was not measured
}

// ProgramCost is one program's part.
type ProgramCost struct {
	Name     string  `json:"name"`
	Runs     uint64  `json:"runs"`
	NsPerRun float64 `json:"ns_per_run"`
}
