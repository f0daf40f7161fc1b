//go:build long

package lf

import (
	"testing"

	"lflab/cas"
)

// TestProtocolLong adds to TestProtocol three threads with a sentinel, three of
// which the heir is chosen by priority, and three with two leaders. The third
// thread comes between the other two at every possible moment.
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

// TestProtocolOfLeadersLong explores ten times as many states of large spaces
// as TestProtocolOfLeaders, and so longer runs.
func TestProtocolOfLeadersLong(t *testing.T) { protocolOfLeaders(t, 300_000) }

// TestStressLong passes the leadership ten million times, so that delays
// coincide at rarer moments than in TestStress.
func TestStressLong(t *testing.T) { stress(t, 10_000_000) }

// TestEveryPromotionLong adds to TestEveryPromotion a parker that spins, and
// more events.
func TestEveryPromotionLong(t *testing.T) {
	everyPromotion(t, "futex", 500)
	everyPromotion(t, "spinfutex", 500)
}

// TestKeyLong adds to TestKey states that a short walk does not reach.
func TestKeyLong(t *testing.T) { keys(t, 5000) }
