package probe

import (
	"errors"
	"os"
	"slices"
	"testing"
	"time"

	"lflab/experiments/probe/stage"
)

// sampled returns the Result of a fed measurement that has seen these hand-offs.
func sampled(ns ...uint64) *Result {
	r := &Result{DurationS: float64(len(ns)), missed: 2 * uint64(len(ns)), lost: 3 * uint64(len(ns)), byStage: make([][stage.Placements]Histogram, len(stage.All))}
	r.counts.HandoffsItem, r.counts.Threads = uint64(len(ns)), 9
	total := slices.IndexFunc(stage.All, func(s stage.Stage) bool { return s.Group == stage.Item && s.Name == "total" })
	for _, v := range ns {
		r.byStage[total][stage.CrossCPU].Observe(v)
	}
	return r
}

func TestSince(t *testing.T) {
	values := []uint64{5, 900, 1000, 1001, 70000, 80, 40e9, 30e9}
	for from := range values {
		for to := from; to <= len(values); to++ {
			before := sampled(values[:from]...)
			now := sampled(values[:to]...)
			got, want := now.Since(before), sampled(values[from:to]...)
			h, w := got.Totals(stage.Item)[stage.CrossCPU], want.Totals(stage.Item)[stage.CrossCPU]
			if h.Count != w.Count || h.Sum != w.Sum || h.Buckets != w.Buckets ||
				got.counts != want.counts || got.missed != want.missed || got.lost != want.lost || got.DurationS != want.DurationS {
				t.Errorf("%v: %+v of %d values, sum %d", values[from:to], got.counts, h.Count, h.Sum)
			}
			// Its ends lie in the right buckets, and hold all values.
			if w.Count > 0 && (bucketOf(h.Min) != bucketOf(w.Min) || bucketOf(h.Max) != bucketOf(w.Max) || h.Min > w.Min || h.Max < w.Max) {
				t.Errorf("%v: from %d to %d, want %d to %d", values[from:to], h.Min, h.Max, w.Min, w.Max)
			}
		}
	}
	if first := sampled(7).Since(nil); first.Count("handoffs_item") != 1 {
		t.Errorf("the first interval has %d hand-offs", first.Count("handoffs_item"))
	}
}

// The intervals of a real measurement add up to the whole, also while others
// ask for the result so far. Two targets are followed at once.
func TestIntervalsAddUp(t *testing.T) {
	requireCheck(t)
	a, b := startPingPong(t, "/proc/self/exe", nil), startPingPong(t, "/proc/self/exe", nil)
	asked, began := make(chan chan<- *Result), make(chan struct{})
	ended := make(chan error, 1)
	var each []*Result
	var m *Measurement
	go func() {
		var err error
		m, err = Measure(t.Context(), Config{
			Options: Options{PIDs: []int{a.pid(), b.pid()}}, Asked: asked,
			Began:    func([]Target) { close(began) },
			Interval: 10 * time.Millisecond,
			Each: func(r *Result) error {
				each = append(each, r)
				return nil
			},
		})
		ended <- err
	}()
	select {
	case <-began:
	case err := <-ended:
		t.Fatal(err)
	}
	ask := func() *Result {
		reply := make(chan *Result, 1)
		asked <- reply
		return <-reply
	}
	a.burst()
	middle := ask()
	b.burst()
	after := ask()
	a.end()
	b.end()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	if !errors.Is(m.Ended, ErrTargetEnded) || len(m.Report.Targets) != 2 || m.Report.Targets[1].PID != b.pid() {
		t.Errorf("ended: %v, targets %v", m.Ended, m.Report.Targets)
	}
	if first, second := middle.Count("wakes_issued"), after.Since(middle).Count("wakes_issued"); first < burst || second < burst {
		t.Errorf("%d wake-ups in the first burst, %d in the second, want %d and more", first, second, burst)
	}
	sum := map[string]uint64{}
	seconds := 0.0
	for _, r := range each {
		for _, name := range []string{"wakes_issued", "handoffs_bare", "syscalls"} {
			sum[name] += r.Count(name)
		}
		h := all(r.Totals(stage.Bare))
		sum["H"] += h.Count
		seconds += r.DurationS
	}
	for name, n := range sum {
		want := m.Result.Count(name)
		if name == "H" {
			want = all(m.Result.Totals(stage.Bare)).Count
		}
		if n != want || n == 0 {
			t.Errorf("%d intervals have %d %s, the whole has %d", len(each), n, name, want)
		}
	}
	if d := seconds - m.Result.DurationS; d > 1e-6 || d < -1e-6 {
		t.Errorf("%d intervals last %v s, the whole lasts %v s", len(each), seconds, m.Result.DurationS)
	}
}

// What a caller cannot write ends the measurement.
func TestIntervalErrorEndsTheMeasurement(t *testing.T) {
	requireCheck(t)
	full := errors.New("no space left")
	m, err := Measure(t.Context(), Config{
		Options: Options{PIDs: []int{startPingPong(t, "/proc/self/exe", nil).pid(), os.Getpid()}}, Interval: time.Millisecond,
		Each: func(*Result) error { return full },
	})
	if m == nil || !errors.Is(m.Ended, full) {
		t.Errorf("%v, %v", m, err)
	}
}
