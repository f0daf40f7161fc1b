package findings

import (
	"fmt"
	"slices"
	"strings"

	"lflab/experiments/stats"
	"lflab/experiments/words"
)

// Requests pay for a subject's hand-offs if the share of hand-offs on a
// request's path is at least paysFrom. They do not pay if it is at most
// paysNotUpTo. Fewer than fewHandoffs hand-offs say nothing.
const (
	paysFrom    = 0.5
	paysNotUpTo = 0.05
	fewHandoffs = 30
)

// payment holds what the kernel probe counted of one cell's hand-offs, summed
// over all processes that count.
type payment struct {
	subject                               string
	handoffs, onPath, requests, processes uint64
}

func (p payment) share() float64 { return float64(p.onPath) / float64(p.handoffs) }
func (p payment) few() bool      { return p.handoffs < fewHandoffs }

// trials writes the number of trials: "10 trials".
func (p payment) trials() string {
	if p.processes == 1 {
		return "1 trial"
	}
	return words.Count(p.processes, "trial", "trials")
}

func (v *View) payment(phase string, p Panel, subject string) payment {
	sum := payment{subject: subject}
	for _, t := range v.Trials(p, subject) {
		r := t.Phase(phase)
		if r == nil || r.Probe == nil || !t.Counts(phase) {
			continue
		}
		c := r.Probe.Counts
		sum.handoffs += c["handoffs_item"] + c["handoffs_lead"]
		sum.onPath += c["requests_passed"]
		sum.requests += c["requests"]
		sum.processes++
	}
	return sum
}

// pays says for each panel whose requests pay for hand-offs, from the kernel
// probe's counts in the first phase that has them.
func (v *View) pays() []Paragraph {
	var ps []Paragraph
	for _, p := range v.Panels {
		for _, ph := range v.PhasesByLoad() {
			var all []payment
			for _, s := range v.Subjects {
				if x := v.payment(ph.Name, p, s); x.processes > 0 && x.requests > 0 {
					all = append(all, x)
				}
			}
			if len(all) == 0 {
				continue
			}
			found := tellPayments(v.plainLoad(ph, p), all)
			if s := v.apacheOrder(ph.Name, p); s != "" {
				found = append(found, Remark(s))
			}
			ps = append(ps, Paragraph{Head: words.Capital(JoinTitle("whose request pays", p.Title)), Findings: found})
			break
		}
	}
	return ps
}

func tellPayments(load string, all []payment) []Finding {
	var parts, none []string
	for _, x := range all {
		switch {
		case x.handoffs == 0:
			none = append(none, x.subject)
		case x.onPath > x.handoffs: // some hand-offs brought several requests
			parts = append(parts, fmt.Sprintf("%s all %s, with %s requests, in %s", x.subject, words.Thousands(float64(x.handoffs)), words.Thousands(float64(x.onPath)), x.trials()))
		default:
			parts = append(parts, fmt.Sprintf("%s %s of %s in %s", x.subject, words.Thousands(float64(x.onPath)), words.Thousands(float64(x.handoffs)), x.trials()))
		}
	}
	s := fmt.Sprintf("In the %s, the kernel saw no hand-off in any subject.", load)
	if len(parts) > 0 {
		s = fmt.Sprintf("In the %s, the kernel saw these hand-offs lie on the path of a request: %s.", load, strings.Join(parts, "; "))
		if len(none) > 0 {
			s += fmt.Sprintf(" Nothing was handed over in %s.", words.List(none))
		}
	}
	find := func(name string) *payment {
		if i := slices.IndexFunc(all, func(x payment) bool { return x.subject == name }); i >= 0 {
			return &all[i]
		}
		return nil
	}
	found := remarks(s)
	if a, b := find(Pattern), find(Rival); a != nil && b != nil {
		found = append(found, judgePayment(*a, *b)...)
	}
	return found
}

// judgePayment checks the pattern's claim against the counts: its own requests
// do not wait for a hand-off, and its rival's do. a is the pattern, b the
// rival. It says nothing if either has fewer than stats.Fewest trials that
// count.
func judgePayment(a, b payment) []Finding {
	own, rival := &Payment{payment: a, Own: true}, &Payment{payment: b}
	seldom := "%s handed over too seldom to say whether its requests pay;"
	switch {
	case min(a.processes, b.processes) < stats.Fewest:
		return remarks(fmt.Sprintf("Too few trials count to say who pays, %d of %s and %d of %s.", a.processes, a.subject, b.processes, b.subject))
	case a.few() && b.few():
		return remarks(fmt.Sprintf("Neither %s nor %s handed over often enough to say who pays.", a.subject, b.subject))
	case a.few():
		return []Finding{Remark(fmt.Sprintf(seldom, words.Capital(a.subject))), rival}
	case b.few():
		return []Finding{Remark(fmt.Sprintf(seldom, words.Capital(b.subject))), own}
	case !own.Against() && !rival.Against():
		return remarks(fmt.Sprintf("So a request of %s waits for the thread that is woken for it and one of %s does not, as the pattern claims.", b.subject, a.subject))
	}
	own.first, rival.first = true, true
	return []Finding{own, rival}
}

// Payment is a finding that says whether a subject's requests wait for its
// hand-offs. The pattern claims that its rival's do and its own do not.
type Payment struct {
	payment
	Own   bool // the subject is the pattern's own
	first bool // the sentence begins with a capital letter
}

// Against reports whether the counts contradict the claim.
func (p *Payment) Against() bool {
	if p.Own {
		return p.share() > paysNotUpTo
	}
	return p.share() < paysFrom
}

// Shown returns "", because no figure has the kernel's counts.
func (p *Payment) Shown() string { return "" }

// Sentence writes whether the requests wait and, if that contradicts the claim,
// the share of hand-offs on a request's path.
func (p *Payment) Sentence() string {
	var s string
	switch share := 100 * p.share(); {
	case p.Own && p.Against():
		s = fmt.Sprintf("%.0f %% of %s's hand-offs lie on the path of a request, against what the pattern claims.", share, p.subject)
	case p.Own:
		s = fmt.Sprintf("requests of %s do not wait for its hand-offs, as the pattern claims.", p.subject)
	case p.Against():
		s = fmt.Sprintf("only %.0f %% of %s's hand-offs lie on the path of a request, against what the pattern claims.", share, p.subject)
	default:
		s = fmt.Sprintf("requests of %s wait for the thread that is woken for them, as the pattern claims.", p.subject)
	}
	if p.first {
		return words.Capital(s)
	}
	return s
}

// apacheOrder says how often a connection changes threads in Apache's own MPMs,
// and whether the order of medians is as expected: prefork least, event most. It
// returns "" if the run has fewer than two of them with enough trials that
// count.
func (v *View) apacheOrder(phase string, p Panel) string {
	var parts []string
	var medians []float64
	for _, mpm := range []string{"prefork", "worker", "event"} {
		for _, s := range v.Subjects {
			if !strings.HasPrefix(s, "apache-") || !strings.HasSuffix(s, "-"+mpm) {
				continue
			}
			if iv := stats.Summarise(v.Sample(phase, p, s, MetricOf(KeyMoves)).Valid); iv.Enough() {
				parts = append(parts, s+" "+words.Interval(iv))
				medians = append(medians, iv.Center)
			}
		}
	}
	if len(parts) < 2 {
		return ""
	}
	s := "A connection goes from one thread to another, asleep or not, this often: " + words.List(parts) + "; the medians are "
	for i := 1; i < len(medians); i++ {
		if medians[i] <= medians[i-1] {
			return s + "not in the order that the MPMs' designs suggest (prefork least, event most)."
		}
	}
	return s + "in the order that the MPMs' designs suggest."
}
