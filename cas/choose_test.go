package cas

import (
	"fmt"
	"slices"
	"testing"
)

// led makes a Leadership whose followers were pushed in the order given. Its
// leader slots are taken, by no thread.
func led(t *testing.T, threads, leaders int, followers ...uint16) *Leadership {
	t.Helper()
	l := NewLeadership(threads, leaders)
	l.word.Store(uint64(NewWord(0)))
	for _, i := range followers {
		if r := join(l, i); r != Follows {
			t.Fatalf("thread %d joins: %v, want Follows", i, r)
		}
	}
	return l
}

func join(l *Leadership, me uint16) JoinResult {
	for j := (Join{Me: me}); ; {
		if r := j.Step(l); r != JoinMore {
			return r
		}
	}
}

// choose runs a search to its end and returns the threads that it promoted,
// each with the slot granted.
func choose(l *Leadership, c *Choose) (heirs []string, last PromoteResult) {
	for {
		switch r := c.Step(l); r {
		case PromoteMore:
		case PromotedOne:
			p := l.Promise(c.Heir)
			heirs = append(heirs, fmt.Sprint(c.Heir, "/", p.Slot()))
			if p.Kind() != Granted {
				heirs[len(heirs)-1] = fmt.Sprint(c.Heir, "!", p)
			}
		default:
			return heirs, r
		}
	}
}

// stack lists the followers from the top.
func stack(l *Leadership) (all []uint16) {
	for x := l.Load().Head(); x != End; x = uint16(l.followers[x].next.Load()) {
		all = append(all, x)
	}
	return all
}

// TestOrder promotes until no follower is left and checks the order of the
// promoted.
func TestOrder(t *testing.T) {
	for _, c := range []struct {
		name  string
		order Order
		ranks []uint8
		push  []uint16
		want  []uint16
	}{
		{"fifo", FIFO, nil, []uint16{2, 0, 3, 1}, []uint16{2, 0, 3, 1}},
		{"fifo, one", FIFO, nil, []uint16{1}, []uint16{1}},
		{"fifo does not look at ranks", FIFO, []uint8{1, 2, 3, 4}, []uint16{2, 0, 3, 1}, []uint16{2, 0, 3, 1}},
		{"priority", Priority, []uint8{4, 3, 2, 1}, []uint16{2, 0, 3, 1}, []uint16{0, 1, 2, 3}},
		{"priority, the highest on top", Priority, []uint8{1, 2, 3, 4}, []uint16{0, 1, 2, 3}, []uint16{3, 2, 1, 0}},
		{"priority, the highest at the bottom", Priority, []uint8{4, 3, 2, 1}, []uint16{0, 1, 2, 3}, []uint16{0, 1, 2, 3}},
		{"priority, equals in the order of their coming", Priority, []uint8{1, 9, 1, 9}, []uint16{3, 2, 0, 1}, []uint16{3, 1, 2, 0}},
		{"priority, all equal", Priority, []uint8{5, 5, 5, 5}, []uint16{2, 0, 3, 1}, []uint16{2, 0, 3, 1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := NewLeadership(4, 1)
			for i, rank := range c.ranks {
				l.Rank(uint16(i), rank)
			}
			l.word.Store(uint64(NewWord(0)))
			for _, i := range c.push {
				join(l, i)
			}
			for n, want := range c.want {
				heirs, last := choose(l, &Choose{Order: c.order})
				if last != Freed || !slices.Equal(heirs, []string{fmt.Sprint(want, "/0")}) {
					t.Fatalf("promotion %d: %v %v, want %d", n+1, heirs, last, want)
				}
				if w := l.Load(); w.Choosing() || w.Free() != 0 {
					t.Fatalf("promotion %d leaves %v", n+1, w)
				}
			}
			if heirs, last := choose(l, &Choose{Order: c.order}); last != Freed || heirs != nil || l.Load().Free() != 1 {
				t.Errorf("without waiting threads: %v %v, word %v; want the slot free", heirs, last, l.Load())
			}
		})
	}
}

// TestChooseServesOthers lets a second leader give up while the first chooses.
// The second frees its slot and goes on, and the first promotes once more.
func TestChooseServesOthers(t *testing.T) {
	l := led(t, 4, 2, 0, 1, 2)
	c := Choose{Order: FIFO, Slot: 1}
	for c.PC != ChooseWalk {
		c.Step(l)
	}
	if heirs, last := choose(l, &Choose{Order: FIFO}); heirs != nil || last != Freed || l.Load().Free() != 1 {
		t.Fatalf("second leader: %v %v, word %v; want its slot free", heirs, last, l.Load())
	}
	if r := join(l, 3); r != Leads {
		t.Fatalf("thread that joins meanwhile: %v, want Leads", r)
	}
	if heirs, last := choose(l, &Choose{Order: FIFO}); heirs != nil || last != Freed {
		t.Fatalf("which frees it again: %v %v", heirs, last)
	}
	heirs, last := choose(l, &c)
	if last != Freed || !slices.Equal(heirs, []string{"0/1", "1/0"}) {
		t.Errorf("chooser: %v %v, want 0 in slot 1 and then 1 in slot 0", heirs, last)
	}
	if got := stack(l); !slices.Equal(got, []uint16{2}) || l.Load().Choosing() || l.Load().Free() != 0 {
		t.Errorf("leaves %v, word %v; want 2 on the stack", got, l.Load())
	}
}

// TestChooseWhilePushed pushes a follower at each moment of a search. The new
// one is not lost, and the one that was on the stack is promoted.
func TestChooseWhilePushed(t *testing.T) {
	for at := ChooseLoad; at <= ChooseUnlock; at++ {
		for _, waiting := range [][]uint16{{0}, {0, 1}} {
			l := led(t, 3, 1, waiting...)
			c := Choose{Order: FIFO}
			var heirs []string
			done := false
			for c.PC != at && !done {
				switch r := c.Step(l); r {
				case PromotedOne:
					heirs = append(heirs, fmt.Sprint(c.Heir, "/", c.Slot))
				case Freed:
					done = true
				}
			}
			if r := join(l, 2); r != Follows {
				t.Fatalf("at %d: joins %v", at, r)
			}
			if !done {
				more, _ := choose(l, &c)
				heirs = append(heirs, more...)
			}
			want := append([]uint16{2}, slices.Clone(waiting[1:])...)
			if !slices.Equal(heirs, []string{"0/0"}) || !slices.Equal(stack(l), want) || l.Load().Choosing() {
				t.Errorf("pushed at %d with %v waiting: %v promoted, %v left, word %v; want 0 and %v", at, waiting, heirs, stack(l), l.Load(), want)
			}
		}
	}
}

// TestEndWhileChoosing ends the pool at each moment of a search. Each follower
// is either promoted or told of the end, by one of the two and once.
func TestEndWhileChoosing(t *testing.T) {
	for at := ChooseLoad; at <= ChooseUnlock; at++ {
		l := led(t, 4, 2, 0, 1, 2)
		c := Choose{Order: FIFO}
		told := map[uint16]int{}
		step := func() (done bool) {
			switch c.Step(l) {
			case PromotedOne:
				told[c.Heir]++
			case Freed, PromoteTooLate:
				return true
			}
			return false
		}
		done := false
		for c.PC != at && !done {
			done = step()
		}
		var end Terminate
		for r := TerminateMore; r != Terminated; {
			if r = end.Step(l); r == TerminateWake {
				told[end.Heir]++
			}
		}
		for !done {
			done = step()
		}
		w := l.Load()
		if len(told) != 3 || told[0] != 1 || told[1] != 1 || told[2] != 1 || w.Choosing() || !w.Terminated() || w.Head() != End {
			t.Errorf("ended at %d: told %v, word %v; want each of 3 followers told once, and none left", at, told, w)
		}
		for i := range uint16(3) {
			if p := l.Promise(i).Kind(); p != Ended && p != Granted {
				t.Errorf("ended at %d: follower %d was promised %v", at, i, p)
			}
		}
	}
}
