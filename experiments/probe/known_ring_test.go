package probe

import (
	"strconv"
	"testing"

	"lflab/experiments/probe/stage"
)

func (o *outcome) kept() uint64 {
	r := o.Records
	return uint64(len(r.Requests) + len(r.Handoffs) + len(r.Gaps) + len(r.Waits) + len(r.Wakes) + len(r.Runs))
}

// TestKnownLoss uses a ring that is too small. The records lost and kept must
// add up to those emitted, and the kernel's own counts must be unaffected.
func TestKnownLoss(t *testing.T) {
	requireCheck(t)
	const n = 50_000
	target := startTarget(t, "elide", strconv.Itoa(n))
	target.rest()
	o := watched(t, Options{PIDs: []int{target.PID}, Calls: true, RingBytes: 4096}, target.act)
	if got := o.Count("wake_calls"); got != n {
		t.Errorf("%d wake calls are counted, want %d", got, n)
	}
	if elided := all(o.sum("wake-elided", stage.Solitary)); elided.Count != n {
		t.Errorf("the histogram has %d wake calls, want %d", elided.Count, n)
	}
	if o.lost.Records == 0 {
		t.Errorf("no record is lost of %d in a ring for less than a hundred", n)
	}
	o.whole(t)
	// Each wake call emits a record, and so does each time on a CPU whose
	// beginning is known.
	emitted := n + o.Count("switches_voluntary") + o.Count("switches_involuntary")
	if got := o.lost.Records + o.kept(); got > emitted || got+o.Result.counts.Threads < emitted {
		t.Errorf("%d records were lost and %d kept, want %d together, or one less for a thread that was on a CPU at the start", o.lost.Records, o.kept(), emitted)
	}
	t.Logf("%d records lost, %d kept", o.lost.Records, o.kept())
}

// TestKnownFlood checks that the default ring loses nothing at 200,000 hook
// hits per second with a record of each.
func TestKnownFlood(t *testing.T) {
	requireCheck(t)
	const n = 200_000 // 200 per ms
	target := startTarget(t, "flood", strconv.Itoa(n))
	target.rest()
	o := watched(t, Options{PIDs: []int{target.PID}, Requests: true, Calls: true}, target.act)
	o.counts(t, map[string]uint64{"wake_calls": n, "wakes_elided": n})
	if len(o.Wakes) != n {
		t.Errorf("%d records of wake calls were kept, want %d", len(o.Wakes), n)
	}
	for i := 1; i < len(o.Wakes); i++ {
		if o.Wakes[i].Enter < o.Wakes[i-1].Time {
			t.Fatalf("wake call %d begins at %d, before the one before it ends at %d", i, o.Wakes[i].Enter, o.Wakes[i-1].Time)
		}
	}
	seconds := float64(o.Wakes[len(o.Wakes)-1].Time-o.Wakes[0].Enter) / 1e9
	t.Logf("%.0f hook hits a second, %.0f records a second", float64(o.Count("events"))/seconds, float64(o.kept())/seconds)
}
