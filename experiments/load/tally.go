package load

import (
	"fmt"
	"math"

	"github.com/HdrHistogram/hdrhistogram-go"
	"golang.org/x/sys/unix"
)

// The range of every histogram, in ns, its significant digits, and the time, in
// ns, that one value of Result.PerSecond covers. A run that can take longer than
// most has histograms with a larger range.
const (
	least  = 1
	most   = 60e9
	digits = 3
	tenth  = 100e6
)

// A tally holds the counts of one thread. The counts by outcome are of the
// requests planned in the measured time. The counts by arrival are of what came
// within it.
type tally struct {
	// By outcome:
	planned   uint64
	requests  uint64 // with success
	faults    [faultCount]uint64
	statuses  [1000]uint64
	missed    uint64 // without an answer
	leastMiss int64  // the least time with which one of them counted in latency
	late      uint64 // sent after the measured time, because no connection was free
	carried   uint64 // planned before the measured time and sent within it; the only count here of other requests
	longest   int64  // the longest service time of these
	overdue   uint64 // without an answer by the end of the grace
	latency   *hdrhistogram.Histogram
	service   *hdrhistogram.Histogram
	sendLag   *hdrhistogram.Histogram
	beyond    uint64     // values beyond the histograms' range
	pairs     *pairTally // nil unless arrivals are paired

	// What arrived in the measured time, whenever its request was planned:
	within  uint64
	bytes   uint64
	unasked uint64 // data on connections without a request
	tenths  []uint64
	bins    bins
	cpu     int64 // ns

	// Of the whole run:
	sent, answered, opened uint64
}

func newTally(cfg Config) *tally {
	reach := cfg.reach()
	t := &tally{
		tenths: make([]uint64, (cfg.Duration+tenth-1)/tenth), bins: newBins(int64(cfg.Duration), reach),
		latency: newHistogram(reach), service: newHistogram(reach), sendLag: newHistogram(reach),
		leastMiss: math.MaxInt64,
	}
	if cfg.Rate > 0 && cfg.Arrivals == Paired {
		t.pairs = &pairTally{spacing: newHistogram(reach), latency: newHistogram(reach), service: newHistogram(reach)}
	}
	return t
}

// reach returns twice the longest time that a run of c can measure, to allow
// for pauses of the machine, and at least most.
func (c Config) reach() int64 {
	return max(most, 2*int64(c.Warmup+c.Duration+c.Timeout))
}

func newHistogram(reach int64) *hdrhistogram.Histogram { return hdrhistogram.New(least, reach, digits) }

// record counts ns. A value beyond the range counts as the end of the range,
// and in beyond.
func (t *tally) record(h *hdrhistogram.Histogram, ns int64) {
	if ns > h.HighestTrackableValue() {
		t.beyond++
	}
	clamp(h, ns)
}

func clamp(h *hdrhistogram.Histogram, ns int64) {
	_ = h.RecordValue(max(least, min(h.HighestTrackableValue(), ns))) // cannot be out of range
}

// noAnswer counts a request without an answer, which counted in latency with
// ns.
func (t *tally) noAnswer(ns int64) {
	t.missed++
	t.overdue++
	t.leastMiss = min(t.leastMiss, ns)
}

func (t *tally) add(o *tally) {
	for _, n := range []struct{ into, from *uint64 }{
		{&t.planned, &o.planned}, {&t.requests, &o.requests}, {&t.missed, &o.missed}, {&t.late, &o.late}, {&t.overdue, &o.overdue}, {&t.carried, &o.carried}, {&t.beyond, &o.beyond},
		{&t.within, &o.within}, {&t.bytes, &o.bytes}, {&t.unasked, &o.unasked},
		{&t.sent, &o.sent}, {&t.answered, &o.answered}, {&t.opened, &o.opened},
	} {
		*n.into += *n.from
	}
	t.cpu += o.cpu
	t.leastMiss = min(t.leastMiss, o.leastMiss)
	t.longest = max(t.longest, o.longest)
	for i, n := range o.faults {
		t.faults[i] += n
	}
	for i, n := range o.statuses {
		t.statuses[i] += n
	}
	for i, n := range o.tenths {
		t.tenths[i] += n
	}
	t.bins.merge(o.bins)
	t.latency.Merge(o.latency)
	t.service.Merge(o.service)
	t.sendLag.Merge(o.sendLag)
	if t.pairs != nil {
		t.pairs.merge(o.pairs)
	}
}

// reconcile checks the counts: every request planned in the measured time has
// one outcome and one latency, and every one that was sent has a service time.
func (t *tally) reconcile() error {
	outcomes := t.requests
	for _, n := range t.faults {
		outcomes += n
	}
	latencies, services := uint64(t.latency.TotalCount()), uint64(t.service.TotalCount())
	if outcomes == t.planned && latencies == t.planned && services == t.planned-t.faults[faultNotSent] {
		return nil
	}
	return fmt.Errorf("the counts of this load contradict each other: %d requests planned, %d outcomes, %d latencies, %d service times of which %d were not sent (this is a fault of the generator: please report it)",
		t.planned, outcomes, latencies, services, t.faults[faultNotSent])
}

// threadCPU returns the CPU time of the calling thread, user and system, in ns.
func threadCPU() int64 {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_THREAD, &u); err != nil {
		panic("getrusage of the own thread: " + err.Error()) // cannot fail
	}
	return u.Utime.Nano() + u.Stime.Nano()
}
