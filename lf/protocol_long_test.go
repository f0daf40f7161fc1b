//go:build long

package lf

import (
	"testing"

	"lflab/cas"
)

// TestProtocolLong adds to TestProtocol three threads with a sentinel, three
// from whom the heir is chosen by priority, and three with two leaders: a third
// thread that comes between two others, in all the ways it can.
func TestProtocolLong(t *testing.T) {
	for _, p := range []string{"lazy", "adaptive"} {
		explore(t, trial{promotion: p, threads: 3})
	}
	for _, p := range []string{"handoff", "after-read"} {
		explore(t, trial{promotion: p, order: cas.Priority, threads: 3, calm: p != "handoff"})
	}
	for _, order := range []cas.Order{cas.FIFO, cas.Priority} {
		for _, p := range []string{"handoff", "after-read", "after"} {
			explore(t, trial{promotion: p, order: order, threads: 3, leaders: 2, parking: atOnce, calm: true})
		}
	}
	for _, p := range []string{"handoff", "open", "after-read"} {
		explore(t, trial{promotion: p, threads: 3, leaders: 2})
		explore(t, trial{promotion: p, threads: 3, leaders: 2, sources: 2, parking: atOnce})
	}
	explore(t, trial{promotion: "lazy", threads: 3, leaders: 2, parking: atOnce, calm: true})
}

// TestProtocolOfLeadersLong adds to TestProtocolOfLeaders ten times the states
// that are explored of what is large: longer stories.
func TestProtocolOfLeadersLong(t *testing.T) { protocolOfLeaders(t, 300_000) }

// TestStressLong adds to TestStress delays that meet at rarer moments, as ten
// million passes of the leadership do.
func TestStressLong(t *testing.T) { stress(t, 10_000_000) }

// TestEveryPromotionLong adds to TestEveryPromotion a parker that spins, and
// more events.
func TestEveryPromotionLong(t *testing.T) {
	everyPromotion(t, "futex", 500)
	everyPromotion(t, "spinfutex", 500)
}

// TestKeyLong adds to TestKey states that a short walk does not come to.
func TestKeyLong(t *testing.T) { keys(t, 5000) }
