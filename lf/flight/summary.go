package flight

import (
	"fmt"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Shape says what a hand-off passes. That decides in which records the
// receiver's stamps are.
type Shape int

const (
	// NoHandoff: there are only the stamps h0, h1 and a1.
	NoHandoff Shape = iota
	// Leadership is passed. f5 and f6 of hand-off n are in the next leader's
	// record, whose number is n+1.
	Leadership
	// Items are passed. The receiver's f5 is in a record with the item's
	// number, and f6 is in the giver's record.
	Items
)

// Summary holds the latencies of a recording, in ns.
type Summary struct {
	Handoff     *hdrhistogram.Histogram // H, of receivers that were asleep
	Gap         *hdrhistogram.Histogram // G, where a thread was waiting to take over
	GapNoLeader *hdrhistogram.Histogram // G, where there was no leader until a thread returned
	Dispatch    *hdrhistogram.Histogram // D
	Handler     *hdrhistogram.Histogram // h1 - h0
	Unmatched   uint64                  // hand-offs whose receiver was not recorded
	Unstamped   uint64                  // requests without D, because the kernel did not stamp their data
}

// NewHistogram makes a histogram with the project's usual range: 1 ns to 60 s,
// three significant digits.
func NewHistogram() *hdrhistogram.Histogram { return hdrhistogram.New(1, 60e9, 3) }

// Merge joins the threads' records by hand-off number. Each latency belongs to
// the window in which it begins: D by a1, H by p0, G by u0, and the handler's
// time by h0. What ends a latency may lie after the window, because a request
// that came within it counts however late it is dispatched.
func Merge(perThread []Thread, shape Shape, w Window) Summary {
	s := Summary{Handoff: NewHistogram(), Gap: NewHistogram(), GapNoLeader: NewHistogram(),
		Dispatch: NewHistogram(), Handler: NewHistogram()}
	// The key is the number of the hand-off that was received.
	receivers := map[uint64]*Record{}
	for _, t := range perThread {
		for i := range t.Records {
			r := &t.Records[i]
			if r.F5 != 0 && shape == Leadership && r.Seq > 0 {
				receivers[r.Seq-1] = r
			} else if r.F5 != 0 && shape == Items {
				receivers[r.Seq] = r
			}
			switch {
			case r.H0 == 0:
			case r.A1 == 0 && w.Holds(r.H0):
				s.Unstamped++
			case r.A1 != 0 && w.Holds(r.A1):
				record(s.Dispatch, r.H0-r.A1)
			}
			if r.H0 != 0 && r.H1 != 0 && w.Holds(r.H0) {
				record(s.Handler, r.H1-r.H0)
			}
		}
	}
	for _, t := range perThread {
		for i := range t.Records {
			giver := &t.Records[i]
			if giver.P0 == 0 || giver.U0 == 0 {
				continue
			}
			got := receivers[giver.Seq]
			if got == nil {
				if w.Holds(giver.P0) {
					s.Unmatched++
				}
				continue
			}
			if got.Promoted && w.Holds(giver.P0) {
				record(s.Handoff, got.F5-giver.P0)
			}
			switch {
			case !w.Holds(giver.U0):
			case shape == Items && giver.F6 > giver.U0:
				record(s.Gap, giver.F6-giver.U0)
			case shape == Leadership && got.F6 != 0 && got.Promoted:
				record(s.Gap, got.F6-giver.U0)
			case shape == Leadership && got.F6 != 0:
				record(s.GapNoLeader, got.F6-giver.U0)
			}
		}
	}
	return s
}

// record clips ns to the histogram's range. A difference of two threads' clocks
// may be slightly below 0. Nothing that is recorded lasts a minute.
func record(h *hdrhistogram.Histogram, ns int64) {
	if err := h.RecordValue(min(max(ns, 1), 60e9)); err != nil {
		panic(fmt.Sprintf("flight: record %d ns: %v", ns, err))
	}
}
