package flight

import (
	"reflect"
	"sync"
	"testing"
)

// note records one hand-off as a leader does, and then a request.
func note(l *Log, seq uint64) {
	l.Leads(seq, true)
	l.Arms()
	l.Event(seq)
	l.Passes()
	l.Published()
	l.Woke()
	l.HandlerBegins(1)
	l.HandlerEnds()
	l.Flush()
}

// TestNilLog calls the methods of a nil log, which records nothing.
func TestNilLog(t *testing.T) {
	var r *Recorder
	l := r.NewLog()
	if l != nil || r.Recording() {
		t.Fatal("a nil recorder records")
	}
	if n := testing.AllocsPerRun(100, func() { note(l, 1) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// TestOffCostsNoRecord checks that before On and after Off no stamp is taken
// and no memory is used.
func TestOffCostsNoRecord(t *testing.T) {
	r := New(16)
	l := r.NewLog()
	empty := func(when string) {
		t.Helper()
		note(l, 1)
		if recs, lost := r.Records(); len(recs) != 1 || len(recs[0].Records) != 0 || recs[0].TID != 0 || lost != 0 {
			t.Errorf("%s: %v, %d overwritten", when, recs, lost)
		}
	}
	empty("before On")
	if l.ring != nil {
		t.Error("memory was taken before it was needed")
	}
	r.On()
	r.Off()
	empty("after Off")
}

// TestRecordingTakesNoMemory checks that threads allocate nothing while they
// record, neither those that were there before On nor later ones.
func TestRecordingTakesNoMemory(t *testing.T) {
	r := New(1 << 16)
	logs := []*Log{r.NewLog()}
	r.On()
	logs = append(logs, r.NewLog(), r.NewLooseLog())
	for _, l := range logs {
		first := true
		if n := testing.AllocsPerRun(1, func() { // one call to warm up, one that counts
			if first {
				first = false
				return
			}
			note(l, 1)
		}); n != 0 {
			t.Errorf("%v allocations", n)
		}
	}
}

// TestStampsInOrder checks that a record has all stamps, in the order of the
// calls. A further request on the connection has a record of its own.
func TestStampsInOrder(t *testing.T) {
	r := New(16)
	l := r.NewLog()
	r.On()
	before := Now()
	l.Leads(7, true)
	l.Arms()
	l.Event(7)
	l.Passes()
	l.Published()
	l.Woke()
	l.HandlerBegins(before)
	l.HandlerEnds()
	l.HandlerBegins(before + 1)
	l.HandlerEnds()
	l.Flush()
	l.Flush() // a second Flush does nothing
	r.Off()
	recs, _ := r.Records()
	if len(recs) != 1 || len(recs[0].Records) != 2 {
		t.Fatalf("records: %+v", recs)
	}
	a, b := recs[0].Records[0], recs[0].Records[1]
	stamps := []int64{before, a.F5, a.F6, a.U0, a.P0, a.P1, a.P3, a.H0, a.H1, b.H0, b.H1, Now()}
	for i := range stamps[1:] {
		if stamps[i] > stamps[i+1] {
			t.Errorf("stamp %d is later than the next: %v", i, stamps)
		}
	}
	if a.Seq != 7 || !a.Promoted || a.A1 != before {
		t.Errorf("first record: %+v", a)
	}
	b.H0, b.H1 = 0, 0
	if want := (Record{A1: before + 1}); b != want {
		t.Errorf("second record: %+v", b)
	}
}

// TestEventsOfOneListener: a listener receives no hand-offs, and may pass on
// several items after one wait. Each has its record.
func TestEventsOfOneListener(t *testing.T) {
	r := New(16)
	l := r.NewLog()
	r.On()
	l.Arms()
	for seq := range uint64(3) {
		l.Event(seq)
		l.Passes()
		l.Published()
		l.Woke()
	}
	l.Arms()
	l.Event(3)
	l.Flush()
	r.Off()
	recs, _ := r.Records()
	var seqs []uint64
	var waits []bool // the next wait began after this event
	for _, rec := range recs[0].Records {
		seqs = append(seqs, rec.Seq)
		waits = append(waits, rec.F6 > rec.U0)
	}
	if !reflect.DeepEqual(seqs, []uint64{0, 1, 2, 3}) || !reflect.DeepEqual(waits, []bool{false, false, true, false}) {
		t.Errorf("events %v, followed by a wait: %v", seqs, waits)
	}
}

// TestRing checks that a full log keeps all but one of its newest records and
// counts the others as lost. It drops the oldest one, because a late writer may
// be overwriting it.
func TestRing(t *testing.T) {
	const keep = 8
	for _, n := range []uint64{0, 1, keep - 1, keep, keep + 1, 3*keep + 5} {
		r := New(keep)
		l := r.NewLog()
		r.On()
		for seq := range n {
			note(l, seq)
		}
		r.Off()
		recs, lost := r.Records()
		got := recs[0].Records
		want := n
		if n >= keep {
			want = keep - 1
		}
		if uint64(len(got)) != want || lost != n-want {
			t.Fatalf("%d records: %d kept, %d overwritten", n, len(got), lost)
		}
		for i, rec := range got {
			if rec.Seq != n-want+uint64(i) {
				t.Fatalf("%d records: record %d is %d", n, i, rec.Seq)
			}
		}
	}
}

// TestEpochs checks that On discards old records, also one that a thread had
// not finished. A thread that notes nothing in a recording has no records in
// it.
func TestEpochs(t *testing.T) {
	r := New(16)
	busy, idle := r.NewLog(), r.NewLog()
	r.On()
	note(busy, 1)
	note(idle, 2)
	busy.Event(3) // not finished at the end of the recording
	r.Off()
	if recs, _ := r.Records(); len(recs[0].Records) != 1 || len(recs[1].Records) != 1 {
		t.Fatalf("first recording: %+v", recs)
	}
	busy.Flush() // off: does nothing
	r.On()
	busy.Flush() // drops the unfinished record
	note(busy, 4)
	r.Off()
	recs, _ := r.Records()
	if len(recs[0].Records) != 1 || recs[0].Records[0].Seq != 4 || len(recs[1].Records) != 0 {
		t.Errorf("second recording: %+v", recs)
	}
	r.On()
	r.Off()
	if recs, _ := r.Records(); len(recs[0].Records)+len(recs[1].Records) != 0 {
		t.Errorf("third recording: %+v", recs)
	}
}

// TestThreads lets threads write their logs in parallel while another switches
// them on and off and reads them.
func TestThreads(t *testing.T) {
	const threads, keep = 4, 64
	r := New(keep)
	done := make(chan struct{})
	var wg sync.WaitGroup
	for range threads {
		l := r.NewLog()
		wg.Go(func() {
			for seq := uint64(1); ; seq++ {
				select {
				case <-done:
					return
				default:
					note(l, seq)
				}
			}
		})
	}
	for range 50 {
		r.On()
		for l := r.logs[0]; l.epochSeen.Load() != r.epoch.Load() || l.written.Load() < keep+3; {
			// until one log is full
		}
		r.Off()
		recs, lost := r.Records()
		if len(recs) != threads || lost == 0 {
			t.Fatalf("%d logs, %d records overwritten", len(recs), lost)
		}
		for _, thread := range recs {
			log := thread.Records
			for i := range log {
				if rec := &log[i]; rec.F5 > rec.H1 || rec.Seq == 0 || i > 0 && rec.Seq <= log[i-1].Seq {
					t.Fatalf("record %d of %d: %+v", i, len(log), rec)
				}
			}
		}
	}
	close(done)
	wg.Wait()
}

func BenchmarkNote(b *testing.B) {
	for _, on := range []string{"nil", "off", "on"} {
		b.Run("recorder="+on, func(b *testing.B) {
			var l *Log
			if on != "nil" {
				r := New(1 << 10)
				if l = r.NewLog(); on == "on" {
					r.On()
				}
			}
			b.ReportAllocs()
			for b.Loop() {
				note(l, 1)
			}
		})
	}
}
