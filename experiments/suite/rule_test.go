package suite

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

// Every hypothesis has a suite that says what refutes it.
func TestHypotheses(t *testing.T) {
	for n := 1; n <= 17; n++ {
		name := fmt.Sprintf("h%d", n)
		s, err := Open(name)
		if err != nil {
			t.Error(err)
			continue
		}
		if s.Claim.Hypothesis != strings.ToUpper(name) || s.Claim.Text == "" || s.Claim.RefutedIf == "" || len(s.Rules) == 0 || s.Repeat < 6 {
			t.Errorf("%s: %+v with %d rules and %d repetitions", name, s.Claim, len(s.Rules), s.Repeat)
		}
		// Every rule finds cells of the suite, because a rule that compares
		// nothing could not fail.
		for _, q := range s.Rules {
			of := 0
			for _, c := range s.Cells() {
				if q.Of.Has(c) && q.Where.Has(c) {
					of++
				}
			}
			if of == 0 {
				t.Errorf("%s: no cell for %q", name, q.Title)
			}
		}
	}
}

const swept = `
title = 'T'
question = 'Q?'
claim = 'C'
refuted_if = 'R'
repeat = 6
[axes]
mpm = ['leader', 'worker']
rate = [500, 2000]
burst = [1, 8]
us = [0, 25]
budget = ['2us', '10us']
place = ['free', 'cross']
[[phase]]
name = 'wake'
handoff = 'futex'
place = 'cross'
[[phase]]
name = 'open'
path = '/spin?us={us}'
connections = '{burst}'
rate = '{rate}'
arrivals = 'burst'
burst = '{burst}'
duration = '50ms'
[[phase]]
name = 'paired'
connections = 4
rate = 1000
arrivals = 'paired'
spacing = '{us}us'
duration = '50ms'
[[rule]]
title = 'D'
kind = 'gain'
metric = 'probe_D_p50_ns'
phase = 'open'
of = { mpm = 'leader' }
to = { mpm = 'worker' }
where = { rate = [500] }
unit = 'H_p50_ns'
unit_phase = 'wake'
above = 0.2
`

func TestPhaseIn(t *testing.T) {
	s := read(t, swept)
	cell := map[string]string{"mpm": "leader", "rate": "2000", "burst": "8", "us": "25"}
	p := s.Phases[1].In(cell)
	if p.Path != "/spin?us=25" || p.Connections.All != 8 || p.Rate.All != 2000 || p.Burst != 8 || p.Arrivals != "burst" {
		t.Errorf("open is %+v", p)
	}
	if all := s.Phases[1]; all.Path != "/spin?us={us}" || all.Connections.All != 1 || all.Rate.All != 500 || fmt.Sprint(all.Axes) != "[rate burst us]" {
		t.Errorf("open stands for %+v", all)
	}
	if p := s.Phases[2].In(cell); p.Spacing != 25*time.Microsecond || p.Rate.All != 1000 {
		t.Errorf("paired is %+v", p)
	}
	if p := s.Phases[0].In(cell); p.Handoff != "futex" || p.HandoffPlace != PlaceCross {
		t.Errorf("wake is %+v", p)
	}
	for _, a := range s.Axes {
		if flag := a.Name == "mpm" || a.Name == "budget"; a.IsFlag() != flag {
			t.Errorf("axis %s is a flag of the server's: %v", a.Name, a.IsFlag())
		}
	}
	if a := s.Axis("budget"); !a.Numbers() || s.Axis("mpm").Numbers() {
		t.Error("which axes have numbers?")
	} else if x, ok := a.Number("2us"); !ok || x != 2 {
		t.Errorf("2us is %v", x)
	}
}

func TestRule(t *testing.T) {
	s := read(t, swept)
	q := s.Rules[0]
	if q.ToMetric != q.Metric || q.ToPhase != "open" || q.UnitFrom != "wake" || q.Each != EachAll || q.Where["rate"][0] != "500" {
		t.Errorf("rule %+v", q)
	}
}

func TestBadRules(t *testing.T) {
	for _, c := range []struct{ name, from, to, want string }{
		{"no claim", "claim = 'C'\n", "", "claim: missing (allowed: the sentence that the rules decide on)"},
		{"nothing refutes", "refuted_if = 'R'\n", "", "refuted_if: missing"},
		{"cpus", "repeat = 6", "repeat = 6\ncpus = -1", "cpus: -1 is not allowed"},
		{"figures", "repeat = 6", "repeat = 6\nfigures = ['F10']", `figures: "F10" is not allowed (allowed: F1, F2,`},
		{"no title", "title = 'D'\n", "", "rule[0].title: missing"},
		{"kind", "'gain'", "'difference'", `rule[0].kind: "difference" is not allowed (allowed: ratio, gain, trend, crossing, ranking)`},
		{"phase", "phase = 'open'", "phase = 'opened'", `rule[0].phase: "opened" is not allowed (allowed: wake, open, paired)`},
		{"unit's phase", "'wake'\nabove", "'woke'\nabove", `rule[0].unit_phase: "woke"`},
		{"metric", "'probe_D_p50_ns'", "'D p50'", `rule[0].metric: "D p50"`},
		{"value", "of = { mpm = 'leader' }", "of = { mpm = 'lead' }", `rule[0].of.mpm: "lead" is not allowed (allowed: leader, worker)`},
		{"axis", "where = { rate = [500] }", "where = { rat = [500] }", `rule[0].where: "rat"`},
		{"no bound", "above = 0.2", "", "rule[0].above: missing"},
		{"no pair", "to = { mpm = 'worker' }\n", "", "rule[0].to: missing"},
		{"each", "above = 0.2", "above = 0.2\neach = 'most'", `rule[0].each: "most" is not allowed (allowed: all, any)`},
		{"two bounds", "kind = 'gain'", "kind = 'ratio'\nbelow = 1", "rule[0]: 2 is not allowed (allowed: exactly one of below, above, differs and within)"},
		{"negative", "above = 0.2", "above = -0.2", "finite bounds above 0"},
		{"no number", "above = 0.2", "above = nan", "rule[0]: NaN is not allowed (allowed: finite bounds above 0)"},
		{"infinite", "above = 0.2", "above = inf", "finite bounds above 0"},
		{"along what", "kind = 'gain'", "kind = 'crossing'\nalong = 'mpm'", `rule[0].along: "mpm" is not allowed (allowed: an axis with two numbers or more, rising)`},
		{"towards what", "kind = 'gain'", "kind = 'trend'\nalong = 'rate'", "rule[0].towards: 0 is not allowed"},
		{"ranked what", "kind = 'gain'", "kind = 'ranking'\naxis = 'mmp'", `rule[0].axis: "mmp"`},
		{"ranked pairs", "kind = 'gain'", "kind = 'ranking'\naxis = 'mpm'", "where alone, in a ranking"},
		{"place", "'cross']", "'across']", `axes.place: "across" is not allowed (allowed: free, same, cross)`},
		{"placeholder", "'/spin?us={us}'", "'/spin?us={work}'", `phase.open: "{work}" is not allowed`},
		{"rate of a word", "rate = [500, 2000]", "rate = ['low', 'high']", `phase.open.rate: "low" is not allowed (allowed: a number`},
		{"half a burst", "burst = [1, 8]", "burst = [1, 8.5]", "8.5 is not allowed"},
		{"spacing", "us = [0, 25]", "us = [0, 2000]", `phase.paired.spacing: "2000us" is not allowed (allowed: a duration of 0s to 1ms)`},
		{"burst without", "arrivals = 'burst'\n", "", `phase.open.burst: 1 is not allowed (allowed: with arrivals = "burst"`},
		{"paired without", "spacing = '{us}us'\n", "", `phase.paired.spacing: "" is not allowed (allowed: with arrivals = "paired"`},
		{"primitive", "handoff = 'futex'", "handoff = 'futx'", "phase.wake.handoff: "},
		{"loaded ping-pong", "handoff = 'futex'", "handoff = 'futex'\nconnections = 1", "phase.wake: \"a load\" is not allowed"},
		{"ping-pong where", "place = 'cross'\n[[phase]]", "place = 'here'\n[[phase]]", `phase.wake.place: "here" is not allowed (allowed: free, same, cross)`},
	} {
		if !strings.Contains(swept, c.from) {
			t.Fatalf("%s: %q is not in the suite", c.name, c.from)
		}
		text := strings.Replace(swept, c.from, c.to, 1)
		_, err := Read(fstest.MapFS{"s.toml": {Data: []byte(text)}}, "s.toml")
		if err == nil || !strings.Contains(err.Error(), "suite s.toml") || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v\nwant %s", c.name, err, c.want)
		}
	}
}
