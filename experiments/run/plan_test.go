package run

import (
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"lflab/experiments/record"
	"lflab/experiments/suite"
)

func openFile(t *testing.T, path string) *suite.Suite {
	t.Helper()
	s, err := suite.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Every block holds every cell once, a seed determines the order, more
// repetitions extend the plan, and no two trials share an ID.
func TestPlan(t *testing.T) {
	for n := range 20 {
		n, repeat, seed := n+1, 1+rand.IntN(8), rand.Uint64()
		cells := make([]record.Cell, n)
		for i := range cells {
			cells[i] = record.Cell{"mpm": string(rune('a' + i/3)), "mode": string(rune('x' + i%3))}
		}
		plan := record.NewPlan(cells, repeat, seed)
		if len(plan) != n*repeat {
			t.Fatalf("seed %d: %d trials, want %d", seed, len(plan), n*repeat)
		}
		ids := map[string]bool{}
		for block := range repeat {
			seen := map[string]bool{}
			for _, p := range plan[block*n : (block+1)*n] {
				if p.Repetition != block {
					t.Fatalf("seed %d: block %d holds repetition %d", seed, block, p.Repetition)
				}
				seen[p.Cell["mpm"]+p.Cell["mode"]] = true
				ids[p.ID] = true
			}
			if len(seen) != n {
				t.Fatalf("seed %d: block %d holds %d of %d cells", seed, block, len(seen), n)
			}
		}
		if len(ids) != len(plan) {
			t.Fatalf("seed %d: %d names for %d trials", seed, len(ids), len(plan))
		}
		if !reflect.DeepEqual(plan, record.NewPlan(cells, repeat, seed)) {
			t.Fatalf("seed %d: the same seed gives another plan", seed)
		}
		if longer := record.NewPlan(cells, repeat+1, seed); !reflect.DeepEqual(plan, longer[:len(plan)]) {
			t.Fatalf("seed %d: one more repetition changes the plan", seed)
		}
	}
}

// Orders differ between seeds and between blocks.
func TestPlanShuffles(t *testing.T) {
	cells := []record.Cell{}
	for _, c := range "abcdefghij" {
		cells = append(cells, record.Cell{"mpm": string(c)})
	}
	order := func(plan []record.Planned) string {
		var b strings.Builder
		for _, p := range plan {
			b.WriteString(p.Cell["mpm"])
		}
		return b.String()
	}
	seen := map[string]bool{}
	for seed := range uint64(50) {
		plan := record.NewPlan(cells, 2, seed)
		seen[order(plan[:10])] = true
		seen[order(plan[10:])] = true
	}
	if len(seen) < 95 {
		t.Errorf("100 blocks have only %d orders", len(seen))
	}
}

func TestTrialIDIsStable(t *testing.T) {
	// Files of published results have these names: they must not change.
	if got := record.TrialID(record.Cell{"mpm": "leader", "mode": "close"}, 3); got != "7bc692f3b265" {
		t.Errorf("the name of a trial is %s", got)
	}
}

func TestChoose(t *testing.T) {
	axes := []record.Axis{{Name: "mpm", Values: []string{"leader", "worker", "event"}}, {Name: "mode", Values: []string{"close", "keepalive"}}}
	s := suite.Suite{Axes: axes}
	var cells []record.Cell
	for _, c := range s.Cells() {
		cells = append(cells, c)
	}
	for _, c := range []struct{ only, want string }{
		{"", "leader/close leader/keepalive worker/close worker/keepalive event/close event/keepalive"},
		{"mpm=event", "event/close event/keepalive"},
		{"mpm=leader mpm=worker mode=close", "leader/close worker/close"},
	} {
		got, err := choose(axes, cells, strings.Fields(c.only))
		if err != nil {
			t.Errorf("%s: %v", c.only, err)
		}
		var labels []string
		for _, cell := range got {
			labels = append(labels, record.Label(axes, cell))
		}
		if strings.Join(labels, " ") != c.want {
			t.Errorf("%s chooses %q", c.only, labels)
		}
	}
	for only, want := range map[string]string{
		"leader":      `"leader" is not of the form key=value`,
		"mmp=leader":  `unknown axis "mmp" in "mmp=leader" (known: mpm, mode)`,
		"mpm=leadder": `axis mpm has no value "leadder" (it has: leader, worker, event)`,
	} {
		if _, err := choose(axes, cells, []string{only}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", only, err, want)
		}
	}
	if got := narrow(axes, []record.Cell{{"mpm": "event", "mode": "close"}, {"mpm": "leader", "mode": "close"}}); !reflect.DeepEqual(got, []record.Axis{{Name: "mpm", Values: []string{"leader", "event"}}, {Name: "mode", Values: []string{"close"}}}) {
		t.Errorf("narrowed axes %v", got)
	}
}

func TestOptions(t *testing.T) {
	s := openFile(t, writeSuite(t, smallSuite))
	for _, c := range []struct {
		o    Options
		want string
	}{
		{Options{Scale: 1000}, "scale 1000 is not allowed (allowed: 0.01 to 100)"},
		{Options{Repeat: -1}, "repeat -1 is not allowed (allowed: 1 to 1000)"},
		{Options{Only: []string{"mpm=none"}}, "axis mpm has no value"},
	} {
		if _, err := New(s, c.o); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v, want %q", c.o, err, c.want)
		}
	}
	x, err := New(s, Options{Scale: 0.5, Repeat: 3})
	if err != nil {
		t.Fatal(err)
	}
	if len(x.Manifest.Plan) != 12 || x.Manifest.Phases[0].DurationS != 0.015 || x.Manifest.Seed == 0 || x.Manifest.Scale != 0.5 {
		t.Errorf("manifest %+v", x.Manifest)
	}
}
