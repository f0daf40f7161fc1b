package lf

import (
	"fmt"
	"testing"
	"time"

	"lflab/cas"
)

func (t trial) String() string {
	name := fmt.Sprintf("promotion=%s/order=%s/threads=%d/leaders=%d", t.promotion, [...]string{"lifo", "fifo", "priority"}[t.order], t.threads, max(t.leaders, 1))
	if t.sources > 1 {
		name += fmt.Sprintf("/sources=%d", t.sources)
	}
	if t.parking == atOnce {
		name += "/parking=at-once"
	}
	if t.endless {
		name += "/events=endless"
	}
	return name
}

// TestProtocol explores the code that runs. It finds no violation of S1-S8,
// L1, L2, L4 and L5 with any number of events, spurious wake-ups and EINTR.
func TestProtocol(t *testing.T) {
	for _, p := range Promotions() {
		for n := 1; n <= 3; n++ {
			explore(t, trial{promotion: p.Name, order: cas.LIFO, threads: n})
		}
	}
}

func explore(t *testing.T, what trial) {
	t.Run(what.String(), func(t *testing.T) {
		t.Parallel()
		began := time.Now()
		c := newChecker(what, mutant{})
		for _, name := range c.run() {
			t.Errorf("%s:\n%s", name, c.story(c.found[name]))
		}
		t.Logf("%d states, %d bytes each, %d edges, %v", c.store.len(), len(c.store.keys)/c.store.len(), len(c.edges), time.Since(began))
	})
}
