package record

import (
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"lflab/experiments/load"
	"lflab/experiments/machine"
	"lflab/experiments/probe/stage"
	"lflab/experiments/stats"
	"lflab/experiments/suite"
)

// Cell is one combination of a suite's parameters, by axis name:
// {"mpm": "leader", "mode": "close"}. Values are as the suite spells them.
type Cell map[string]string

// Manifest describes a run as a whole. It is written before the first trial,
// and again at the end.
type Manifest struct {
	Format      int           `json:"format,omitempty"` // of the directory, see manifestFormat; none is 1
	Suite       string        `json:"suite"`
	SuiteFile   string        `json:"suite_file,omitempty"` // of a suite that is not embedded
	SuiteDigest string        `json:"suite_sha256"`
	Title       string        `json:"title"`
	Question    string        `json:"question"`
	Command     string        `json:"command"` // that makes this run again
	Seed        uint64        `json:"seed"`
	Axes        []Axis        `json:"axes"` // in the order of the suite
	Repeat      int           `json:"repeat"`
	Only        []string      `json:"only,omitempty"`     // key=value: the cells that were chosen
	Scale       float64       `json:"scale"`              // of all durations; 1 is as the suite says
	BudgetS     float64       `json:"budget_s,omitempty"` // that the run was given: the plan grows, and the numbers of trials were not fixed beforehand
	Stopped     string        `json:"stopped,omitempty"`  // why a run with a budget ended
	Plan        []Planned     `json:"plan"`               // in the order of execution
	Phases      []Phase       `json:"phases"`
	Git         Git           `json:"git"`
	Binary      string        `json:"binary_sha256"`
	GoVersion   string        `json:"go_version"`
	Started     time.Time     `json:"started"`
	Ended       time.Time     `json:"ended,omitzero"`
	Resumed     []time.Time   `json:"resumed,omitempty"`
	Interrupted bool          `json:"interrupted,omitempty"`
	SetAside    []SetAside    `json:"set_aside,omitempty"` // trials that a resumed run did not count
	Before      Machine       `json:"machine_before"`
	After       Machine       `json:"machine_after,omitzero"`
	Ratios      []suite.Ratio `json:"ratios,omitempty"` // that the suite asks for

	suite.Claim              // what the suite puts to the test
	Rules       []suite.Rule `json:"rules,omitempty"` // that decide on it

	Skipped []string `json:"skipped,omitempty"` // subjects, and the probe, that could not be had here, each with its reason
}

// SetAside is what a resumed run has found and measured again: trials that were
// measured under something else, or that could not be read.
type SetAside struct {
	When  time.Time `json:"when"`
	Where string    `json:"where"` // a directory in that of the results
	Trial string    `json:"trial"`
	Why   string    `json:"why"`
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
	Name        string  `json:"name"`        // "closed", "open"
	Title       string  `json:"title"`       // for people: "closed loop, 32 connections"
	Path        string  `json:"path"`        // requested path
	Connections int     `json:"connections"` // the least, where ConnectionsByMode is set
	Generators  int     `json:"generator_threads"`
	Rate        float64 `json:"rate,omitempty"` // offered, of an open loop; 0 is a closed loop; the least, where RateByMode is set
	// Numbers that differ between the values of the axis "mode".
	ConnectionsByMode map[string]int     `json:"connections_by_mode,omitempty"`
	RateByMode        map[string]float64 `json:"rate_by_mode,omitempty"`
	Arrivals          string             `json:"arrivals,omitempty"`
	Spacing           float64            `json:"spacing_us,omitempty"` // of the two of a pair
	Burst             int                `json:"burst,omitempty"`      // requests that come at once
	Overload          bool               `json:"overload,omitempty"`   // more is asked than can be served, on purpose
	Handoff           string             `json:"handoff,omitempty"`    // no load, but a ping-pong of two threads of the runner's asleep on this primitive
	HandoffPlace      string             `json:"handoff_place,omitempty"`
	Axes              []string           `json:"axes,omitempty"` // of the suite, that the phase takes numbers from: what stands here is the least of them
	WarmupS           float64            `json:"warmup_s"`
	DurationS         float64            `json:"duration_s"`
	Flight            bool               `json:"flight"`               // the servers' flight recorders are on
	Background        *suite.Background  `json:"background,omitempty"` // clients that are there meanwhile
	Step              *Step              `json:"step,omitempty"`       // the server is watched before, under and after its load
	Probe             string             `json:"probe,omitempty"`      // the kernel probe keeps "histograms" or "records"; empty: it is off, or not allowed here; an axis "probe" goes before it
}

// Step is how a phase watches the coming and going of its load.
type Step struct {
	BeforeS  float64 `json:"before_s"`
	AfterS   float64 `json:"after_s"` // at most
	EveryS   float64 `json:"every_s"`
	IdleMost int     `json:"idle_most"` // threads that may be idle in the end
}

// Git is the state of the source tree.
type Git struct {
	Revision string `json:"revision"`
	Dirty    bool   `json:"dirty"`
}

// Machine is what the results depend on outside the program.
type Machine = machine.Facts

// Gate is one check of a trial's validity.
type Gate struct {
	Name   string  `json:"name"` // offered_rate, generator_cpu, errors, clock_step, flight_lost, probe_lost, ...
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
	Order      int           `json:"order"`                 // place in the run, from 0
	MeasuredAs string        `json:"measured_as,omitempty"` // a hash of load, server, program and machine: what may stand in one cell
	Command    []string      `json:"command"`
	Started    time.Time     `json:"started"`
	DurationS  float64       `json:"duration_s"`
	Phases     []PhaseResult `json:"phases"`
	Gates      []Gate        `json:"gates"`
	Failed     bool          `json:"failed"`            // the server or the load did not come to its end
	Failure    string        `json:"failure,omitempty"` // why, with the end of the server's standard error
}

// Phase is what the trial measured in the phase of that name, or nil.
func (t *Trial) Phase(name string) *PhaseResult {
	for i := range t.Phases {
		if t.Phases[i].Name == name {
			return &t.Phases[i]
		}
	}
	return nil
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
	Started               time.Time         `json:"started,omitzero"` // of the measured time
	DurationS             float64           `json:"duration_s"`
	RequestsPerSecond     float64           `json:"requests_per_second"`
	OfferedRate           float64           `json:"offered_rate,omitempty"`
	Latency               stats.Dist        `json:"latency_ns"`
	Service               stats.Dist        `json:"service_time_ns"`
	SendLag               stats.Dist        `json:"send_lag_ns"`
	CPUPerRequest         float64           `json:"cpu_us_per_request"` // of the server process
	UserCPUPerRequest     float64           `json:"user_cpu_us_per_request"`
	SystemCPUPerRequest   float64           `json:"system_cpu_us_per_request"`
	VoluntaryPerRequest   float64           `json:"switches_voluntary_per_request"`
	InvoluntaryPerRequest float64           `json:"switches_involuntary_per_request"`
	Utilisation           float64           `json:"utilisation"` // server CPU / (time x CPUs)
	GeneratorCPUShare     float64           `json:"generator_cpu_share"`
	GeneratorCPUPerReq    float64           `json:"generator_cpu_us_per_request"`
	H                     *stats.Dist       `json:"H_ns,omitempty"`             // hand-off latency
	G                     *stats.Dist       `json:"G_ns,omitempty"`             // leaderless gap, a thread was there to take over
	GNone                 *stats.Dist       `json:"G_none_ns,omitempty"`        // leaderless gap, none was
	D                     *stats.Dist       `json:"D_ns,omitempty"`             // dispatch latency
	Counts                map[string]uint64 `json:"counts,omitempty"`           // the server's own, over the phase
	FlightLost            uint64            `json:"flight_lost,omitempty"`      // records overwritten
	BytesPerSecond        float64           `json:"bytes_per_second,omitempty"` // received by the clients, heads included
	RSS                   uint64            `json:"rss_bytes,omitempty"`        // of the server's processes, at the end of the measured time

	// Of the second of each pair, where arrivals were paired: latency, dispatch
	// latency by the probe, and how far behind the first it came in fact, by the
	// probe where that was on (readiness to readiness), else by the generator
	// (write to write).
	SecondLatency *stats.Dist `json:"second_latency_ns,omitempty"`
	SecondD       *stats.Dist `json:"second_D_ns,omitempty"`
	FirstD        *stats.Dist `json:"first_D_ns,omitempty"`
	PairSpacing   *stats.Dist `json:"pair_spacing_ns,omitempty"`

	// Bins are the measured time in parts of equal length, from which the steady
	// state was judged; Steady is the verdict on it (stats.Course, or that there
	// was too little to tell), and SteadyFrom the first bin of the steady state.
	Bins       *Bins  `json:"bins,omitempty"`
	Steady     string `json:"steady,omitempty"`
	SteadyFrom int    `json:"steady_from_bin,omitempty"`

	// ServedBy is how many requests each thread of our own servers served, in
	// falling order.
	ServedBy []uint64 `json:"served_by,omitempty"`

	// What became of the clients in the background, where there were any.
	Background *BackgroundResult `json:"background,omitempty"`

	// What was seen look by look, where the phase is a step.
	Series *Series `json:"series,omitempty"`

	// What the kernel probe saw, where it was on and allowed. H_ns, G_ns and
	// D_ns above are the flight recorder's, those in here the kernel's.
	Probe *stage.Report `json:"probe,omitempty"`
	// The stages between kernel and user code, where probe and recorder were
	// both on.
	User *UserStages `json:"user_stages,omitempty"`

	// Histograms are kept beside the trial, in trials/ID.hdr, under the tags
	// "<phase>.latency", "<phase>.service" (of an open loop), "<phase>.H",
	// "<phase>.G", "<phase>.G_none" and "<phase>.D"; those of the probe under
	// "<phase>.probe.H" and so on.
	Histograms map[string]*hdrhistogram.Histogram `json:"-"`
}

// Bins is a series of what the clients saw, by parts of the measured time.
type Bins struct {
	WidthS   float64   `json:"width_s"`
	Requests []uint64  `json:"requests"`
	MeanNS   []float64 `json:"latency_mean_ns"` // of the requests answered in the bin; 0 where none was
}

// BackgroundResult is what became of the clients in the background of a phase,
// and what they cost the server's processes in memory. The kernel's own memory,
// that of sockets, is no process's and is not in there.
type BackgroundResult struct {
	load.Presences
	RSSBefore uint64 `json:"rss_before_bytes"` // before the first of them came
	RSSWith   uint64 `json:"rss_with_bytes"`   // when all were there, before the warm-up
}

// UserStages come from joining the kernel's records with the flight
// recorder's, by thread and time.
type UserStages struct {
	H         *stats.Dist            `json:"H_user_ns,omitempty"` // both ends in user code
	D         *stats.Dist            `json:"D_user_ns,omitempty"`
	Stages    map[string]stage.Times `json:"stages"`
	Joined    uint64                 `json:"joined"`    // requests and hand-offs that found their other half
	Unmatched map[string]uint64      `json:"unmatched"` // those that did not, by kind
	// Those that could not, by kind: at the edges of the recording, which an
	// overwritten log moves; edges are no loss where logs were long enough.
	Edge map[string]uint64 `json:"edge,omitempty"`
}

// Run is a results directory in memory.
type Run struct {
	Dir      string
	Manifest Manifest
	Trials   []Trial // that have been completed, in order of execution
	Damaged  []Damage
}
