package load

import (
	"github.com/HdrHistogram/hdrhistogram-go"
	"golang.org/x/sys/unix"
)

// Range of every histogram, in ns, and width of a value of Result.PerSecond.
const (
	least  = 1
	most   = 60e9
	digits = 3
	tenth  = 100e6
)

// A fault is a kind of error.
type fault uint8

const (
	faultConnect fault = iota
	faultTimeout
	faultReset
	faultClosed
	fault4xx
	fault5xx
	faultProtocol
	faultCount
)

var faultNames = [faultCount]string{"connect", "timeout", "reset", "closed", "status_4xx", "status_5xx", "protocol"}

// A tally is what one thread has counted in the measured time.
type tally struct {
	requests uint64
	planned  uint64
	bytes    uint64
	faults   [faultCount]uint64
	tenths   []uint64 // requests in each
	bins     bins
	cpu      int64 // ns

	latency, service, sendLag *hdrhistogram.Histogram

	pairs *pairTally // nil unless the arrivals are paired

	// Of the whole run:
	sent, answered, opened uint64
}

func newTally(duration int64, paired bool) *tally {
	t := &tally{
		tenths: make([]uint64, (duration+tenth-1)/tenth), bins: newBins(duration),
		latency: newHistogram(), service: newHistogram(), sendLag: newHistogram(),
	}
	if paired {
		t.pairs = &pairTally{spacing: newHistogram(), latency: newHistogram(), service: newHistogram()}
	}
	return t
}

func newHistogram() *hdrhistogram.Histogram { return hdrhistogram.New(least, most, digits) }

// record counts ns; what is out of the range counts at its end.
func record(h *hdrhistogram.Histogram, ns int64) {
	_ = h.RecordValue(max(least, min(most, ns))) // cannot be out of range
}

func (t *tally) add(o *tally) {
	t.requests += o.requests
	t.planned += o.planned
	t.bytes += o.bytes
	t.cpu += o.cpu
	t.sent += o.sent
	t.answered += o.answered
	t.opened += o.opened
	for i, n := range o.faults {
		t.faults[i] += n
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

// threadCPU is the CPU time of the calling thread, user and system, in ns.
func threadCPU() int64 {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_THREAD, &u); err != nil {
		panic("getrusage of the own thread: " + err.Error()) // has no way to go wrong
	}
	return u.Utime.Nano() + u.Stime.Nano()
}
