package run

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"lflab/experiments/load"
	"lflab/experiments/machine"
	"lflab/experiments/probe"
	"lflab/experiments/probe/stage"
	"lflab/experiments/record"
	"lflab/experiments/run/process"
	"lflab/experiments/stats"
)

// session is one server process during the phases of a trial.
type session struct {
	server  *process.Process
	meter   *process.Meter
	address string
	mode    string // connection mode of the client
	ours    bool   // the server answers the paths of `lflab serve --lab`
	shape   stage.Shape
	seed    uint64
	cpus    []int // CPUs of the generator's threads

	spinners *spinners
	ring     int       // size of the probe's buffer in bytes
	programs *programs // of the probe, for the first phase that needs them; nil if they are taken
}

// reading holds all counters read at one end of the measured time.
type reading struct {
	at     time.Time
	server process.Sample
	self   time.Duration // CPU time of this process
	busy   machine.CPUTime
	rss    uint64
	spun   time.Duration // CPU time of the spinners
	drops  uint64        // connections that this network name space dropped before a server accepted them
	err    error
}

func (s *session) read() (r reading) {
	r.at = time.Now()
	r.busy, r.err = machine.ReadCPUTime()
	r.self = machine.OwnCPU()
	if r.err == nil {
		r.server, r.err = s.meter.Sample()
	}
	if r.err == nil {
		r.spun, r.err = s.spinners.cpu()
	}
	if r.err == nil {
		r.drops, r.err = machine.ListenDrops()
	}
	return r
}

// load returns the generator's configuration for a phase.
func (s *session) load(p record.Phase) load.Config {
	cfg := load.Config{
		URL: "http://" + s.address + p.Path, Connections: p.Connections, Close: s.mode == "close", Threads: p.Generators,
		Warmup: seconds(p.WarmupS), Duration: seconds(p.DurationS),
		Rate: p.Rate, Arrivals: load.Arrivals(p.Arrivals), Seed: s.seed, Timeout: 5 * time.Second,
		Spacing: time.Duration(p.Spacing * float64(time.Microsecond)), Burst: p.Burst, CPUs: s.cpus,
	}
	if n, ok := p.ConnectionsByMode[s.mode]; ok {
		cfg.Connections = n
	}
	if r, ok := p.RateByMode[s.mode]; ok {
		cfg.Rate = r
	}
	return cfg
}

// phase runs one load on the server. It reads the counters of /proc at the
// beginning and the end of the measured time, and has the server read its own
// then; the kernel probe records in between. The flight recorder runs longer,
// and the server leaves out what does not belong to the measured time.
func (s *session) phase(ctx context.Context, p record.Phase) (*record.PhaseResult, []record.Gate, error) {
	if p.Step != nil {
		return s.step(ctx, p)
	}
	cfg := s.load(p)
	if err := s.meter.Discover(); err != nil {
		return nil, nil, err
	}
	programs := s.programs
	if s.programs != nil && s.programs.kind == p.Probe {
		s.programs = nil
	} else {
		programs = loadPrograms(p.Probe, s.ring)
	}
	w, err := programs.watch(s.meter.Tops(), s.shape)
	if err != nil {
		return nil, nil, err
	}
	defer w.close() // attached programs would slow down the next phase
	ctl := control{address: s.address}
	var own *snapshots
	if s.ours {
		if own, err = ctl.snapshots(ctx); err != nil {
			return nil, nil, err
		}
		defer own.close()
		if p.Flight {
			if err := ctl.startFlight(ctx); err != nil {
				return nil, nil, err
			}
		}
	}
	bg := &record.BackgroundResult{}
	var bgErr error
	if p.Background != nil {
		crowd := load.Background(*p.Background)
		cfg.Background = &crowd
		if bg.RSSBefore, err = s.meter.RSS(); err != nil {
			return nil, nil, err
		}
		cfg.Opened = func() { bg.RSSWith, bgErr = s.meter.RSS() }
	}
	runtime.GC() // collect the garbage of earlier phases now, not during this one
	var begin, end reading
	cfg.Begin = func() { w.start(); own.take(); begin = s.read() }
	cfg.End = func() {
		w.stop()
		end = s.read()
		own.take()
		if end.err == nil {
			end.rss, end.err = s.meter.RSS()
		}
	}
	res, err := load.Run(ctx, cfg)
	if err != nil {
		return nil, nil, err
	}
	if err := errors.Join(bgErr, begin.err, end.err); err != nil {
		return nil, nil, err
	}
	r := result(p.Name, cfg, res, begin, end)
	if res.Background != nil {
		bg.Presences = *res.Background
		r.Background = bg
	}
	if err := w.into(r); err != nil {
		return nil, nil, err
	}
	if p.Arrivals == string(load.Paired) {
		w.pairsInto(r, cfg.Spacing)
	}
	if p.Overload {
		r.Counts["listen_drops"] = end.drops - begin.drops
	}
	var fl *flight
	if s.ours {
		if p.Flight {
			if fl, err = ctl.stopFlightInto(ctx, w, r, measured(res)); err != nil {
				return nil, nil, err
			}
		}
		if err := own.into(r, p.Flight); err != nil {
			return nil, nil, err
		}
	}
	gates := phaseGates(p, res, begin, end, fl, r)
	if r.Background != nil {
		g := backgroundGate(r.Background)
		g.Phase = p.Name
		gates = append(gates, g)
	}
	return r, gates, nil
}

// stopFlightInto stops the server's recorder and adds its findings to a phase,
// joined with the probe's records if there are any.
func (ctl control) stopFlightInto(ctx context.Context, w *watch, r *record.PhaseResult, in window) (*flight, error) {
	if !w.hasRecords() {
		fl, err := ctl.stopFlight(ctx, in)
		if err == nil {
			fl.into(r)
		}
		return fl, err
	}
	fl, user, err := ctl.stopFlightRaw(ctx, in)
	if err != nil {
		return nil, err
	}
	fl.into(r)
	r.User = userStages(probe.Join(w.records, user))
	return fl, nil
}

// result returns the measurements of the load and the meter.
func result(name string, cfg load.Config, res *load.Result, begin, end reading) *record.PhaseResult {
	use := process.Between(begin.server, end.server)
	n := max(1, float64(res.Within))
	perRequest := func(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e3 / n }
	r := &record.PhaseResult{
		Name: name, Requests: res.Within, Errors: res.Errors, Started: begin.at, DurationS: res.Duration.Seconds(),
		RequestsPerSecond: res.Achieved, OfferedRate: res.Offered,
		Latency: stats.NewDist(res.Latency), Service: stats.NewDist(res.Service), SendLag: stats.NewDist(res.SendLag),
		CPUPerRequest: perRequest(use.CPU), UserCPUPerRequest: perRequest(use.User), SystemCPUPerRequest: perRequest(use.System),
		VoluntaryPerRequest: float64(use.Voluntary) / n, InvoluntaryPerRequest: float64(use.Involuntary) / n,
		Utilisation:       use.CPU.Seconds() / (use.Wall.Seconds() * float64(runtime.NumCPU())),
		GeneratorCPUShare: res.CPUShare, GeneratorCPUPerReq: perRequest(res.CPU),
		Counts:     map[string]uint64{},
		Histograms: map[string]*hdrhistogram.Histogram{"latency": res.Latency},
		RSS:        end.rss,
	}
	r.Edges = &record.Edges{Carried: res.Carried, CarriedLongestNS: int64(res.CarriedLongest), Late: res.Late, Unanswered: res.Unanswered}
	if *r.Edges == (record.Edges{}) {
		r.Edges = nil
	}
	if res.Offered > 0 { // in a closed loop, service time equals latency
		r.Histograms["service"] = res.Service
	}
	if res.Duration > 0 {
		r.BytesPerSecond = float64(res.Bytes) / res.Duration.Seconds()
	}
	r.Bins = &record.Bins{WidthS: res.Bins.Width.Seconds(), Requests: res.Bins.Requests, MeanNS: rounded(res.Bins.Mean)}
	if res.Second != nil {
		second, spacing := stats.NewDist(res.Second.Latency), stats.NewDist(res.PairSpacing)
		r.SecondLatency, r.PairSpacing = &second, &spacing
	}
	if use.ThreadsEnded > 0 {
		r.Counts["threads_ended"] = uint64(use.ThreadsEnded)
	}
	return r
}

// rounded rounds to whole ns, because no clock measures fractions.
func rounded(xs []float64) []float64 {
	out := make([]float64, len(xs))
	for i, x := range xs {
		out[i] = math.Round(x)
	}
	return out
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// flightReport is a server's answer when its recorders are switched off.
type flightReport struct {
	H, G        string // base64 of a compressed HdrHistogram V2; empty if there is none
	GNone       string `json:"G_none"`
	D           string
	Unmatched   uint64 `json:"unmatched"`
	Unstamped   uint64 `json:"unstamped"`
	Unfinished  uint64 `json:"unfinished"`
	Overwritten uint64 `json:"overwritten"`
}

// flight is the decoded report.
type flight struct {
	histograms             map[string]*hdrhistogram.Histogram
	unmatched, overwritten uint64
	unstamped, unfinished  uint64
}

func (f flightReport) decode() (*flight, error) {
	out := &flight{histograms: map[string]*hdrhistogram.Histogram{}, unmatched: f.Unmatched, overwritten: f.Overwritten, unstamped: f.Unstamped, unfinished: f.Unfinished}
	for name, text := range map[string]string{"H": f.H, "G": f.G, "G_none": f.GNone, "D": f.D} {
		if text == "" {
			continue
		}
		h, err := hdrhistogram.Decode([]byte(text))
		if err != nil {
			return nil, fmt.Errorf("decode histogram %s of the flight recorder: %w", name, err)
		}
		if h.TotalCount() > 0 {
			out.histograms[name] = h
		}
	}
	return out, nil
}

// into adds the recorder's findings to a phase.
func (f *flight) into(r *record.PhaseResult) {
	dist := func(name string) *stats.Dist {
		h := f.histograms[name]
		if h == nil {
			return nil
		}
		r.Histograms[name] = h
		d := stats.NewDist(h)
		return &d
	}
	r.H, r.G, r.GNone, r.D = dist("H"), dist("G"), dist("G_none"), dist("D")
	r.FlightLost = f.overwritten
	if r.Edges == nil {
		r.Edges = &record.Edges{}
	}
	r.Edges.Unstamped, r.Edges.Unfinished = f.unstamped, f.unfinished
	if f.unmatched > 0 {
		r.Counts["flight_unmatched"] = f.unmatched
	}
}

// records returns about how many records the recorder took.
func (f *flight) records() uint64 {
	count := func(name string) uint64 {
		if h := f.histograms[name]; h != nil {
			return uint64(h.TotalCount())
		}
		return 0
	}
	return max(count("D"), count("G")+count("G_none"), count("H"))
}
