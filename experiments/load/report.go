package load

import "lflab/experiments/stats"

// A Report is a Result in the form that `lflab load --json` writes. Field names
// carry their units. Programs rely on them.
type Report struct {
	URL         string  `json:"url"`
	Loop        string  `json:"loop"` // "open" or "closed"
	Connections int     `json:"connections"`
	Close       bool    `json:"close"`
	Arrivals    string  `json:"arrivals,omitempty"`   // for an open loop
	SpacingNs   *int64  `json:"spacing_ns,omitempty"` // for paired arrivals, as planned
	Burst       int     `json:"burst,omitempty"`      // for bursts: requests in each
	CPUs        []int   `json:"cpus,omitempty"`       // the generator threads were bound to these
	Seed        uint64  `json:"seed"`
	DurationS   float64 `json:"duration_s"`

	// Planned, which equals latency_ns.count, is the sum of requests and all
	// errors.
	Planned  uint64            `json:"planned"`  // in the measured time
	Requests uint64            `json:"requests"` // of these, answered with a status of 200 to 299
	Errors   map[string]uint64 `json:"errors"`   // of planned, the others
	Statuses map[int]uint64    `json:"statuses"` // of the answers

	// Requests without an answer count with the time that they waited, but at
	// least the timeout. So quantiles from unanswered_least_ns on are lower
	// bounds.
	Unanswered      uint64  `json:"unanswered"`
	UnansweredLeast int64   `json:"unanswered_least_ns,omitempty"`
	TimeoutS        float64 `json:"timeout_s"`
	Late            uint64  `json:"late"`                   // sent after the measured time, because no connection was free
	Unasked         uint64  `json:"unasked,omitempty"`      // data without a request
	Beyond          uint64  `json:"beyond_range,omitempty"` // values beyond the histograms' range, which count as its end
	Starved         Starved `json:"connections_starved"`
	Held            Held    `json:"connections_held"`

	Within            uint64     `json:"answered_within"` // successful answers within the measured time; requests_per_second counts these
	RequestsPerSecond float64    `json:"requests_per_second"`
	OfferedRate       float64    `json:"offered_rate"` // 0 in a closed loop
	Latency           stats.Dist `json:"latency_ns"`
	Service           stats.Dist `json:"service_time_ns"`
	SendLag           stats.Dist `json:"send_lag_ns"`
	CPUPerRequest     float64    `json:"cpu_us_per_request"` // CPU time of the generator
	Series            Series     `json:"series"`
	Pairs             *Pairs     `json:"pairs,omitempty"` // for paired arrivals
}

// Series is the form of Result.Bins in a file: a value for each part of the measured time.
type Series struct {
	WidthS   float64  `json:"width_s"`
	Requests []uint64 `json:"requests"`
	Mean     []int64  `json:"latency_mean_ns"` // 0 where no request was answered
	P50      []int64  `json:"latency_p50_ns"`  // 0 where fewer than 20 requests were answered
}

// Pairs holds the additional values of paired arrivals.
type Pairs struct {
	Spacing  stats.Dist `json:"spacing_ns"` // the actual spacing, see Result.PairSpacing
	Reversed uint64     `json:"reversed"`
	Latency  stats.Dist `json:"second_latency_ns"`
	Service  stats.Dist `json:"second_service_time_ns"`
}

// Report converts r to its written form.
func (r *Result) Report() Report {
	report := Report{
		URL: r.cfg.URL, Loop: "closed", Connections: r.cfg.Connections, Close: r.cfg.Close, Seed: r.cfg.Seed,
		DurationS: r.Duration.Seconds(), Planned: r.Planned, Requests: r.Requests, Errors: r.Errors, Statuses: r.Statuses,
		Unanswered: r.Unanswered, UnansweredLeast: int64(r.UnansweredLeast), TimeoutS: r.cfg.Timeout.Seconds(),
		Late: r.Late, Unasked: r.Unasked, Beyond: r.Beyond, Starved: r.Starved, Held: r.Held, Within: r.Within,
		RequestsPerSecond: r.Achieved, OfferedRate: r.Offered,
		Latency: stats.NewDist(r.Latency), Service: stats.NewDist(r.Service), SendLag: stats.NewDist(r.SendLag),
		CPUPerRequest: r.CPUPerRequest(), CPUs: r.cfg.CPUs, Series: r.Bins.series(),
	}
	if r.cfg.Rate > 0 {
		report.Loop, report.Arrivals, report.Burst = "open", string(r.cfg.Arrivals), r.cfg.Burst
	}
	if r.Second != nil {
		asked := int64(r.cfg.Spacing)
		report.SpacingNs = &asked
		report.Pairs = &Pairs{
			Spacing: stats.NewDist(r.PairSpacing), Reversed: r.Reversed,
			Latency: stats.NewDist(r.Second.Latency), Service: stats.NewDist(r.Second.Service),
		}
	}
	return report
}

// CPUPerRequest returns the generator's own CPU time per request, in µs.
func (r *Result) CPUPerRequest() float64 {
	if r.Within == 0 {
		return 0
	}
	return float64(r.CPU.Nanoseconds()) / 1e3 / float64(r.Within)
}

// RateMissed returns the share of an open loop's planned requests that had no
// answer by the end of the grace. It is 0 in a closed loop.
func (r *Result) RateMissed() float64 {
	if r.Planned == 0 || r.Offered == 0 {
		return 0
	}
	return float64(r.Overdue) / float64(r.Planned)
}
