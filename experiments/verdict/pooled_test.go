package verdict

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"lflab/experiments/record"
	"lflab/experiments/suite"
)

// TestPooledRunsDecide: each of three runs has too few blocks alone, and all
// together have enough.
func TestPooledRunsDecide(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 4))
	var runs []*record.Run
	for i := range 3 {
		r := noisy(rng, 0.8, 0.1, 4, ratioBelow(1))
		r.Dir, r.Manifest.Started = string(rune('a'+i)), time.Unix(int64(i), 0)
		runs = append(runs, r)
	}
	p, err := JudgeAll(runs)
	if err != nil {
		t.Fatal(err)
	}
	if p.All.Outcome != Confirmed || p.All.Rules[0].Pairs[0].Effect.N != 12 || p.Agree() != 0 {
		t.Errorf("%s, %d agree", p.All.Sentence(), p.Agree())
	}
	for _, r := range p.Runs {
		if r.Outcome != Undecided {
			t.Errorf("%s: %s", r.Dir, r.Sentence())
		}
	}
	if s := p.Same[0]; s.Runs != 3 || len(s.PerRun) != 3 || s.PerRun[0].N != 4 || s.All.N != 12 {
		t.Errorf("%+v", s)
	}
	var b strings.Builder
	if err := p.Write(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"3 runs pooled, 0 of them with the same verdict: H2 is confirmed: ", "run 2: undecided (b)", "leader / worker", "12 "} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("does not say %q:\n%s", want, b.String())
		}
	}
	// The runs are as before.
	if runs[2].Trials[0].Repetition != 0 || len(runs[0].Trials) != 8 {
		t.Errorf("pooling changed a run: %+v", runs[2].Trials[0])
	}
}

// TestPoolRefuses runs of other suites and other loads.
func TestPoolRefuses(t *testing.T) {
	a, b := pairOf(0.7, 9, ratioBelow(1)), pairOf(0.7, 9, ratioBelow(1))
	b.Manifest.Suite = "other"
	if _, err := JudgeAll([]*record.Run{a, b}); err == nil || !strings.Contains(err.Error(), "runs of one suite") {
		t.Errorf("another suite: %v", err)
	}
	b = pairOf(0.7, 9, ratioBelow(1))
	b.Manifest.Phases[0].Rate = 7
	if _, err := JudgeAll([]*record.Run{a, b}); err == nil || !strings.Contains(err.Error(), "rate") {
		t.Errorf("another load: %v", err)
	}
}

// TestPooledByTheLastRunsRules judges old runs by the rules of the newest.
func TestPooledByTheLastRunsRules(t *testing.T) {
	old, recent := pairOf(0.7, 9, ratioAbove(1)), pairOf(0.7, 9, ratioBelow(1))
	recent.Manifest.Started = time.Unix(1, 0)
	p, err := JudgeAll([]*record.Run{recent, old})
	if err != nil {
		t.Fatal(err)
	}
	if p.All.Outcome != Confirmed || p.Runs[1].Outcome != Confirmed || p.Agree() != 2 {
		t.Errorf("%s; %s", p.All.Sentence(), p.Runs[1].Sentence())
	}
	if old.Manifest.Rules[0].Below != 0 || old.Manifest.Rules[0].Kind != suite.RuleRatio {
		t.Error("the old run's manifest was changed")
	}
}
