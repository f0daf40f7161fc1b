package lf

import (
	"fmt"
	"strings"
	"testing"

	"lflab/cas"
	"lflab/sync/gate"
	"lflab/sync/park"
)

// combination is a set of options under test.
type combination struct {
	promotion        Promotion
	order            Order
	gated, bound     bool
	leaders, sources int
}

func (c combination) String() string {
	return fmt.Sprintf("promotion=%s/order=%s/gate=%v/bound=%v/leaders=%d/sources=%d", c.promotion, c.order, c.gated, c.bound, c.leaders, c.sources)
}

const threadsOfCombination = 4

// refusal returns the reason why New refuses a combination, or "".
func (c combination) refusal() string {
	anywhere := c.promotion == Handoff || c.promotion == AfterRead || c.promotion == After
	sentinel := c.promotion == Lazy || c.promotion == Adaptive
	slots := max(c.leaders, 1) * c.sources
	if c.gated {
		switch {
		case c.order != Native && c.order != 0:
			return "needs followers that can be told apart; gate"
		case !anywhere:
			return "needs individual followers; gate"
		case c.leaders > 1:
			return "lets in one leader, not 2"
		case c.bound:
			return "bound events with order native"
		case slots > 1:
			return "lets in one leader; there are 2 event sources"
		}
		return ""
	}
	listed := c.order == FIFO || c.order == Priority
	switch {
	case c.leaders > threadsOfCombination:
		return "5 leaders in a pool of 4 threads"
	case c.order == Native:
		return "order native is a gate's"
	case c.bound && listed:
		return "bound events with order " + c.order.String()
	case c.bound && (sentinel || c.promotion == Heir):
		return "bound events with promotion " + c.promotion.String()
	case c.bound && c.leaders > 1:
		return "bound events are handed out by one leader, not 2"
	case listed && !anywhere:
		return "promotion " + c.promotion.String() + " with order " + c.order.String()
	case c.bound && slots > 1:
		return "bound events are handed out by one leader, not 2"
	}
	return ""
}

// TestCombinations makes a pool of every combination: it works, or New refuses
// it with the reason.
func TestCombinations(t *testing.T) {
	kind, lock := park.Kinds()[0], gate.Kinds()[0]
	worked, refused := 0, 0
	try := func(c combination) {
		opt := Options{Threads: threadsOfCombination, Parker: kind, Policy: Policy{Promotion: c.promotion, Order: c.order, Leaders: c.leaders}}
		if c.bound {
			opt.Association = Bound
		}
		if c.gated {
			opt.Gate = &lock
		}
		want := c.refusal()
		f := newFeed(20, max(c.leaders, 1), c.sources)
		if want == "" {
			if err := opt.Check(); err != nil {
				t.Errorf("%v: refused: %v", c, err)
				return
			}
			worked++
			t.Run(c.String(), func(t *testing.T) { f.run(t, opt) })
			return
		}
		refused++
		var sources []Source[int64]
		for _, s := range f.sources {
			sources = append(sources, s)
		}
		_, err := NewOver(sources, func(int, int64) {}, opt)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: error %v, want %q", c, err, want)
		}
	}
	for promotion := Handoff; promotion <= Adaptive; promotion++ {
		for order := Order(0); order <= Native; order++ {
			for _, gated := range []bool{false, true} {
				for _, bound := range []bool{false, true} {
					for _, leaders := range []int{0, 1, 2, 5} {
						for sources := 1; sources <= 2; sources++ {
							if leaders == 5 && (bound || gated || sources > 1) {
								continue // one reason at a time
							}
							try(combination{promotion, order, gated, bound, leaders, sources})
						}
					}
				}
			}
		}
	}
	t.Logf("%d combinations work, %d are refused", worked, refused)
}

func TestBadOptions(t *testing.T) {
	kind := park.Kinds()[0]
	for _, c := range []struct {
		opt     Options
		sources int
		want    string
	}{
		{Options{Threads: -1, Parker: kind}, 1, "pool of -1 threads (want 1 to"},
		{Options{Parker: park.Kind{Name: "mine"}}, 1, "primitive mine has no New (use one of park.Kinds"},
		{Options{Gate: &gate.Kind{Name: "mine"}}, 1, `gate "mine" has no New (use one of gate.Kinds`},
		{Options{}, 0, "a pool without an event source"},
		{Options{Threads: 1 << 20, Parker: kind}, 1, "pool of 1048576 threads"},
		{Options{Threads: 1, Parker: kind, Policy: Policy{Order: Native + 1}}, 1, `unknown order "order(5)" (known: lifo, fifo, priority, native)`},
		{Options{Threads: 1, Parker: kind, Policy: Policy{Promotion: Adaptive + 1}}, 1, `unknown promotion "promotion(8)" (known: handoff, open,`},
		{Options{Threads: 1, Parker: kind, Policy: Policy{Association: Bound + 1}}, 1, `unknown association "association(3)" (known: unbound, bound)`},
		{Options{Threads: 20, Parker: kind, Policy: Policy{Leaders: -1}}, 1, "-1 leaders"},
		{Options{Threads: 20, Parker: kind, Policy: Policy{Leaders: cas.MaxLeaders + 1}}, 1, "15 leaders (want 1 to 14)"},
		{Options{Threads: 20, Parker: kind, Policy: Policy{Leaders: 5}}, 3, "5 leaders for each of 3 event sources (want at most 14 in all)"},
		{Options{Threads: 5, Parker: kind, Policy: Policy{Leaders: 3}}, 2, "5 threads for 2 event sources with 3 leaders each"},
		{Options{Threads: 1, Parker: kind, Policy: Policy{Hold: -1}}, 1, "hold -1ns (want more than 0"},
		{Options{Threads: 1, Parker: kind, Policy: Policy{Association: Bound}}, 1, "bound events need a source that knows their owners (implement Owned)"},
	} {
		var sources []Source[int64]
		for range c.sources {
			sources = append(sources, &counted{})
		}
		if _, err := NewOver(sources, func(int, int64) {}, c.opt); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: error %v, want %q", c.opt, err, c.want)
		}
	}
}

// An argument that is nil by mistake yields an error with a sentence.
func TestNilParts(t *testing.T) {
	handle := func(int, int64) {}
	if _, err := New[int64](nil, handle, Options{}); err == nil || !strings.Contains(err.Error(), "event source 1 of 1 is nil") {
		t.Errorf("no source: %v", err)
	}
	if _, err := New[int64](&counted{}, nil, Options{}); err == nil || !strings.Contains(err.Error(), "a pool without a handler") {
		t.Errorf("no handler: %v", err)
	}
}
