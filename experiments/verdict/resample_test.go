package verdict

import (
	"math/rand/v2"
	"path/filepath"
	"testing"

	"lflab/experiments/record"
	"lflab/experiments/suite"
)

// resample draws a run of quick from the blocks of real ones, as long as quick
// plans it today. A trial that missed a gate is made up for by one of its cell
// that is drawn anew.
func resample(rng *rand.Rand, s *suite.Suite, of *record.Run) *record.Run {
	byCell := map[string]map[int]*record.Trial{}
	for i := range of.Trials {
		if t := &of.Trials[i]; !t.Failed && t.Makeup == 0 {
			id := record.TrialID(t.Cell, 0)
			if byCell[id] == nil {
				byCell[id] = map[int]*record.Trial{}
			}
			byCell[id][t.Repetition] = t
		}
	}
	m := of.Manifest
	m.Rules, m.Claim, m.Repeat, m.Makeups = s.Rules, s.Claim, s.Repeat, 0
	source := make([]int, m.Repeat)
	for i := range source {
		source[i] = rng.IntN(of.Manifest.Repeat)
	}
	return planned(m, s, func(p record.Planned) *record.Trial {
		from := source[p.Repetition]
		if p.Makeup > 0 {
			from = rng.IntN(of.Manifest.Repeat)
		}
		drawn := byCell[record.TrialID(p.Cell, 0)][from]
		if drawn == nil {
			return nil
		}
		t := *drawn
		return &t
	})
}

// TestQuickDecides: of the runs that chance could have made of the committed
// runs of quick, 19 of 20 decide both rules.
func TestQuickDecides(t *testing.T) {
	s, err := suite.Open("quick")
	if err != nil {
		t.Fatal(err)
	}
	dirs, err := filepath.Glob("../../results/quick-*")
	if err != nil || len(dirs) == 0 {
		t.Fatalf("%v: %d runs", err, len(dirs))
	}
	const rounds = 40
	for _, dir := range dirs {
		of, err := record.OpenRecords(dir)
		if err != nil {
			t.Fatal(err)
		}
		rng, decided := rand.New(rand.NewPCG(1, 7)), 0
		for range rounds {
			v := Judge(resample(rng, s, of))
			if v.Rules[0].Outcome != Undecided && v.Rules[1].Outcome != Undecided {
				decided++
			}
		}
		t.Logf("%s: %d of %d runs decide", dir, decided, rounds)
		if decided < rounds*19/20-2 { // 2 by chance
			t.Errorf("%s: %d of %d runs decide, want 19 of 20", dir, decided, rounds)
		}
	}
}
