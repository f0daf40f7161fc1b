package flight

import (
	"reflect"
	"testing"
)

// TestWindowOfItems: what begins before the window or after it does not count,
// also where its end lies in the window. What ends after it counts.
func TestWindowOfItems(t *testing.T) {
	listener := []Record{
		{Seq: 1, F6: 50, U0: 90, P0: 95, F5: 0},
		{Seq: 2, F6: 190, U0: 130, P0: 140},
		{Seq: 3, F6: 310, U0: 198, P0: 199},
		{Seq: 4, U0: 201, P0: 202},
		{Seq: 5, U0: 150, P0: 160}, // its worker was not recorded
		{Seq: 6, U0: 300, P0: 310}, // nor was this one's
	}
	worker := []Record{
		{Seq: 1, Promoted: true, F5: 101, A1: 99, H0: 103, H1: 110},
		{Seq: 2, Promoted: true, F5: 160, A1: 100, H0: 170, H1: 180},
		{H0: 181, H1: 182}, // without a stamp of the kernel
		{Seq: 3, Promoted: true, F5: 205, A1: 199, H0: 250, H1: 260},
		{Seq: 4, Promoted: true, F5: 220, A1: 200, H0: 230, H1: 240},
		{H0: 250, H1: 251}, // without a stamp, and after the window
	}
	s := Merge(threads(listener, worker), Items, Window{100, 200})
	holds(t, "H", s.Handoff, 160-140, 205-199)
	holds(t, "G", s.Gap, 190-130, 310-198)
	holds(t, "D", s.Dispatch, 170-100, 250-199)
	holds(t, "handler", s.Handler, 7, 10, 1)
	if s.Unmatched != 1 || s.Unstamped != 1 {
		t.Errorf("%d unmatched and %d without a stamp in the window, want 1 and 1", s.Unmatched, s.Unstamped)
	}
	all := Merge(threads(listener, worker), Items, Window{})
	if n := all.Dispatch.TotalCount(); n != 4 || all.Unmatched != 2 || all.Unstamped != 2 {
		t.Errorf("without a window: %d values of D, %d unmatched, %d without a stamp", n, all.Unmatched, all.Unstamped)
	}
}

// TestCut keeps the records that touch the window. A thread waits in some
// through the whole window.
func TestCut(t *testing.T) {
	before, within, across, after := Record{F6: 50, H1: 99}, Record{U0: 120}, Record{F5: 80, U0: 300}, Record{A1: 200, H0: 210}
	got := Window{100, 200}.Cut(threads([]Record{before, within, across, after}, []Record{before, after}, nil))
	if want := threads([]Record{within, across}); !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
	if all := (Window{}).Cut(threads([]Record{before, after}, nil)); len(all) != 1 || len(all[0].Records) != 2 {
		t.Errorf("all time: %+v", all)
	}
}

// TestOverwrittenInTheWindow: a full log whose oldest record is older than the
// window has lost nothing of it.
func TestOverwrittenInTheWindow(t *testing.T) {
	logs := []Thread{
		{Overwritten: 5, Records: []Record{{H0: 90}, {H0: 150}}},
		{Overwritten: 7, Records: []Record{{H0: 120}}},
		{Overwritten: 11},
		{Records: []Record{{H0: 130}}},
	}
	if n := (Window{100, 200}).Overwritten(logs); n != 18 {
		t.Errorf("%d overwritten, want 7 and 11", n)
	}
	if n := (Window{}).Overwritten(logs); n != 23 {
		t.Errorf("%d overwritten of all time, want all", n)
	}
}

// TestFullLogSaysHowManyItLost compares the threads' numbers with the sum.
func TestFullLogSaysHowManyItLost(t *testing.T) {
	r := New(8)
	full, other := r.NewLog(), r.NewLog()
	r.On()
	for seq := range uint64(20) {
		note(full, seq)
	}
	note(other, 1)
	other.Event(2)
	r.Off()
	recs, lost := r.Records()
	if recs[0].Unfinished || !recs[1].Unfinished || Unfinished(recs) != 1 {
		t.Errorf("unfinished: %v and %v, want the second log's alone", recs[0].Unfinished, recs[1].Unfinished)
	}
	if recs[0].Overwritten != lost || lost != 13 || recs[1].Overwritten != 0 {
		t.Errorf("%d and %d overwritten of %d", recs[0].Overwritten, recs[1].Overwritten, lost)
	}
}
