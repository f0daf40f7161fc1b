package flight

import (
	"slices"
	"testing"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// holds checks that a histogram has exactly these values, in any order.
func holds(t *testing.T, name string, h *hdrhistogram.Histogram, want ...int64) {
	t.Helper()
	got := []int64{} // below 2048 ns the histogram is exact
	for _, bar := range h.Distribution() {
		for range bar.Count {
			got = append(got, bar.From)
		}
	}
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("%s: %v, want %v", name, got, want)
	}
}

// threads makes a recording from lists of records, one list for each thread.
func threads(lists ...[]Record) (each []Thread) {
	for i, list := range lists {
		each = append(each, Thread{TID: 100 + i, Records: list})
	}
	return each
}

// TestLeadership: thread A leads, takes event 0 and promotes B, who slept. B
// takes event 1, has no follower to promote, and frees the leadership. A
// returns from its request and takes the leadership without having slept. A
// takes event 2, and the recording ends before the next leader.
func TestLeadership(t *testing.T) {
	a := []Record{
		{Seq: 0, F5: 100, F6: 110, U0: 1000, P0: 1010, P1: 1020, P3: 1030, A1: 900, H0: 1050, H1: 1500},
		{Seq: 2, Promoted: false, F5: 2500, F6: 2510, U0: 3000, P0: 3005},
	}
	b := []Record{
		{Seq: 1, Promoted: true, F5: 1110, F6: 1130, U0: 2000, P0: 2010, A1: 1950, H0: 2100, H1: 2150},
		{A1: 2300, H0: 2333, H1: 2334}, // a further request on B's connection
	}
	s := Merge(threads(a, b, nil), Leadership, Window{})
	holds(t, "H", s.Handoff, 1110-1010)
	holds(t, "G", s.Gap, 1130-1000)
	holds(t, "G_none", s.GapNoLeader, 2510-2000)
	holds(t, "D", s.Dispatch, 1050-900, 2100-1950, 2333-2300)
	holds(t, "handler", s.Handler, 450, 50, 1)
	if s.Unmatched != 1 {
		t.Errorf("%d unmatched, want that of event 2", s.Unmatched)
	}
}

// TestItems: a listener hands item 1 to a worker that sleeps and item 2 to one
// that is awake. It handed over both after one wait, so only the gap after the
// second counts. The worker of item 3 was not recorded.
func TestItems(t *testing.T) {
	listener := []Record{
		{Seq: 1, F6: 50, U0: 100, P0: 110, P1: 111, P3: 120},
		{Seq: 2, U0: 130, P0: 140, P1: 141, P3: 150, F6: 190},
		{Seq: 3, U0: 300, P0: 310},
	}
	workers := [][]Record{
		{{Seq: 1, Promoted: true, F5: 160, A1: 90, H0: 170, H1: 180}, {A1: 400, H0: 410, H1: 430}},
		{{Seq: 2, Promoted: false, F5: 145, A1: 0, H0: 150, H1: 155}}, // without a time stamp of the kernel
	}
	s := Merge(threads(append(workers, listener)...), Items, Window{})
	holds(t, "H", s.Handoff, 160-110)
	holds(t, "G", s.Gap, 190-130)
	holds(t, "G_none", s.GapNoLeader)
	holds(t, "D", s.Dispatch, 170-90, 410-400)
	holds(t, "handler", s.Handler, 10, 20, 5)
	if s.Unmatched != 1 {
		t.Errorf("%d unmatched, want that of item 3", s.Unmatched)
	}
}

// TestNoHandoff has records of requests only.
func TestNoHandoff(t *testing.T) {
	s := Merge(threads([]Record{{U0: 5, A1: 10, H0: 20, H1: 50}}, []Record{{A1: 7, H0: 10}}), NoHandoff, Window{})
	holds(t, "H", s.Handoff)
	holds(t, "G", s.Gap)
	holds(t, "G_none", s.GapNoLeader)
	holds(t, "D", s.Dispatch, 10, 3)
	holds(t, "handler", s.Handler, 30)
	if s.Unmatched != 0 {
		t.Errorf("%d unmatched", s.Unmatched)
	}
}

// TestRange checks that durations which are negative, because of two clocks, or
// out of range are clipped and counted.
func TestRange(t *testing.T) {
	s := Merge(threads([]Record{{A1: 200, H0: 100, H1: 100}, {A1: 1, H0: 200e9, H1: 200e9 + 5}}), NoHandoff, Window{})
	if s.Dispatch.TotalCount() != 2 || s.Dispatch.Min() != 1 || s.Dispatch.Max() < 59e9 {
		t.Errorf("D from %d to %d, %d values", s.Dispatch.Min(), s.Dispatch.Max(), s.Dispatch.TotalCount())
	}
}

// TestRecordedLeadership calls the logs of two threads in the order of a pool,
// and summarises the recording.
func TestRecordedLeadership(t *testing.T) {
	r := New(16)
	a, b := r.NewLog(), r.NewLog()
	r.On()
	a.Leads(0, false)
	a.Arms()
	a.Event(0)
	a.Passes()
	a.Published()
	a.Woke()
	b.Leads(1, true)
	b.Arms()
	a.HandlerBegins(Now())
	a.HandlerEnds()
	a.Flush()
	b.Event(1)
	b.Flush()
	r.Off()
	recs, _ := r.Records()
	s := Merge(recs, Leadership, Window{})
	for name, h := range map[string]*hdrhistogram.Histogram{"H": s.Handoff, "G": s.Gap, "D": s.Dispatch, "handler": s.Handler} {
		if h.TotalCount() != 1 {
			t.Errorf("%s has %d values, want 1", name, h.TotalCount())
		}
	}
	if s.Unmatched != 0 || s.GapNoLeader.TotalCount() != 0 {
		t.Errorf("%d unmatched, %d without a leader", s.Unmatched, s.GapNoLeader.TotalCount())
	}
	if s.Handoff.Min() > s.Gap.Max() {
		t.Errorf("the hand-off took %d, the gap around it %d", s.Handoff.Min(), s.Gap.Max())
	}
}
