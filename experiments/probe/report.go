package probe

import (
	"slices"

	"lflab/experiments/stats"
)

// Dist is how every distribution is written.
type Dist = stats.Dist

// Report is a Result as `lflab probe --json` writes it. Names carry their
// units, and programs rely on them.
type Report struct {
	PID       int     `json:"pid"`
	Comm      string  `json:"comm"`
	Shape     Shape   `json:"shape"`
	DurationS float64 `json:"duration_s"`
	Processes uint64  `json:"processes"`
	Threads   uint64  `json:"threads"`

	H     *Dist `json:"H_ns,omitempty"`
	D     *Dist `json:"D_ns,omitempty"`
	G     *Dist `json:"G_ns,omitempty"`
	GNone *Dist `json:"G_none_ns,omitempty"`

	// Of H, D, G and G_none, by where the woken thread ran: same_cpu,
	// cross_cpu, or no_wake when nobody was woken.
	ByPlacement map[string]map[string]Dist `json:"by_placement"`

	// H's stages by their bare names ("waking-wakeup"), those of D and G with
	// a prefix ("D.ready-waking"), and those that are in no sum.
	Stages map[string]StageReport `json:"stages"`

	Counts        map[string]uint64  `json:"counts"`
	PerConnection map[string]float64 `json:"per_connection,omitempty"`
	OnPath        string             `json:"on_path,omitempty"` // whose request pays for the hand-offs, a sentence

	Lost    Lost     `json:"lost"`
	Cost    *Cost    `json:"cost,omitempty"`
	Missing []string `json:"missing,omitempty"` // what this kernel cannot tell
	Exact   bool     `json:"exact"`             // quantiles come from single records, not from histograms
}

// StageReport is one stage's distribution in ns.
type StageReport struct {
	Of   string `json:"of,omitempty"` // the sum that it is a part of
	From string `json:"from"`         // stamps
	To   string `json:"to"`
	Text string `json:"text"`
	Dist
	// Its part of the mean of the sum, for not every event passes through
	// every stage: the parts add up to the sum's mean.
	PartOfMean  float64         `json:"part_of_mean_ns"`
	ByPlacement map[string]Dist `json:"by_placement,omitempty"`
	Log2        []uint64        `json:"log2"` // element i counts from 2^i to 2^(i+1) ns
}

// Lost is what the measurement does not contain.
type Lost struct {
	Records uint64 `json:"records"` // single records that found no place
	Missed  uint64 `json:"missed"`  // runs of a program that the kernel left out
	Dropped uint64 `json:"dropped"` // states of threads, connections or processes that found no place
}

// Any reports whether anything is missing.
func (l Lost) Any() bool { return l.Records+l.Missed+l.Dropped > 0 }

// StageKeys are the names under which the stages of "H", "D" or "G" stand in a
// Report, in order of time, whatever the shape.
func StageKeys(of string) []string {
	groups := map[string][]Group{"H": {Item}, "D": {First}, "G": {Passed, Retook}}[of]
	prefix := map[string]string{"H": "", "D": "D.", "G": "G."}[of]
	var keys []string
	for _, s := range stages {
		if slices.Contains(groups, s.Group) && s.Name != "total" && !slices.Contains(keys, prefix+s.Name) {
			keys = append(keys, prefix+s.Name)
		}
	}
	return keys
}
