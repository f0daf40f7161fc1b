package lf

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"

	"lflab/cas"
)

// TestKey shows that keys lose nothing. It walks at random through states that
// are never packed, and compares the successors of each with those of the state
// unpacked from its key.
func TestKey(t *testing.T) { keys(t, 500) }

func keys(t *testing.T, steps int) {
	alone(t)
	for _, p := range promotions {
		for order := cas.LIFO; order <= cas.Priority; order++ {
			if order != cas.LIFO && !p.any {
				continue
			}
			for _, parking := range []parking{byFutex, atOnce} {
				what := trial{promotion: p.Name, order: order, threads: 4, leaders: 2, sources: 2, parking: parking}
				t.Run(what.String(), func(t *testing.T) { walk(t, what, steps) })
			}
		}
	}
}

func walk(t *testing.T, what trial, steps int) {
	rng := rand.New(rand.NewPCG(1, 2))
	c := newChecker(what, mutant{})
	s := c.start()
	for step := range steps {
		key := bytes.Clone(c.pack(&s))
		var short state
		c.unpackTo(&short, key)
		if again := c.pack(&short); !bytes.Equal(again, key) {
			t.Fatalf("step %d: key %x unpacks to %x", step, key, again)
		}
		long, next := c.successors(&s)
		canonical, _ := c.successors(&short)
		if !slices.Equal(long, canonical) {
			t.Fatalf("step %d: %v goes on to %d states, its key %x to %d, or to others", step, s.image, len(long), key, len(canonical))
		}
		if c.goal(&s) != c.goal(&short) {
			t.Fatalf("step %d: %v is at rest, or is not, unlike its key %x", step, s.image, key)
		}
		if len(next) == 0 || s.closed && rng.IntN(50) == 0 {
			s = c.start()
			continue
		}
		for {
			s = next[rng.IntN(len(next))]
			if !s.closed || rng.IntN(500) == 0 {
				break
			}
			next = slices.DeleteFunc(next, func(s state) bool { return s.closed })
			if len(next) == 0 {
				break
			}
		}
	}
}

// successors returns the states that can follow, and their sorted keys.
func (c *checker) successors(s *state) (keys []string, states []state) {
	take := func(n *state, _ label) {
		states = append(states, *n)
		keys = append(keys, string(c.pack(n)))
	}
	c.protocol(s, take)
	c.environment(s, take)
	slices.Sort(keys)
	return slices.Compact(keys), states
}
