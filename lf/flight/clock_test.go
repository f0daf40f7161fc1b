package flight

import (
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func clock(t *testing.T, id int32) int64 {
	t.Helper()
	var ts unix.Timespec
	if err := unix.ClockGettime(id, &ts); err != nil {
		t.Fatal(err)
	}
	return ts.Nano()
}

// TestNowIsTheKernelsClock checks that a reading lies between two of
// clock_gettime(2), up to the error that Now documents.
func TestNowIsTheKernelsClock(t *testing.T) {
	const exact = 1000 // ns
	for range 1000 {
		before := clock(t, unix.CLOCK_MONOTONIC)
		now := Now()
		after := clock(t, unix.CLOCK_MONOTONIC)
		if now < before-exact || now > after+exact {
			t.Fatalf("%d is not in %d..%d", now, before, after)
		}
	}
}

func TestNowDoesNotGoBack(t *testing.T) {
	last := Now()
	for range 100_000 {
		now := Now()
		if now < last {
			t.Fatalf("%d after %d", now, last)
		}
		last = now
	}
}

// TestFromRealtime reads two clocks one after the other. A thread may be
// interrupted in between, so most readings must be right, but not all.
func TestFromRealtime(t *testing.T) {
	const rounds, exact = 100, 2000
	good := 0
	for range rounds {
		before := clock(t, unix.CLOCK_MONOTONIC)
		stamp := clock(t, unix.CLOCK_REALTIME)
		after := clock(t, unix.CLOCK_MONOTONIC)
		if got := FromRealtime(stamp); got >= before-exact && got <= after+exact {
			good++
		}
	}
	if good < rounds*9/10 {
		t.Errorf("%d of %d stamps of CLOCK_REALTIME are where CLOCK_MONOTONIC was", good, rounds)
	}
	if got := FromRealtime(time.Now().Add(-time.Hour).UnixNano()); got > Now()-int64(59*time.Minute) {
		t.Errorf("an hour ago is %v ago", time.Duration(Now()-got))
	}
}

func BenchmarkNow(b *testing.B) {
	for b.Loop() {
		Now()
	}
}
