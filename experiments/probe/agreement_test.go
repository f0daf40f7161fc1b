package probe

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"lflab/experiments/probe/stage"
)

// recordLive measures a live target with all records. It goes on until each of
// the named stages has a value, and ends when all threads of the target sleep
// again.
func recordLive(t *testing.T, target *liveTarget, exercise func(), stages ...string) (*Records, *Result) {
	t.Helper()
	p, err := Open(Options{PIDs: []int{target.PID}, Requests: true, Calls: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	target.freeze()
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	target.thaw()
	for end := time.Now().Add(patience); ; {
		exercise()
		seen := stagesSeen(t, p)
		missing := slices.DeleteFunc(slices.Clone(stages), func(s string) bool { return slices.Contains(seen, s) })
		if len(missing) == 0 {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("nothing passed through %q in %v, only through %q", missing, patience, seen)
		}
	}
	target.rest()
	target.freeze()
	if err := p.Stop(); err != nil {
		t.Fatal(err)
	}
	r, err := p.Result(stage.Unknown)
	if err != nil {
		t.Fatal(err)
	}
	if r.lost > 0 {
		t.Fatalf("%d records were lost", r.lost)
	}
	return p.Records(), r
}

// stagesSeen returns the group and name of each stage that has a value.
func stagesSeen(t *testing.T, p *Probe) (seen []string) {
	t.Helper()
	for i, s := range stage.All {
		by, err := p.histogram(i)
		if err != nil {
			t.Fatal(err)
		}
		if all(by).Count > 0 {
			seen = append(seen, strings.TrimSpace(fmt.Sprint(s.Group, " ", s.Name)))
		}
	}
	return seen
}

// TestExactAgreesWithKernel checks that the histograms computed from single
// records equal those of the kernel's programs in every bucket. A run's record
// is written at the end of the run, while the programs count its beginning at
// once: if the probe does not see the end, the kernel's count is one higher.
func TestExactAgreesWithKernel(t *testing.T) {
	requireCheck(t)
	seen := map[string]bool{}
	for _, c := range []struct {
		target   string // kind and arguments
		exercise func(*liveTarget)
		All      string // stages that this load must pass through
	}{
		{"pingpong 0 0", func(l *liveTarget) { l.play(300) }, "H.bare switch-return"},
		{"pingpong", func(l *liveTarget) { l.play(300) }, "H.bare waking-wakeup, wake-elided"},
		{"worker", func(l *liveTarget) { l.load(1, 50, 3) },
			"D.first pass-switch-return, D.kept read-switch, H.item total, G.retook woke-arm, arm-block, wake-woke, waking-switch"},
		{"worker defer", func(l *liveTarget) { l.load(4, 20, 1) },
			"D.first ready-waking, D.first waking-wakeup, D.first return-queued, D.first ready-arm"},
		{"leader", func(l *liveTarget) { l.load(1, 50, 3) }, "D.first promote-call, H.lead total, G.passed return-arm"},
		{"leader defer", func(l *liveTarget) { l.load(6, 20, 1) }, "D.first ready-waking, D.first ready-arm, H.lead total, G.joined total, G.retook total"},
		{"event", func(l *liveTarget) { l.load(1, 50, 3) }, "D.first return-accept, D.kept ready-waking, D.kept pass-switch-return, H.item total"},
		{"event defer", func(l *liveTarget) { l.load(6, 20, 3) }, "D.kept return-queued, D.kept return-wake"},
		{"reactor", func(l *liveTarget) { l.load(3, 20, 3) }, "D.kept promote-call, D.kept switch-return, G.passed total"},
	} {
		t.Run(c.target, func(t *testing.T) {
			args := strings.Fields(c.target)
			target := startTarget(t, args[0], args[1:]...)
			records, result := recordLive(t, target, func() { c.exercise(target) }, strings.Split(c.All, ", ")...)
			exact := records.replayed()
			for i, s := range stage.All {
				for place := range stage.Placements {
					kernel, replayed := result.byStage[i][place], exact[i][place].Histogram()
					if s.Name == "waking-switch" && kernel.Count-replayed.Count < 2 {
						continue // the kernel does not announce one switch in some 100,000
					}
					if kernel != *replayed {
						t.Errorf("%s %s, %v: the kernel counted %d, sum %d, from %d to %d ns; the records give %d, sum %d, from %d to %d; buckets differ: %v",
							s.Group, s.Name, stage.Placement(place), kernel.Count, kernel.Sum, kernel.Min, kernel.Max,
							replayed.Count, replayed.Sum, replayed.Min, replayed.Max, kernel.Buckets != replayed.Buckets)
					}
					seen[string(s.Group)+" "+s.Name] = seen[string(s.Group)+" "+s.Name] || kernel.Count > 0
				}
			}
			t.Logf("%d requests, %d hand-offs, %d gaps, %d waits, %d wake calls, %d runs",
				len(records.Requests), len(records.Handoffs), len(records.Gaps), len(records.Waits), len(records.Wakes), len(records.Runs))
		})
	}
	// The test says nothing about a stage that no load passes through.
	for name, yes := range seen {
		// A connection is accepted before its first request only.
		if never := name == "D.kept return-accept"; yes == never {
			t.Errorf("a load passed through %s: %v", name, yes)
		}
	}
}

// TestExactTellsApart checks that a stamp that is off by 1 ns makes a
// difference.
func TestExactTellsApart(t *testing.T) {
	r := &Records{Handoffs: []Handoff{{Group: leads, Time: 90, Sleep: Sleep{Call: 10, Waking: 20, Wakeup: 40, Run: 80, WakerCPU: 1}}}}
	a := r.replayed()
	r.Handoffs[0].Sleep.Waking++
	b := r.replayed()
	differ := 0
	for i := range a {
		if !slices.EqualFunc(a[i][:], b[i][:], func(x, y Samples) bool { return slices.Equal(x, y) }) {
			differ++
		}
	}
	if differ != 2 {
		t.Errorf("%d stages differ, want those before and after the stamp", differ)
	}
}
