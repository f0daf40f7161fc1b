package load

// A Report is a Result as `lflab load --json` writes it. The names of its
// fields carry their units, and programs rely on them.
type Report struct {
	URL         string  `json:"url"`
	Loop        string  `json:"loop"` // "open" or "closed"
	Connections int     `json:"connections"`
	Close       bool    `json:"close"`
	Arrivals    string  `json:"arrivals,omitempty"` // of an open loop
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
}

// Report returns r as it is written.
func (r *Result) Report() Report {
	report := Report{
		URL: r.cfg.URL, Loop: "closed", Connections: r.cfg.Connections, Close: r.cfg.Close, Seed: r.cfg.Seed,
		DurationS: r.Duration.Seconds(), Requests: r.Requests, Errors: r.Errors,
		RequestsPerSecond: r.Achieved, OfferedRate: r.Offered,
		Latency: NewDist(r.Latency), Service: NewDist(r.Service), SendLag: NewDist(r.SendLag),
		CPUPerRequest: r.CPUPerRequest(),
	}
	if r.cfg.Rate > 0 {
		report.Loop, report.Arrivals = "open", string(r.cfg.Arrivals)
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
