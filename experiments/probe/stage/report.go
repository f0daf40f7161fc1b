package stage

import (
	"slices"

	"lflab/experiments/stats"
)

// Report is the written form of a Result (`lflab probe --json`). Field names
// carry their units. Programs rely on them.
type Report struct {
	PID       int      `json:"pid"`
	Comm      string   `json:"comm"`
	Targets   []Target `json:"targets,omitempty"` // all, if there are several; the first is the one above
	Shape     Shape    `json:"shape"`
	ShapeWhy  string   `json:"shape_why,omitempty"` // why the shape is unknown
	DurationS float64  `json:"duration_s"`
	Processes uint64   `json:"processes"`
	Threads   uint64   `json:"threads"`

	H     *stats.Dist `json:"H_ns,omitempty"`
	D     *stats.Dist `json:"D_ns,omitempty"`
	G     *stats.Dist `json:"G_ns,omitempty"`
	GNone *stats.Dist `json:"G_none_ns,omitempty"`

	// H, D, G and G_none by placement of the woken thread: same_cpu, cross_cpu,
	// or no_wake if no thread was woken.
	ByPlacement map[string]map[string]stats.Dist `json:"by_placement"`

	// H's stages under bare names ("waking-wakeup"), those of D and G with a
	// prefix ("D.ready-waking"), and those that belong to no sum.
	Stages map[string]Times `json:"stages"`

	Counts        map[string]uint64  `json:"counts"`
	Mechanisms    []Mechanism        `json:"mechanisms,omitempty"` // the most frequent first
	PerConnection map[string]float64 `json:"per_connection,omitempty"`
	OnPath        string             `json:"on_path,omitempty"` // a sentence that says how many requests wait for hand-offs

	Lost    Lost     `json:"lost"`
	Cost    *Cost    `json:"cost,omitempty"`
	Missing []string `json:"missing,omitempty"` // what this kernel cannot tell
}

// Target is a process that was asked for.
type Target struct {
	PID  int    `json:"pid"`
	Comm string `json:"comm"`
}

// Mechanism counts the wake-ups of one followed thread by another by the calls of
// both.
type Mechanism struct {
	Kind  string `json:"kind"`       // "futex", "eventfd" and so on, or "unknown"
	By    string `json:"waker_call"` // the waker's system call
	In    string `json:"sleeper_call"`
	Count uint64 `json:"count"`
}

// Times is one stage's distribution in ns.
type Times struct {
	Of   string `json:"of,omitempty"` // the sum that the stage is a part of
	From string `json:"from"`         // stamps
	To   string `json:"to"`
	Text string `json:"text"`
	stats.Dist
	// PartOfMean is the stage's share of the sum's mean. Not every event passes
	// through every stage; the parts add up to the mean.
	PartOfMean  float64               `json:"part_of_mean_ns"`
	ByPlacement map[string]stats.Dist `json:"by_placement,omitempty"`
	Log2        []uint64              `json:"log2"` // element i counts from 2^i to 2^(i+1) ns
}

// Lost counts what the measurement does not contain.
type Lost struct {
	Records uint64 `json:"records"` // single records for which there was no room
	Missed  uint64 `json:"missed"`  // runs of a program that the kernel skipped
	Dropped uint64 `json:"dropped"` // states of threads, connections or processes for which there was no room
}

// Any reports whether anything is missing.
func (l Lost) Any() bool { return l.Records+l.Missed+l.Dropped > 0 }

// Keys returns the names of the stages of "H", "D" or "G" in a Report, in order
// of time, for all shapes.
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

// Cost is the time that the probe's programs take, as the kernel measures it.
// It does not contain the entry into a program, nor the cache lines that
// programs evict. Only a comparison with the probe off shows what a server
// loses.
type Cost struct {
	Events     uint64        `json:"events"`       // runs of programs, for all processes
	NsPerEvent float64       `json:"ns_per_event"` // including the meter's part
	MeterNs    float64       `json:"meter_ns"`     // of each run: the measured time of an empty program
	CPUPercent float64       `json:"cpu_percent"`  // of one CPU, including the meter's part
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
