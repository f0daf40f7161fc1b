package lf_test

import (
	"encoding/binary"
	"fmt"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"lflab/lf"
)

// ticker is an event source that waits for a timerfd. An event is the number
// of ticks since the previous one. An eventfd ends the wait, because nothing
// else ends a poll of another thread.
type ticker struct {
	timer, stop int
}

func newTicker(every time.Duration) (*ticker, error) {
	timer, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_CLOEXEC|unix.TFD_NONBLOCK)
	if err != nil {
		return nil, err
	}
	period := unix.NsecToTimespec(int64(every))
	if err := unix.TimerfdSettime(timer, 0, &unix.ItimerSpec{Interval: period, Value: period}, nil); err != nil {
		return nil, err
	}
	stop, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	return &ticker{timer, stop}, err
}

// Wait leaves the eventfd readable, so that all later calls end, too.
func (t *ticker) Wait(int) (uint64, error) {
	ready := []unix.PollFd{{Fd: int32(t.stop), Events: unix.POLLIN}, {Fd: int32(t.timer), Events: unix.POLLIN}}
	if _, err := unix.Poll(ready, -1); err != nil {
		return 0, err // EINTR: the leader waits again
	}
	if ready[0].Revents != 0 {
		return 0, lf.ErrEnded
	}
	var ticks [8]byte
	_, err := unix.Read(t.timer, ticks[:])
	return binary.NativeEndian.Uint64(ticks[:]), err
}

func (t *ticker) Interrupt() {
	var one [8]byte
	binary.NativeEndian.PutUint64(one[:], 1)
	unix.Write(t.stop, one[:])
}

func (t *ticker) close() {
	unix.Close(t.timer)
	unix.Close(t.stop)
}

// Any descriptor can be an event source: here a timerfd, with an eventfd to
// interrupt the wait. A slow handler delays no tick, because another thread
// waits for the next one. The handler itself stops the pool.
func Example_timer() {
	source, err := newTicker(time.Millisecond)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer source.close()
	var ticks atomic.Uint64
	var pool *lf.Pool[uint64]
	pool, err = lf.New(source, func(_ int, n uint64) {
		if ticks.Add(n) >= 3 {
			pool.Stop()
		}
	}, lf.Options{Name: "ticker", Threads: 2})
	if err != nil {
		fmt.Println(err)
		return
	}
	pool.Start()
	fmt.Println(pool.Wait(), ticks.Load() >= 3)
	// Output: <nil> true
}
