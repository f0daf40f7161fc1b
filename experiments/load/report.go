package load

// A Report is a Result as `lflab load --json` writes it. The names of its
// fields carry their units, and programs rely on them.
type Report struct {
	URL         string  `json:"url"`
	Loop        string  `json:"loop"` // "open" or "closed"
	Connections int     `json:"connections"`
	Close       bool    `json:"close"`
	Arrivals    string  `json:"arrivals,omitempty"`   // of an open loop
	SpacingNs   *int64  `json:"spacing_ns,omitempty"` // of paired arrivals, as it was asked for
	Burst       int     `json:"burst,omitempty"`      // of bursts: requests in each
	CPUs        []int   `json:"cpus,omitempty"`       // the generator threads were bound to
	Seed        uint64  `json:"seed"`
	DurationS   float64 `json:"duration_s"`

	Requests          uint64            `json:"requests"`
	Errors            map[string]uint64 `json:"errors"`
	RequestsPerSecond float64           `json:"requests_per_second"`
	OfferedRate       float64           `json:"offered_rate"` // 0 in a closed loop
	Latency           Dist              `json:"latency_ns"`
	Service           Dist              `json:"service_time_ns"`
	SendLag           Dist              `json:"send_lag_ns"`
	CPUPerRequest     float64           `json:"cpu_us_per_request"` // of the generator
	Series            Series            `json:"series"`
	Pairs             *Pairs            `json:"pairs,omitempty"` // of paired arrivals
}

// Series is Result.Bins as it is written: a value for each part of the measured
// time.
type Series struct {
	WidthS   float64  `json:"width_s"`
	Requests []uint64 `json:"requests"`
	Mean     []int64  `json:"latency_mean_ns"` // 0 where no request was answered
	P50      []int64  `json:"latency_p50_ns"`
}

// Pairs is what is written of paired arrivals beside what all loads have.
type Pairs struct {
	Spacing  Dist   `json:"spacing_ns"` // as it was, see Result.PairSpacing
	Reversed uint64 `json:"reversed"`
	Latency  Dist   `json:"second_latency_ns"`
	Service  Dist   `json:"second_service_time_ns"`
}

// Report returns r as it is written.
func (r *Result) Report() Report {
	report := Report{
		URL: r.cfg.URL, Loop: "closed", Connections: r.cfg.Connections, Close: r.cfg.Close, Seed: r.cfg.Seed,
		DurationS: r.Duration.Seconds(), Requests: r.Requests, Errors: r.Errors,
		RequestsPerSecond: r.Achieved, OfferedRate: r.Offered,
		Latency: NewDist(r.Latency), Service: NewDist(r.Service), SendLag: NewDist(r.SendLag),
		CPUPerRequest: r.CPUPerRequest(), CPUs: r.cfg.CPUs, Series: r.Bins.series(),
	}
	if r.cfg.Rate > 0 {
		report.Loop, report.Arrivals, report.Burst = "open", string(r.cfg.Arrivals), r.cfg.Burst
	}
	if r.Second != nil {
		asked := int64(r.cfg.Spacing)
		report.SpacingNs = &asked
		report.Pairs = &Pairs{
			Spacing: NewDist(r.PairSpacing), Reversed: r.Reversed,
			Latency: NewDist(r.Second.Latency), Service: NewDist(r.Second.Service),
		}
	}
	return report
}

// CPUPerRequest is the generator's own CPU time per request, in us.
func (r *Result) CPUPerRequest() float64 {
	if r.Requests == 0 {
		return 0
	}
	return float64(r.CPU.Nanoseconds()) / 1e3 / float64(r.Requests)
}

// RateMissed is the share by which an open loop's answered requests fall short
// of the planned ones, 0.01 being 1 %; negative when more were answered, of a
// queue that the warm-up left. It compares with what was planned in this run,
// not with the rate asked for, from which Poisson arrivals differ by chance.
// It is 0 in a closed loop.
func (r *Result) RateMissed() float64 {
	if r.Planned == 0 {
		return 0
	}
	return 1 - float64(r.Requests)/float64(r.Planned)
}
