package findings

import (
	"strings"
	"testing"

	"lflab/experiments/madeup"
	"lflab/experiments/record"
)

// counts changes the probe's counts of one subject.
func counts(run *record.Run, subject string, change func(map[string]uint64)) *record.Run {
	return madeup.Scale(run, subject, func(r *record.PhaseResult) {
		if r.Probe != nil {
			change(r.Probe.Counts)
		}
	})
}

func TestAnswerSaysWhoseRequestPays(t *testing.T) {
	got := Answer(madeup.ProbedRun(1))
	for _, part := range []string{
		"In the open loop, 3,000/s, the kernel saw these hand-offs lie on the path of a request: leader 0 of 9,800 in 10 trials; worker 9,600 of 9,900 in 10 trials; ",
		"Nothing was handed over in kernel.",
		"So a request of worker waits for the thread that is woken for it and one of leader does not, as the pattern claims.",
	} {
		if !strings.Contains(got, part) {
			t.Errorf("answer does not say %q:\n%s", part, got)
		}
	}
	if strings.Contains(Answer(madeup.QuickRun(1)), "the kernel saw") {
		t.Error("a run without a probe tells what the kernel saw")
	}
}

func TestAnswerSaysWhenTheCountsContradict(t *testing.T) {
	got := Answer(counts(madeup.ProbedRun(1), "leader", func(c map[string]uint64) { c["requests_passed"] = c["handoffs_lead"] / 2 }))
	if !strings.Contains(got, "50 % of leader's hand-offs lie on the path of a request, against what the pattern claims. Requests of worker wait") {
		t.Errorf("leader pays, unsaid:\n%s", got)
	}
	got = Answer(counts(madeup.ProbedRun(1), "worker", func(c map[string]uint64) { c["requests_passed"] = c["handoffs_item"] / 4 }))
	if !strings.Contains(got, "nly 25 % of worker's hand-offs lie on the path of a request, against what the pattern claims.") {
		t.Errorf("worker does not pay, unsaid:\n%s", got)
	}
	got = Answer(counts(madeup.ProbedRun(1), "leader", func(c map[string]uint64) { c["handoffs_lead"] = 2 }))
	if !strings.Contains(got, "Leader handed over too seldom to say whether its requests pay; requests of worker wait") {
		t.Errorf("20 hand-offs are too few:\n%s", got)
	}
}

func TestAnswerOrdersApachesMPMs(t *testing.T) {
	if got := Answer(madeup.ApacheRun()); !strings.Contains(got, "this often: apache-prefork 0") ||
		!strings.Contains(got, "in the order that the MPMs' designs suggest.") {
		t.Errorf("got:\n%s", got)
	}
	run := madeup.Scale(madeup.ApacheRun(), "apache-event", func(r *record.PhaseResult) {
		if r.Probe != nil {
			r.Probe.PerConnection["moves"] = 0.5
		}
	})
	if got := Answer(run); !strings.Contains(got, "not in the order that the MPMs' designs suggest") {
		t.Errorf("got:\n%s", got)
	}
}
