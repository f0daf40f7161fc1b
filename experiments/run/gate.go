package run

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"lflab/experiments/load"
	"lflab/experiments/machine"
	"lflab/experiments/probe/stage"
	"lflab/experiments/record"
	"lflab/experiments/run/process"
	"lflab/experiments/stats"
)

// These are the limits of the gates.
const (
	rateLimit      = 0.01 // share of the planned requests that may be without an answer after the grace
	generatorLimit = 0.95 // share of its threads' time, in an open loop
	clockLimit     = 1e6  // ns by which the clocks may drift apart during a trial
	flightLimit    = 0.01 // share of the records that may be lost
	lagLimit       = 1e6  // ns by which the generator may send late, in the mean

	// What others used is known for the measured time only, which may be a
	// quarter of a second: a program that takes a third of a CPU in bursts then
	// takes more or less, by chance. It must pass, so othersCPUs is more.
	othersLimit    = 0.25 // share of the machine's CPU time
	othersCPUs     = 0.50 // CPUs: equals othersLimit on two CPUs and is stricter on more
	stolenLimit    = 0.05 // share of the machine's CPU time
	throttledLimit = 0.01 // share of the machine's CPU time

	// The recorder starts and ends in the middle of hand-offs. So many
	// unmatched halves are no loss.
	flightEdges = 4
)

// phaseGates judges one phase and sets the verdict on its steady state in r,
// which must be complete otherwise. fl is nil if the recorder was off.
func phaseGates(p record.Phase, res *load.Result, begin, end reading, fl *flight, r *record.PhaseResult) []record.Gate {
	gates := []record.Gate{errorsGate(res), waitGate(res)}
	if res.Offered > 0 {
		gates = append(gates, rateGate(res), lagGate(r.SendLag))
	}
	gates = append(gates, generatorGate(res))
	if fl != nil {
		gates = append(gates, flightGate(fl))
		if g, ok := r.WindowGate(); ok {
			gates = append(gates, g)
		}
	}
	if r.Probe != nil {
		gates = append(gates, probeGate(r.Probe.Lost))
	}
	if p.Step == nil { // a step is not steady
		gates = append(gates, r.Settle(res.Offered > 0))
	}
	for i := range gates {
		gates[i].Phase = p.Name
	}
	use := process.Between(begin.server, end.server)
	used := use.CPU + end.self - begin.self + end.spun - begin.spun
	gates = append(gates, lostGates(p.Name, begin.busy, end.busy, used, use.Wall)...)
	if p.Overload {
		excuse(gates)
	}
	return gates
}

// excuse passes the gates that an overload fails on purpose: failed, late and
// waiting requests, and growing queues.
func excuse(gates []record.Gate) {
	for i := range gates {
		if g := &gates[i]; !g.OK && (g.Name == "errors" || g.Name == "hidden_waits" || g.Name == "offered_rate" || g.Name == "steady") {
			g.OK, g.Limit = true, g.Value
			g.Detail += ", as it is to be expected under more than can be served"
		}
	}
}

// mostOthers returns the largest share of the machine's CPU time that other
// programs may use.
func mostOthers(cpus int) float64 { return min(othersLimit, othersCPUs/float64(max(1, cpus))) }

// lostGates judges the CPU time between two readings that others took from the
// trial. used is the CPU time of the trial and the runner.
func lostGates(phase string, begin, end machine.CPUTime, used, wall time.Duration) []record.Gate {
	gates := []record.Gate{
		shareGate("other_load", "other programs used", end.Busy-begin.Busy-used, wall, end.CPUs, mostOthers(end.CPUs)),
		shareGate("stolen", "the hypervisor took", end.Stolen-begin.Stolen, wall, end.CPUs, stolenLimit),
		shareGate("throttled", "a control group's quota withheld", end.Throttled-begin.Throttled, wall, end.CPUs, throttledLimit),
	}
	for i := range gates {
		gates[i].Phase = phase
	}
	return gates
}

func errorsGate(res *load.Result) record.Gate {
	var total uint64
	var kinds []string
	for _, kind := range slices.Sorted(maps.Keys(res.Errors)) {
		total += res.Errors[kind]
		kinds = append(kinds, fmt.Sprintf("%d %s", res.Errors[kind], kind))
	}
	if res.Unasked > 0 {
		total += res.Unasked
		kinds = append(kinds, fmt.Sprintf("%d answers to nothing", res.Unasked))
	}
	g := record.Gate{Name: "errors", OK: total == 0 && res.Requests > 0, Value: float64(total), Detail: "every request was answered"}
	switch {
	case total > 0:
		g.Detail = fmt.Sprintf("%d requests failed (%s)", total, strings.Join(kinds, ", "))
	case res.Requests == 0:
		g.Detail = "no request was answered within the measured time"
	}
	return g
}

// waitGate rejects a trial in which clients waited without the latencies showing
// it: a connection had no answer in the whole measured time, or a request of the
// warm-up still occupied a connection then.
func waitGate(res *load.Result) record.Gate {
	s, h := res.Starved, res.Held
	g := record.Gate{Name: "hidden_waits", OK: s.Silent == 0 && !h.Hides(), Detail: "no connection waited longer than the measured times say"}
	if !g.OK {
		g.Value = float64(max(s.Silent, h.Connections))
		g.Detail = fmt.Sprintf("of %d connections %d had no answer in the measured time, and %d waited for a request of the warm-up: %d to the end, %d until it failed, for %.3f s at most",
			s.Asked, s.Silent, h.Connections, h.ToEnd, h.Failed, h.LongestS)
	}
	return g
}

// rateGate counts the requests planned in the measured time that had no answer
// by its end and a grace (load.Config.Grace). It compares with the requests
// planned in this trial, not with the requested rate, because Poisson arrivals
// differ from it by chance. Without a grace, a stall of some ms at the end would
// fail a trial of which nothing is missing. More answers than planned requests
// are no fault: the warm-up left a queue.
func rateGate(res *load.Result) record.Gate {
	missed := res.RateMissed()
	g := record.Gate{Name: "offered_rate", OK: missed <= rateLimit && res.Planned > 0, Value: missed, Limit: rateLimit,
		Detail: fmt.Sprintf("%d requests were planned, and %d of them had no answer by the end and a grace of %.0f ms, at %.0f/s offered",
			res.Planned, res.Overdue, res.Grace.Seconds()*1e3, res.Offered)}
	if res.Late > 0 {
		g.Detail += fmt.Sprintf("; %d were sent after the end", res.Late)
	}
	if res.Within > res.Planned {
		g.Detail += fmt.Sprintf("; %d answers more than that came, because the warm-up left a queue", res.Within-res.Planned)
	}
	return g
}

// lagGate limits the generator's lateness, because latency counts from the
// planned send and thus includes it. Its mean is about 10 µs undisturbed, and
// below 500 µs if server and generator want more CPUs than there are. A
// generator that cannot run, for example because of a quota, is late by 1000 µs
// and more.
func lagGate(lag stats.Dist) record.Gate {
	return record.Gate{Name: "send_lag", OK: lag.Mean <= lagLimit, Value: lag.Mean, Limit: lagLimit,
		Detail: fmt.Sprintf("the generator sent %.3f ms later than planned in the mean", lag.Mean/1e6)}
}

// generatorGate limits the generator's CPU time. In an open loop a generator
// that is always busy sends late. A closed loop on few CPUs keeps it busy on
// purpose; there the gate reports the share and rejects only an impossible one.
func generatorGate(res *load.Result) record.Gate {
	g := record.Gate{Name: "generator_cpu", Value: res.CPUShare, Limit: generatorLimit,
		Detail: fmt.Sprintf("the generator used %.0f %% of its threads' time", 100*res.CPUShare)}
	if res.Offered == 0 {
		g.Limit = 1.05
		if res.CPUShare > generatorLimit {
			g.Detail += ": it, not the server, may set the throughput"
		}
	}
	g.OK = res.CPUShare <= g.Limit
	return g
}

func flightGate(fl *flight) record.Gate {
	lost := fl.overwritten + fl.unmatched - min(fl.unmatched, flightEdges)
	share := 0.0
	if lost > 0 {
		share = float64(lost) / float64(fl.records()+lost)
	}
	return record.Gate{Name: "flight_lost", OK: share <= flightLimit, Value: share, Limit: flightLimit,
		Detail: fmt.Sprintf("%d records were taken, %d overwritten, %d hand-offs without their other half", fl.records(), fl.overwritten, fl.unmatched)}
}

func probeGate(l stage.Lost) record.Gate {
	return record.Gate{Name: "probe_lost", OK: !l.Any(), Value: float64(l.Records + l.Missed + l.Dropped),
		Detail: fmt.Sprintf("the probe lost %d records, missed %d events and dropped %d states", l.Records, l.Missed, l.Dropped)}
}

// shareGate judges CPU time that the trial lost. Because ticks are coarse, the
// share may come out slightly negative; it then counts as 0.
func shareGate(name, subject string, lost, wall time.Duration, cpus int, limit float64) record.Gate {
	share := max(0, lost.Seconds()/(wall.Seconds()*float64(max(1, cpus))))
	return record.Gate{Name: name, OK: share <= limit, Value: share, Limit: limit,
		Detail: fmt.Sprintf("%s %.0f %% of the machine's CPU time", subject, 100*share)}
}

// clockGate limits drift, the ns by which the real-time clock ran ahead of the
// monotonic clock during the trial.
func clockGate(drift int64) record.Gate {
	step := math.Abs(float64(drift))
	return record.Gate{Name: "clock_step", OK: step <= clockLimit, Value: step, Limit: clockLimit,
		Detail: fmt.Sprintf("the clock was set by %.3f ms during the trial", step/1e6)}
}
