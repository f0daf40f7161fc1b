package control

import (
	"slices"
	"strings"
	"testing"
)

// shortage returns a group that lacks idle threads and may have more children.
func shortage(active int) (bounds, census) {
	return bounds{minSpare: 1000, maxSpare: 2000, threads: 4, children: 400},
		census{idle: 0, active: active, total: active, slots: 400 - active}
}

// starts returns the number of children that each of consecutive decisions
// starts.
func starts(s *spare, decisions int) (all []int) {
	active := 0
	for range decisions {
		d := s.decide(shortage(active))
		all = append(all, d.start)
		active += d.start
	}
	return all
}

// C2: While idle threads are too few, the number doubles up to 32. A decision
// that finds enough, or a sick child, resets it to 1.
func TestStartingDoubles(t *testing.T) {
	var s spare
	if got := starts(&s, 8); !slices.Equal(got, []int{1, 2, 4, 8, 16, 32, 32, 32}) {
		t.Errorf("started %v", got)
	}
	if d := s.decide(bounds{minSpare: 5, maxSpare: 10, children: 4}, census{idle: 7, active: 1, total: 1, slots: 3}); d.start != 0 || d.retire {
		t.Errorf("enough idle threads: %+v", d)
	}
	if got := starts(&s, 3); !slices.Equal(got, []int{1, 2, 4}) {
		t.Errorf("after a satisfied second: %v", got)
	}
	s.sick()
	if got := starts(&s, 3); !slices.Equal(got, []int{1, 2, 4}) {
		t.Errorf("after a sick child: %v", got)
	}
}

// C2: The log says so if a decision starts 8 children or more.
func TestBusyIsSaid(t *testing.T) {
	var s spare
	active := 0
	for want := range 6 {
		d := s.decide(shortage(active))
		if said := len(d.say) > 0; said != (want >= 3) {
			t.Errorf("decision %d, which starts %d: %v", want, d.start, d.say)
		}
		active += d.start
	}
}

// C6: For ten decisions after a restart the number does not double.
func TestNoDoublingAfterRestart(t *testing.T) {
	var s spare
	starts(&s, 5)
	s.restarted()
	if got := starts(&s, 13); !slices.Equal(got, []int{1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 4}) {
		t.Errorf("started %v", got)
	}
}

func TestDecisions(t *testing.T) {
	b := bounds{minSpare: 10, maxSpare: 20, threads: 5, children: 6}
	for _, c := range []struct {
		name   string
		census census
		rate   int
		start  int
		retire bool
		say    string
	}{
		{"within bounds", census{idle: 10, active: 3, total: 3, slots: 5}, 8, 0, false, ""},
		{"at the upper bound", census{idle: 20, active: 5, total: 5, slots: 3}, 1, 0, false, ""},
		{"C3: one too many", census{idle: 21, active: 5, total: 5, slots: 3}, 1, 0, true, ""},
		{"C3: far too many, still one", census{idle: 30, active: 6, total: 6, slots: 2}, 1, 0, true, ""},
		{"too many, but one still finishes", census{idle: 25, active: 5, total: 6, slots: 2}, 1, 0, false, ""},
		{"the last child stays", census{idle: 25, active: 1, total: 1, slots: 2}, 1, 0, false, ""},
		{"short", census{idle: 9, active: 3, total: 3, slots: 5}, 2, 2, false, ""},
		{"C4: no more than MaxRequestWorkers allows", census{idle: 0, active: 4, total: 4, slots: 9}, 32, 2, false, "busy"},
		{"C4: no more than there are slots", census{idle: 0, active: 2, total: 7, slots: 1}, 8, 1, false, "busy"},
		{"finishing children have the slots", census{idle: 0, active: 2, total: 8, slots: 0}, 8, 0, false, "2 of 8 children serve, 6 are still finishing"},
		{"C5: all are busy", census{idle: 0, active: 6, total: 6, slots: 2}, 4, 0, false, "all 30 request workers are busy"},
		{"nearly all are busy", census{idle: 3, active: 6, total: 6, slots: 2}, 4, 0, false, "3 of 30 request workers are idle"},
	} {
		s := spare{rate: c.rate}
		d := s.decide(b, c.census)
		if d.start != c.start || d.retire != c.retire {
			t.Errorf("%s: start %d, retire %v, want %d, %v", c.name, d.start, d.retire, c.start, c.retire)
		}
		var said []string
		for _, r := range d.say {
			said = append(said, r.text)
		}
		if text := strings.Join(said, "\n"); (c.say == "") != (text == "") || !strings.Contains(text, c.say) {
			t.Errorf("%s: said %q, want %q in it", c.name, text, c.say)
		}
		if c.start == 0 && s.rate != 1 {
			t.Errorf("%s: the next decision would start %d", c.name, s.rate)
		}
	}
}

// C5: The warning appears once in the server's life, whatever happens between.
func TestFullIsSaidOnce(t *testing.T) {
	b := bounds{minSpare: 2, maxSpare: 9, threads: 2, children: 3}
	var s spare
	said := 0
	for range 3 {
		said += len(s.decide(b, census{idle: 0, active: 3, total: 3, slots: 1}).say)
		said += len(s.decide(b, census{idle: 4, active: 3, total: 3, slots: 1}).say)
		s.restarted()
	}
	if said != 1 {
		t.Errorf("said %d times", said)
	}
	for range 3 {
		said += len(s.decide(b, census{idle: 1, active: 3, total: 3, slots: 1}).say)
	}
	if said != 2 {
		t.Errorf("with few idle ones %d lines in all", said)
	}
}
