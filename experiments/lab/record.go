package lab

import (
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"lflab/experiments/load"
)

// Dist is how every distribution is written.
type Dist = load.Dist

// Cell is one combination of a suite's parameters, by axis name:
// {"mpm": "leader", "mode": "close"}. Values are as the suite spells them.
type Cell map[string]string

// Manifest describes a run as a whole. It is written before the first trial,
// and again at the end.
type Manifest struct {
	Suite       string    `json:"suite"`
	Title       string    `json:"title"`
	Question    string    `json:"question"`
	Command     string    `json:"command"` // that makes this run again
	Seed        uint64    `json:"seed"`
	Axes        []Axis    `json:"axes"` // in the order of the suite
	Repeat      int       `json:"repeat"`
	Plan        []Planned `json:"plan"` // in the order of execution
	Phases      []Phase   `json:"phases"`
	Git         Git       `json:"git"`
	Binary      string    `json:"binary_sha256"`
	GoVersion   string    `json:"go_version"`
	Started     time.Time `json:"started"`
	Ended       time.Time `json:"ended,omitzero"`
	Interrupted bool      `json:"interrupted,omitempty"`
	Before      Machine   `json:"machine_before"`
	After       Machine   `json:"machine_after,omitzero"`
	Skipped     []string  `json:"skipped,omitempty"` // subjects that could not be measured here, each with its reason
}

// Axis is one parameter of a suite and the values it takes.
type Axis struct {
	Name   string   `json:"name"`
	Values []string `json:"values"`
}

// Planned is one trial of the plan.
type Planned struct {
	ID         string `json:"id"` // hash of cell and repetition
	Cell       Cell   `json:"cell"`
	Repetition int    `json:"repetition"` // the block it belongs to
}

// Phase is one load within a trial.
type Phase struct {
	Name        string  `json:"name"`  // "closed", "open"
	Title       string  `json:"title"` // for people: "closed loop, 32 connections"
	Path        string  `json:"path"`  // requested path
	Connections int     `json:"connections"`
	Rate        float64 `json:"rate,omitempty"` // offered, of an open loop; 0 is a closed loop
	Arrivals    string  `json:"arrivals,omitempty"`
	WarmupS     float64 `json:"warmup_s"`
	DurationS   float64 `json:"duration_s"`
	Flight      bool    `json:"flight"` // the servers' flight recorders are on
}

// Git is the state of the source tree.
type Git struct {
	Revision string `json:"revision"`
	Dirty    bool   `json:"dirty"`
}

// Machine is what the results depend on outside the program.
type Machine struct {
	Hostname     string            `json:"hostname"`
	Kernel       string            `json:"kernel"`
	CPU          string            `json:"cpu"`
	CPUs         int               `json:"cpus"`
	MemoryBytes  uint64            `json:"memory_bytes"`
	Virtualised  string            `json:"virtualised"` // hypervisor, or "none"
	Governor     string            `json:"governor"`    // cpufreq governor, or "none"
	ClockSource  string            `json:"clock_source"`
	Load1        float64           `json:"load_1min"`
	OpenFiles    uint64            `json:"open_files_limit"`
	MonotonicNs  int64             `json:"monotonic_ns"`
	RealtimeNs   int64             `json:"realtime_ns"`
	Sysctl       map[string]string `json:"sysctl"`
	Mitigations  map[string]string `json:"mitigations,omitempty"`
	CgroupCPUMax string            `json:"cgroup_cpu_max,omitempty"`
}

// Gate is one check of a trial's validity.
type Gate struct {
	Name   string  `json:"name"` // offered_rate, generator_cpu, errors, clock_step, flight_lost, ...
	Phase  string  `json:"phase,omitempty"`
	OK     bool    `json:"ok"`
	Value  float64 `json:"value"`
	Limit  float64 `json:"limit"`
	Detail string  `json:"detail"` // a sentence
}

// Trial is one run of one server process: trials/ID.json.
type Trial struct {
	ID         string        `json:"id"`
	Suite      string        `json:"suite"`
	Cell       Cell          `json:"cell"`
	Repetition int           `json:"repetition"`
	Order      int           `json:"order"` // place in the run, from 0
	Command    []string      `json:"command"`
	Started    time.Time     `json:"started"`
	DurationS  float64       `json:"duration_s"`
	Phases     []PhaseResult `json:"phases"`
	Gates      []Gate        `json:"gates"`
	Failed     bool          `json:"failed"`            // the server or the load did not come to its end
	Failure    string        `json:"failure,omitempty"` // why, with the end of the server's standard error
}

// Valid reports whether the trial counts: it did not fail and passed every gate.
func (t *Trial) Valid() bool {
	if t.Failed {
		return false
	}
	for _, g := range t.Gates {
		if !g.OK {
			return false
		}
	}
	return true
}

// PhaseResult is what one phase of a trial measured. "per request" counts of
// the server process come from /proc and cover the measured time only.
type PhaseResult struct {
	Name                  string            `json:"name"`
	Requests              uint64            `json:"requests"`
	Errors                map[string]uint64 `json:"errors,omitempty"`
	DurationS             float64           `json:"duration_s"`
	RequestsPerSecond     float64           `json:"requests_per_second"`
	OfferedRate           float64           `json:"offered_rate,omitempty"`
	Latency               Dist              `json:"latency_ns"`
	Service               Dist              `json:"service_time_ns"`
	SendLag               Dist              `json:"send_lag_ns"`
	CPUPerRequest         float64           `json:"cpu_us_per_request"` // of the server process
	UserCPUPerRequest     float64           `json:"user_cpu_us_per_request"`
	SystemCPUPerRequest   float64           `json:"system_cpu_us_per_request"`
	VoluntaryPerRequest   float64           `json:"switches_voluntary_per_request"`
	InvoluntaryPerRequest float64           `json:"switches_involuntary_per_request"`
	Utilisation           float64           `json:"utilisation"` // server CPU / (time x CPUs)
	GeneratorCPUShare     float64           `json:"generator_cpu_share"`
	GeneratorCPUPerReq    float64           `json:"generator_cpu_us_per_request"`
	H                     *Dist             `json:"H_ns,omitempty"`        // hand-off latency
	G                     *Dist             `json:"G_ns,omitempty"`        // leaderless gap, a thread was there to take over
	GNone                 *Dist             `json:"G_none_ns,omitempty"`   // leaderless gap, none was
	D                     *Dist             `json:"D_ns,omitempty"`        // dispatch latency
	Counts                map[string]uint64 `json:"counts,omitempty"`      // the server's own, over the phase
	FlightLost            uint64            `json:"flight_lost,omitempty"` // records overwritten

	// Histograms are kept beside the trial, in trials/ID.hdr, under the tags
	// "<phase>.latency", "<phase>.service", "<phase>.H", "<phase>.G",
	// "<phase>.G_none" and "<phase>.D".
	Histograms map[string]*hdrhistogram.Histogram `json:"-"`
}

// Run is a results directory in memory.
type Run struct {
	Dir      string
	Manifest Manifest
	Trials   []Trial // that have been completed, in order of execution
}
