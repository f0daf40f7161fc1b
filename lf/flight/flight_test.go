package flight

import (
	"reflect"
	"sync"
	"testing"
)

// note is one hand-off as a leader notes it, and then a request.
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

// TestNilLog: what records nothing can be called.
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

// TestOffCostsNoRecord: no stamp is taken and no memory is used before On, nor
// after Off.
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
	if l.ring != nil {
		t.Error("memory was taken before it was needed")
	}
}

// TestStampsInOrder: one record has all stamps, in the order in which they
// were taken, and a further request on the connection has its own.
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
	l.Flush() // again
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

// TestEventsOfOneListener: a listener never gets a hand-off, and hands over
// many things after one wait; each has its record.
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

// TestRing: a full log keeps the last records but one, which a late writer may
// be writing over, and counts the others.
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

// TestEpochs: On forgets what was, also what a thread had open meanwhile, and
// threads that note nothing in a recording have no part in it.
func TestEpochs(t *testing.T) {
	r := New(16)
	busy, idle := r.NewLog(), r.NewLog()
	r.On()
	note(busy, 1)
	note(idle, 2)
	busy.Event(3) // open over the end of the recording
	r.Off()
	if recs, _ := r.Records(); len(recs[0].Records) != 1 || len(recs[1].Records) != 1 {
		t.Fatalf("first recording: %+v", recs)
	}
	busy.Flush() // off: nothing happens
	r.On()
	busy.Flush() // drops what was open
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

// TestThreads: logs are written by their threads at once, while they are
// switched on and off and read in between.
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
			// until one is full
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
