package model

import (
	"slices"
	"strings"
	"testing"

	"github.com/HdrHistogram/hdrhistogram-go"

	"lflab/experiments/probe/stage"
	"lflab/experiments/record"
)

// Every stage of D has one place in the model, so that a stage that the probe
// adds or renames does not vanish from a prediction.
func TestStagesAreAllPlaced(t *testing.T) {
	placed := slices.Concat(wakeStages, queueStages, acceptStages, handOffStages, readStages)
	known := stage.Keys("D")
	slices.Sort(placed)
	slices.Sort(known)
	if !slices.Equal(placed, known) {
		t.Errorf("the model places the stages\n%v\nthe probe has\n%v", placed, known)
	}
}

func TestFromRun(t *testing.T) {
	run := made{axes: []record.Axis{axis("mpm", "leader", "worker", "kernel"), axis("mode", "close"), axis("rate", "8000", "2000", "16000")}, blocks: 7,
		trial: func(tr *record.Trial, p *record.PhaseResult) {
			if tr.Cell["rate"] != "2000" { // inputs do not come from loaded cells
				p.Probe.G.Mean *= 3
			}
			p.Histograms = map[string]*hdrhistogram.Histogram{"probe.G": spread(p.Probe.G.Mean)}
		}}.run()
	all, err := FromRun(run, "probed")
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != 2 || all[0].MPM != "leader" || all[1].MPM != "worker" {
		t.Fatalf("inputs of %v, want leader and worker", all)
	}
	for _, in := range all {
		want := truth[in.MPM]
		if got := in.Server(AtRead); !near(got.Wake, want.Wake, 1e-9) || !near(got.Gap, want.Gap, 1e-9) || !near(got.Rest, want.Rest, 1e-9) ||
			!near(got.Accept, want.Accept, 1e-9) || got.Spread != 0 {
			t.Errorf("%s: the model has %+v, want %+v", in.MPM, got, want)
		}
		if got := in.Server(AtHandler).Rest; !near(got, want.Rest+trueHandler, 1e-9) {
			t.Errorf("%s: up to the handler %.0f ns after accept, want %.0f", in.MPM, got, want.Rest+trueHandler)
		}
		if in.Group != "close" || in.Rate != 2000 || in.Processes != 7 || in.Wake.N != 7 {
			t.Errorf("%s: group %q, rate %v, %d processes, want close, 2000, 7", in.MPM, in.Group, in.Rate, in.Processes)
		}
		// There are seven blocks from 94 to 106 %: the interval at 95 % needs
		// all of them.
		if !near(in.Gap.Lo, 0.94*want.Gap, 1e-9) || !near(in.Gap.Hi, 1.06*want.Gap, 1e-9) {
			t.Errorf("%s: G %v, want %.0f and 6 %% to both sides", in.MPM, in.Gap, want.Gap)
		}
		// 9 in 10 are half as long, 1 in 10 is 5.5 times as long: variance 2.25 of a mean that also includes accept's own time
		share := (want.Gap - want.Accept) / want.Gap
		if want := 2.25 * share * share; !near(in.Spreading(AtRead).Spread, want, 0.05) {
			t.Errorf("%s: spread %v, want about %.2f", in.MPM, in.Spread, want)
		}
		if !near(in.Nobody.Center, 0.01, 1e-9) {
			t.Errorf("%s: no thread was waiting in %v of the gaps, want 0.01", in.MPM, in.Nobody.Center)
		}
	}
	if got, want := all[1].String(), "worker: V 16.0 [15.0, 17.0], G 10.0 [9.4, 10.6], c+Vq 23.5 [22.1, 24.9], read 2.50 [2.35, 2.65] µs (n = 7)"; got != want {
		t.Errorf("caption %q, want %q", got, want)
	}
}

// If no accept found a connection at once, the time from its call to its sleep
// replaces that time. Trials without a value that the model needs are left out.
func TestFromRunLeavesOut(t *testing.T) {
	run := made{axes: []record.Axis{axis("mpm", "leader")}, blocks: 8, trial: func(tr *record.Trial, p *record.PhaseResult) {
		switch tr.Repetition {
		case 0:
			tr.Gates[0].OK = false
		case 1:
			p.Probe = nil
		case 2:
			p.Probe.Counts["requests"] = 1060
		case 3:
			p.Probe.G = nil
		case 4:
			for _, key := range wakeStages {
				delete(p.Probe.Stages, key)
			}
		case 5:
			delete(p.Probe.Stages, "D.arm-return")
			delete(p.Probe.Stages, "arm-block")
		case 6:
			delete(p.Probe.Stages, "D.arm-return")
			p.Probe.Counts["requests"] = 1040
		case 7:
			p.Name = "another"
		}
	}}.run()
	all, err := FromRun(run, "probed")
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != 1 || all[0].Processes != 1 || all[0].Rate != 3000 || !near(all[0].Accept.Center, 1.04*4e3, 1e-9) {
		t.Errorf("inputs %v at %v/s, want those of block 6 alone, accept 4160 ns, at 3000/s", all, all[0].Rate)
	}

	run.Trials = slices.DeleteFunc(run.Trials, func(tr record.Trial) bool { return tr.Repetition == 6 })
	_, err = FromRun(run, "probed")
	for _, want := range []string{"phase probed of suite made", "1 do not count", "1 were not probed", "1 kept their connections",
		"1 have no gap", "1 found no thread asleep in accept", "1 tell nothing of accept's own time", "1 lack the phase"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}

func TestFromRunRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		run   *record.Run
		phase string
		want  string
	}{
		"no phase":     {made{axes: []record.Axis{axis("mpm", "leader")}, blocks: 1}.run(), "closed", `no phase "closed"`},
		"no rate":      {made{axes: []record.Axis{axis("mpm", "leader"), axis("rate", "fast")}, blocks: 1}.run(), "probed", `"fast" on the axis rate`},
		"below 0":      {made{axes: []record.Axis{axis("mpm", "leader"), axis("spacing", "-5")}, blocks: 1}.run(), "probed", `"-5" on the axis spacing`},
		"other server": {made{axes: []record.Axis{axis("mpm", "kernel")}, blocks: 1}.run(), "probed", "there are none"},
	} {
		if _, err := FromRun(c.run, c.phase); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", name, err, c.want)
		}
	}
}
