package lf_test

import (
	"runtime"
	"sync/atomic"
	"testing"

	"lflab/lf"
	"lflab/sync/park"
)

// underWay is how many events may have been received and not yet handled.
const underWay = 1000

// parcels is a source of numbered events that each belong to a thread.
type parcels struct {
	next, count int64
	owners      int
	handled     []atomic.Int32
	left        atomic.Int64
	all         chan struct{}
}

func newParcels(count int64, owners int) *parcels {
	p := &parcels{count: count, owners: owners, handled: make([]atomic.Int32, count), all: make(chan struct{})}
	p.left.Store(count)
	return p
}

func (p *parcels) Wait(int) (int64, error) {
	if p.next == p.count {
		<-p.all
		return 0, lf.ErrEnded
	}
	for p.next-(p.count-p.left.Load()) >= underWay {
		runtime.Gosched() // no thread's box may become full
	}
	p.next++
	return p.next - 1, nil
}

func (p *parcels) Interrupt() {}

// Owner gives some consecutive events to the same thread, so that boxes fill.
func (p *parcels) Owner(n int64) int { return int(n/3*7) % p.owners }

// TestBoundEvents checks that each event is handled once, by the thread that
// owns it, whatever that thread was doing when the event came.
func TestBoundEvents(t *testing.T) {
	const threads = 5
	const count = int64(6_000)
	for _, parker := range []string{"futex", "spinfutex", "eventfd"} {
		kind, err := park.Lookup(parker)
		if err != nil {
			t.Fatal(err)
		}
		for _, promotion := range []lf.Promotion{lf.Handoff, lf.Open, lf.AfterRead, lf.After} {
			t.Run("promotion="+promotion.String()+"/primitive="+parker, func(t *testing.T) {
				source := newParcels(count, threads)
				var strays atomic.Int64
				var pool *lf.Pool[int64]
				pool, err := lf.New(source, func(id int, n int64) {
					if id != source.Owner(n) {
						strays.Add(1)
					}
					if n%2 == 0 {
						pool.Yield(id)
					}
					source.handled[n].Add(1)
					if source.left.Add(-1) == 0 {
						close(source.all)
					}
				}, lf.Options{Name: "bound", Threads: threads, Parker: kind, Policy: lf.Policy{Promotion: promotion, Association: lf.Bound}})
				if err != nil {
					t.Fatal(err)
				}
				pool.Start()
				if err := pool.Wait(); err != nil {
					t.Fatal(err)
				}
				for n := range source.handled {
					if times := source.handled[n].Load(); times != 1 {
						t.Fatalf("event %d was handled %d times", n, times)
					}
				}
				if s := pool.Stats(); s.Events != uint64(count) || s.Bound == 0 {
					t.Errorf("%d events counted of %d, %d of them bound", s.Events, count, s.Bound)
				}
				if n := strays.Load(); n != 0 {
					t.Errorf("%d of %d events were handled by another thread than their own", n, count)
				}
			})
		}
	}
}
