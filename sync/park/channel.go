package park

import (
	"sync/atomic"
	"time"
)

var channelKind = Kind{
	Name:   "channel",
	Doc:    "a channel with room for one, as usual in Go; the Go scheduler wakes a locked thread with two thread switches",
	Kernel: "3.2",
	New:    newChannel,
}

func newChannel(Options) (Parker, error) {
	return &channelParker{permit: make(chan struct{}, 1)}, nil
}

// channelParker keeps its permit in the channel's buffer. It blocks in the Go
// scheduler, so that is what it measures.
type channelParker struct {
	permit chan struct{}

	// The owner sets asleep before it blocks. The waker that will wake it
	// clears asleep before it sends. So for each sleep, exactly one Unpark
	// returns true.
	asleep atomic.Bool

	timer *time.Timer // used by the owner only; made for the first deadline
}

func (p *channelParker) Park() {
	if p.take() {
		return
	}
	p.asleep.Store(true)
	<-p.permit
	p.asleep.Store(false)
}

func (p *channelParker) ParkUntil(deadline int64) bool {
	if p.take() {
		return true
	}
	left := until(deadline)
	if left <= 0 {
		return false
	}
	if p.timer == nil {
		p.timer = time.NewTimer(left)
	} else {
		p.timer.Reset(left)
	}
	p.asleep.Store(true)
	taken := false
	select {
	case <-p.permit:
		taken = true
		p.timer.Stop()
	case <-p.timer.C: // a permit that comes at this moment stays for the next call
	}
	p.asleep.Store(false)
	return taken
}

// take takes a permit if there is one, and does not block.
func (p *channelParker) take() bool {
	select {
	case <-p.permit:
		return true
	default:
		return false
	}
}

func (p *channelParker) Unpark() (woke bool) {
	woke = p.asleep.CompareAndSwap(true, false)
	select {
	case p.permit <- struct{}{}:
	default: // there is a permit already, and the owner will find it
	}
	return woke
}

func (p *channelParker) Close() error { return nil }
