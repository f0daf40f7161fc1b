package record

import (
	"slices"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"lflab/experiments/load"
	"lflab/experiments/machine"
	"lflab/experiments/probe/stage"
	"lflab/experiments/stats"
	"lflab/experiments/suite"
)

// Cell is one combination of a suite's parameters: values by axis name, as in
// {"mpm": "leader", "mode": "close"}. Each value is spelled as in the suite.
type Cell map[string]string

// Manifest describes a run as a whole. The runner writes it before the first
// trial and again at the end.
type Manifest struct {
	Format      int         `json:"format,omitempty"` // format of the directory (see manifestFormat); absent means 1
	Suite       string      `json:"suite"`
	SuiteFile   string      `json:"suite_file,omitempty"` // path of a suite that is not embedded
	SuiteDigest string      `json:"suite_sha256"`
	Title       string      `json:"title"`
	Question    string      `json:"question"`
	Command     string      `json:"command"` // repeats this run
	Seed        uint64      `json:"seed"`
	Axes        []Axis      `json:"axes"` // in the order of the suite
	Repeat      int         `json:"repeat"`
	Only        []string    `json:"only,omitempty"`     // key=value filters that chose the cells
	Scale       float64     `json:"scale"`              // factor of all durations; 1 keeps those of the suite
	BudgetS     float64     `json:"budget_s,omitempty"` // time given to the run; with it the plan grows, so the numbers of trials were not fixed beforehand
	Stopped     string      `json:"stopped,omitempty"`  // why a run with a budget ended
	Makeups     int         `json:"makeups,omitempty"`  // make-up trials in the plan
	Extended    []Extension `json:"extended,omitempty"` // blocks that were added after a look at the data
	Plan        []Planned   `json:"plan"`               // in the order of execution
	Phases      []Phase     `json:"phases"`
	Git         Git         `json:"git"`
	Binary      string      `json:"binary_sha256"`
	GoVersion   string      `json:"go_version"`
	Started     time.Time   `json:"started"`
	Ended       time.Time   `json:"ended,omitzero"`
	Resumed     []time.Time `json:"resumed,omitempty"`
	Interrupted bool        `json:"interrupted,omitempty"`
	SetAside    []SetAside  `json:"set_aside,omitempty"` // trials that a resumed run did not count
	Before      Machine     `json:"machine_before"`
	After       Machine     `json:"machine_after,omitzero"`

	// The calibrations are nil in runs of older programs.
	Calibration      *machine.Calibration `json:"calibration,omitempty"`       // before the first trial
	CalibrationAfter *machine.Calibration `json:"calibration_after,omitempty"` // after the last one

	Ratios []suite.Ratio `json:"ratios,omitempty"` // ratios that the suite asks for

	suite.Claim              // the claim that the suite tests
	Rules       []suite.Rule `json:"rules,omitempty"` // rules that decide on the claim

	Skipped []string `json:"skipped,omitempty"` // subjects (and the probe) that were not available here, each with its reason
}

// Extension describes blocks that a resumed run added to its plan because of
// what its data left undecided. Intervals then cover slightly less than they
// claim, as after any look at data.
type Extension struct {
	When   time.Time `json:"when"`
	Blocks int       `json:"blocks"` // that were added
	Asked  int       `json:"asked"`  // that would decide, by the forecast
	Why    string    `json:"why"`
}

// SetAside describes a trial that a resumed run found and measured again,
// because it was measured under other conditions or could not be read.
type SetAside struct {
	When  time.Time `json:"when"`
	Where string    `json:"where"` // directory inside the results directory
	Trial string    `json:"trial"`
	Why   string    `json:"why"`
}

// Planned is one trial of the plan.
type Planned struct {
	ID         string `json:"id"` // hash of cell, repetition and make-up
	Cell       Cell   `json:"cell"`
	Repetition int    `json:"repetition"` // number of its block

	// Makeup numbers the make-up trials of a cell and block, from 1. It is 0 for
	// a trial that was planned from the start. A make-up trial is added at the
	// end of the plan because those before it are invalid in some phase; there
	// its values count instead.
	Makeup int `json:"makeup,omitempty"`
}

// A manifest holds the axes and phases of its suite as the suite does.
type (
	Axis  = suite.Axis
	Phase = suite.Phase
)

// Git is the state of the source tree.
type Git struct {
	Revision string `json:"revision"`
	Dirty    bool   `json:"dirty"`
}

// Machine describes the conditions outside the program on which results depend.
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
	Makeup     int           `json:"makeup,omitempty"`      // see Planned
	Order      int           `json:"order"`                 // place in the run, from 0
	MeasuredAs string        `json:"measured_as,omitempty"` // hash of load, server, program and machine; trials of one cell must agree in it
	Command    []string      `json:"command"`
	Started    time.Time     `json:"started"`
	DurationS  float64       `json:"duration_s"`
	Phases     []PhaseResult `json:"phases"`
	Gates      []Gate        `json:"gates"`
	Failed     bool          `json:"failed"`            // the server or the load did not finish
	Failure    string        `json:"failure,omitempty"` // the reason, with the end of the server's standard error

	beaten map[string]bool // phases in which an earlier trial of the cell and block is valid
}

// Phase returns the result of the phase with that name, or nil.
func (t *Trial) Phase(name string) *PhaseResult {
	for i := range t.Phases {
		if t.Phases[i].Name == name {
			return &t.Phases[i]
		}
	}
	return nil
}

// Valid reports whether the trial did not fail and passed the gates of the phase
// and those of the trial as a whole, which name no phase.
func (t *Trial) Valid(phase string) bool {
	return !t.Failed && !slices.ContainsFunc(t.Gates, func(g Gate) bool { return !g.OK && (g.Phase == "" || g.Phase == phase) })
}

// Clean reports whether the trial is valid in every phase.
func (t *Trial) Clean() bool {
	return !t.Failed && !slices.ContainsFunc(t.Gates, func(g Gate) bool { return !g.OK })
}

// Counts reports whether the trial's values in the phase count: it is valid
// there, and it is the first of its cell and block that is. Only a make-up
// trial may be valid and not count. Open finds that out.
func (t *Trial) Counts(phase string) bool { return t.Valid(phase) && !t.beaten[phase] }

// PhaseResult holds the measurements of one phase of a trial. The "per request"
// counts of the server process come from /proc and cover the measured time
// only.
type PhaseResult struct {
	Name                  string            `json:"name"`
	Requests              uint64            `json:"requests"`
	Errors                map[string]uint64 `json:"errors,omitempty"`
	Started               time.Time         `json:"started,omitzero"` // begin of the measured time
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
	G                     *stats.Dist       `json:"G_ns,omitempty"`             // leaderless gap while a thread was free to take over
	GNone                 *stats.Dist       `json:"G_none_ns,omitempty"`        // leaderless gap while no thread was free
	D                     *stats.Dist       `json:"D_ns,omitempty"`             // dispatch latency
	Counts                map[string]uint64 `json:"counts,omitempty"`           // the server's own counters, over the measured time (see Manifest.FlightWindow)
	FlightLost            uint64            `json:"flight_lost,omitempty"`      // records that were overwritten
	Edges                 *Edges            `json:"edges,omitempty"`            // what the recorder and the client count differently
	BytesPerSecond        float64           `json:"bytes_per_second,omitempty"` // received by the clients, headers included
	RSS                   uint64            `json:"rss_bytes,omitempty"`        // of the server's processes, at the end of the measured time

	// These fields describe the second request of each pair, where arrivals
	// were paired: its latency, its dispatch latency by the probe, and how far
	// it came behind the first. The probe measures that distance from readiness
	// to readiness; without the probe the generator measures it from write to
	// write.
	SecondLatency *stats.Dist `json:"second_latency_ns,omitempty"`
	SecondD       *stats.Dist `json:"second_D_ns,omitempty"`
	FirstD        *stats.Dist `json:"first_D_ns,omitempty"`
	PairSpacing   *stats.Dist `json:"pair_spacing_ns,omitempty"`

	// Bins divide the measured time into parts of equal length, from which
	// Settle judged the steady state. Steady is its verdict: a stats.Course, or
	// that there was too little data. SteadyFrom is the first bin of the steady
	// state.
	Bins       *Bins  `json:"bins,omitempty"`
	Steady     string `json:"steady,omitempty"`
	SteadyFrom int    `json:"steady_from_bin,omitempty"`

	// ServedBy counts requests per thread of our servers, in falling order.
	ServedBy []uint64 `json:"served_by,omitempty"`

	// Background is the outcome of the background clients, if there were any.
	Background *BackgroundResult `json:"background,omitempty"`

	// Series holds the looks at the server in a phase that is a step.
	Series *Series `json:"series,omitempty"`

	// Probe is the kernel probe's report, where the probe was on and allowed.
	// H_ns, G_ns and D_ns above come from the flight recorder; those inside the
	// report come from the kernel.
	Probe *stage.Report `json:"probe,omitempty"`
	// User holds the stages between kernel and user code, where both probe and
	// recorder were on.
	User *UserStages `json:"user_stages,omitempty"`

	// Histograms are stored beside the trial, in trials/ID.hdr, under the tags
	// "<phase>.latency", "<phase>.service" (of an open loop), "<phase>.H",
	// "<phase>.G", "<phase>.G_none" and "<phase>.D". The probe's tags are
	// "<phase>.probe.H" and so on.
	Histograms map[string]*hdrhistogram.Histogram `json:"-"`
}

// Edges says which requests only one of client and flight recorder counts in
// the measured time. The client counts a request by when it was planned, the
// recorder by when its data arrived.
type Edges struct {
	Carried          uint64 `json:"carried,omitempty"`            // planned before the measured time and sent within it
	CarriedLongestNS int64  `json:"carried_longest_ns,omitempty"` // the longest service time of these
	Late             uint64 `json:"late,omitempty"`               // planned within the measured time and sent after it
	Unanswered       uint64 `json:"unanswered,omitempty"`         // planned within the measured time, without an answer
	Unstamped        uint64 `json:"unstamped,omitempty"`          // recorded without D, because the kernel did not stamp their data
	Unfinished       uint64 `json:"unfinished,omitempty"`         // threads whose last record was not finished when the recording ended
}

// Bins is a series of the clients' measurements over the measured time.
type Bins struct {
	WidthS   float64   `json:"width_s"`
	Requests []uint64  `json:"requests"`
	MeanNS   []float64 `json:"latency_mean_ns"` // of the requests answered in the bin; 0 if there were none
}

// BackgroundResult says how the background clients of a phase fared, and how
// much memory they cost the server's processes. It does not include the
// kernel's own memory, such as that of sockets, because that belongs to no
// process.
type BackgroundResult struct {
	load.Presences
	RSSBefore uint64 `json:"rss_before_bytes"` // before the first of them connected
	RSSWith   uint64 `json:"rss_with_bytes"`   // when all were connected, before the warm-up
}

// UserStages joins records of kernel and flight recorder by thread and time.
type UserStages struct {
	H         *stats.Dist            `json:"H_user_ns,omitempty"` // both ends in user code
	D         *stats.Dist            `json:"D_user_ns,omitempty"`
	Stages    map[string]stage.Times `json:"stages"`
	Joined    uint64                 `json:"joined"`    // requests and hand-offs that found their counterpart
	Unmatched map[string]uint64      `json:"unmatched"` // those that found none, by kind
	// Edge counts, by kind, those that could not be joined because they lie at
	// the edges of the recording. An overwritten log moves its edge. Edges are
	// no loss where the logs were long enough.
	Edge map[string]uint64 `json:"edge,omitempty"`
}

// Run holds a results directory in memory.
type Run struct {
	Dir      string
	Manifest Manifest
	Trials   []Trial // completed trials, in order of execution
	Damaged  []Damage
}
