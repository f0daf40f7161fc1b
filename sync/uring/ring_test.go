package uring

import (
	"errors"
	"os"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"lflab/sync/futex"
)

// ring makes a ring, or skips the test if the machine has no io_uring.
func ring(t testing.TB, op Op, entries, completions int) *Ring {
	t.Helper()
	if err := Available(op); err != nil {
		t.Skip(err)
	}
	r, err := New(entries, completions)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

func submit(t testing.TB, r *Ring, wait int) {
	t.Helper()
	if err := r.Enter(wait); err != nil {
		t.Fatal(err)
	}
}

func next(t testing.TB, r *Ring) Completion {
	t.Helper()
	for {
		if c, ok := r.Completion(); ok {
			return c
		}
		submit(t, r, 1)
	}
}

// TestRequestsComplete goes around both rings many times.
func TestRequestsComplete(t *testing.T) {
	r := ring(t, OpNop, 4, 8)
	for round := range uint64(1000) {
		for i := range uint64(4) {
			*r.Next() = Entry{Op: OpNop, UserData: round*4 + i}
		}
		for i := range uint64(4) {
			if c := next(t, r); c.UserData != round*4+i || c.Result != 0 || c.More() {
				t.Fatalf("round %d, request %d: %+v", round, i, c)
			}
		}
	}
	if c, ok := r.Completion(); ok {
		t.Errorf("a completion of no request: %+v", c)
	}
}

// TestMoreThanThereIsRoomFor checks that the kernel keeps completions that do
// not fit.
func TestMoreThanThereIsRoomFor(t *testing.T) {
	r := ring(t, OpNop, 2, 2)
	const many = 20
	for i := range uint64(many) {
		*r.Next() = Entry{Op: OpNop, UserData: i}
		submit(t, r, 0)
	}
	for i := range uint64(many) {
		c, ok := r.Completion()
		if !ok || c.UserData != i {
			t.Fatalf("completion %d of %d: %+v, %v", i, many, c, ok)
		}
	}
}

func TestMoreRequestsThanEntries(t *testing.T) {
	r := ring(t, OpNop, 2, 2)
	defer func() {
		if recover() == nil {
			t.Error("a third request was let into a queue of two")
		}
		submit(t, r, 0)
	}()
	for range 3 {
		r.Next().Op = OpNop
	}
}

// TestPassedOn: a thread submits each request and ends, and another takes its
// completion.
func TestPassedOn(t *testing.T) {
	r := ring(t, OpNop, 2, 2)
	for i := range uint64(50) {
		done := make(chan error)
		go func() {
			runtime.LockOSThread()
			*r.Next() = Entry{Op: OpNop, UserData: i}
			done <- r.Enter(0)
		}()
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		if c := next(t, r); c.UserData != i {
			t.Fatalf("request %d: %+v", i, c)
		}
	}
}

func TestFutexWait(t *testing.T) {
	r := ring(t, OpFutexWait, 2, 4)
	word := new(atomic.Uint32)
	wait := func(val uint32) {
		e := r.Next()
		e.Op = OpFutexWait
		e.SetWord(word, val)
		submit(t, r, 0)
	}
	wait(1)
	if c := next(t, r); c.Result != -int32(unix.EAGAIN) {
		t.Errorf("a word that differs: %+v, want EAGAIN", c)
	}
	wait(0)
	if c, ok := r.Completion(); ok {
		t.Errorf("not woken: %+v", c)
	}
	// The word has one waiter, the request in the ring.
	if n := futex.Wake(word, futex.All); n != 1 {
		t.Errorf("woke %d, want 1", n)
	}
	if c := next(t, r); c.Result != 0 {
		t.Errorf("woken: %+v", c)
	}

	// After its cancellation the request no longer waits on the word.
	wait(0)
	*r.Next() = Entry{Op: OpCancel, Addr: 0, UserData: 9}
	results := map[uint64]int32{}
	for range 2 {
		c := next(t, r)
		results[c.UserData] = c.Result
	}
	if results[0] != -int32(unix.ECANCELED) || results[9] < 0 { // the cancellation's result is a number of requests, or 0
		t.Errorf("cancelled: results by user data %v", results)
	}
	if n := futex.Wake(word, futex.All); n != 0 {
		t.Errorf("woke %d after the cancellation", n)
	}
}

// TestThreadEnds checks that a request is cancelled when its thread ends, as
// the package comment says.
func TestThreadEnds(t *testing.T) {
	r := ring(t, OpFutexWait, 2, 4)
	word := new(atomic.Uint32)
	var request func()
	request = func() {
		runtime.LockOSThread()
		if unix.Gettid() == unix.Getpid() { // that thread does not end; another goroutine is on another one
			next := make(chan struct{})
			go func() { defer close(next); request() }()
			<-next
			runtime.UnlockOSThread()
			return
		}
		e := r.Next()
		e.Op = OpFutexWait
		e.SetWord(word, 0)
		if err := r.Enter(0); err != nil {
			t.Error(err)
		}
		word.Store(1) // lets the test use the ring
	}
	go request()
	for word.Load() == 0 {
		runtime.Gosched()
	}
	if c := next(t, r); c.Result != -int32(unix.ECANCELED) {
		t.Errorf("the thread of the request has ended: %+v, want ECANCELED", c)
	}
}

func TestLimit(t *testing.T) {
	r := ring(t, OpNop, 2, 2)
	for _, limit := range []time.Duration{0, time.Millisecond} {
		ts := unix.NsecToTimespec(int64(limit))
		begin := time.Now()
		var err error
		for range 1000 { // nil after a signal, and then the limit starts again
			if err = r.EnterFor(1, &ts); err != nil {
				break
			}
		}
		if !errors.Is(err, ErrDeadline) {
			t.Errorf("limit %v: %v, want %v", limit, err, ErrDeadline)
		}
		if took := time.Since(begin); took < limit {
			t.Errorf("limit %v: returned after %v", limit, took)
		}
	}
	if n := testing.AllocsPerRun(100, func() {
		r.Next().Op = OpNop
		ts := unix.NsecToTimespec(int64(time.Hour))
		_ = r.EnterFor(1, &ts)
		_, _ = r.Completion()
	}); n != 0 {
		t.Errorf("%v allocations per request", n)
	}
}

func TestRefused(t *testing.T) {
	for _, size := range [][2]int{{0, 1}, {3, 4}, {4, 3}, {8192, 1}} {
		if _, err := New(size[0], size[1]); err == nil || !strings.Contains(err.Error(), "powers of 2") {
			t.Errorf("a ring of %v: %v", size, err)
		}
	}
	if err := Available(255); err == nil {
		t.Error("operation 255 is reported as available")
	}
	if err := setupError(unix.EPERM); !errors.Is(err, unix.EPERM) || !strings.Contains(err.Error(), "io_uring_disabled") {
		t.Errorf("EPERM is reported as %q", err)
	}
}

// TestCloseGivesBack counts descriptors and mappings.
func TestCloseGivesBack(t *testing.T) {
	if err := Available(OpNop); err != nil {
		t.Skip(err)
	}
	count := func() (descriptors, mappings int) {
		fds, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Fatal(err)
		}
		maps, err := os.ReadFile("/proc/self/maps")
		if err != nil {
			t.Fatal(err)
		}
		return len(fds), strings.Count(string(maps), "io_uring")
	}
	const many = 50
	before, mapped := count()
	for range many {
		r, err := New(4, 8)
		if err != nil {
			t.Fatal(err)
		}
		if _, m := count(); m == mapped {
			t.Fatal("a ring is not seen among the mappings")
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
	after, still := count()
	if after > before+many/2 || still != mapped {
		t.Errorf("%d descriptors and %d mappings before, %d and %d after", before, mapped, after, still)
	}
}

func BenchmarkNop(b *testing.B) {
	r := ring(b, OpNop, 2, 2)
	for b.Loop() {
		r.Next().Op = OpNop
		_ = r.Enter(1)
		_, _ = r.Completion()
	}
}
