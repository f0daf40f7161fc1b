package load

import (
	"math"
	"testing"
	"time"
)

func TestBinWidth(t *testing.T) {
	for duration, want := range map[time.Duration]time.Duration{
		100 * time.Millisecond: time.Millisecond,
		101 * time.Millisecond: 2 * time.Millisecond,
		2 * time.Second:        20 * time.Millisecond,
		6 * time.Second:        100 * time.Millisecond,
		10 * time.Second:       100 * time.Millisecond,
		time.Minute:            time.Second,
		24 * time.Hour:         1000 * time.Second,
	} {
		if got := time.Duration(binWidth(int64(duration))); got != want {
			t.Errorf("%v has bins of %v, want %v", duration, got, want)
		}
	}
	for duration := int64(100e6); duration < int64(maxDuration); duration += duration/1000 + 1 {
		if n := duration / binWidth(duration); n < 40 || n > mostBins {
			t.Fatalf("%v has %d bins, want 40 to %d", time.Duration(duration), n, mostBins)
		}
	}
	if n := len(newBins(1, most).parts); n != 1 {
		t.Errorf("1 ns has %d bins", n)
	}
}

// The bins of two threads are added by the time of the answer. An incomplete
// bin at the end is dropped.
func TestBins(t *testing.T) {
	const duration = 1015e6 // bins of 20 ms, and 15 ms are left
	a, b := newBins(duration, most), newBins(duration, most)
	for i := int64(1); i <= 1000; i++ {
		half := &a
		if i%2 == 0 {
			half = &b
		}
		half.add(20e6*3+i, i*1e3) // 1 µs to 1 ms, in the fourth bin
	}
	a.add(0, 7e6)
	b.add(20e6-1, 9e6)
	a.add(duration-1, 1e3)
	a.merge(b)
	got := a.upTo(duration)
	if got.Width != 20*time.Millisecond || len(got.Requests) != 50 || len(got.Mean) != 50 || len(got.P50) != 50 {
		t.Fatalf("%d bins of %v, want 50 of 20ms", len(got.Requests), got.Width)
	}
	for i := range got.Requests {
		requests, mean, p50 := uint64(0), 0.0, 0.0
		switch i {
		case 0:
			requests, mean = 2, 8e6 // too few for a median
		case 3:
			requests, mean, p50 = 1000, 500.5e3, 500e3
		}
		if got.Requests[i] != requests || got.Mean[i] != mean || math.Abs(got.P50[i]-p50) > 0.01*p50 {
			t.Errorf("bin %d has %d requests, mean %g, p50 %g ns; want %d, %g, %g", i, got.Requests[i], got.Mean[i], got.P50[i], requests, mean, p50)
		}
	}
	if n := len(a.upTo(75e6).Requests); n != 3 {
		t.Errorf("75 ms of the measured time have filled %d bins, want 3", n)
	}
}

// The bins of a run add up to what the run measured.
func TestBinsOfRun(t *testing.T) {
	s := serve(t, "127.0.0.1:0", say(hello))
	r := mustRun(t, Config{URL: s.url(), Connections: 4, Threads: 2, Duration: 200 * time.Millisecond})
	if r.Bins.Width != 2*time.Millisecond || len(r.Bins.Requests) != 100 {
		t.Fatalf("%d bins of %v, want 100 of 2ms", len(r.Bins.Requests), r.Bins.Width)
	}
	requests, sum := uint64(0), 0.0
	for i, n := range r.Bins.Requests {
		requests += n
		sum += float64(n) * r.Bins.Mean[i]
		if p50 := r.Bins.P50[i]; n < 20 && p50 != 0 || n >= 20 && (p50 <= 0 || p50 > 1.01*float64(r.Latency.Max())) {
			t.Errorf("bin %d: p50 of %d requests is %g ns", i, n, p50)
		}
	}
	if requests != r.Within {
		t.Errorf("the bins have %d requests, the run has %d", requests, r.Within)
	}
	// The bins hold the answers that came in the measured time, the run's
	// latency the requests that were planned in it. Without a warm-up the
	// latter include the former.
	if mean := sum / float64(requests); mean < float64(r.Latency.Min()) || mean > float64(r.Latency.Max()) {
		t.Errorf("mean latency of all bins %.0f ns, of the run %d to %d", mean, r.Latency.Min(), r.Latency.Max())
	}
}
