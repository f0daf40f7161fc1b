package lf

import (
	"runtime"
	"testing"
)

// TestProcsComeBack checks that after the last of two overlapping pools
// GOMAXPROCS has its old value, or the one that the program has set meanwhile.
func TestProcsComeBack(t *testing.T) {
	before := runtime.GOMAXPROCS(0)
	defer runtime.GOMAXPROCS(before)
	start := func() *Pool[int64] {
		p, err := New[int64](newHeld(), func(int, int64) {}, Options{Threads: before + 2})
		if err != nil {
			t.Fatal(err)
		}
		p.Start()
		return p
	}
	end := func(p *Pool[int64]) {
		p.Stop()
		if err := p.Wait(); err != nil {
			t.Error(err)
		}
	}
	for _, chosen := range []int{0, 1, before + 1} {
		first, second := start(), start()
		if now, want := runtime.GOMAXPROCS(0), 2*(before+2)+2; now < want {
			t.Errorf("GOMAXPROCS is %d with two pools, want %d or more", now, want)
		}
		want := before
		if chosen > 0 {
			runtime.GOMAXPROCS(chosen)
			want = chosen
		}
		end(first)
		end(second)
		if now := runtime.GOMAXPROCS(0); now != want {
			t.Errorf("GOMAXPROCS is %d after the pools (set meanwhile: %d), want %d", now, chosen, want)
		}
		runtime.GOMAXPROCS(before)
	}
}

// held yields no event until it is interrupted.
type held struct{ ended chan struct{} }

func newHeld() *held { return &held{make(chan struct{}, 1)} }

func (h *held) Wait(int) (int64, error) {
	<-h.ended
	h.Interrupt()
	return 0, ErrEnded
}

func (h *held) Interrupt() {
	select {
	case h.ended <- struct{}{}:
	default:
	}
}
