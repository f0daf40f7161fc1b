package park

import (
	"sync/atomic"
	"time"
)

var channelKind = Kind{
	Name:   "channel",
	Doc:    "a channel with room for one: the usual Go way, woken by way of the Go scheduler at two thread switches each",
	Kernel: "3.2",
	New:    newChannel,
}

func newChannel(Options) (Parker, error) {
	return &channelParker{permit: make(chan struct{}, 1)}, nil
}

// channelParker has its permit in the channel's buffer. It blocks in the Go
// scheduler and measures that.
type channelParker struct {
	permit chan struct{}

	// asleep is set by the owner before it blocks and cleared by the waker
	// that is going to wake it, before it sends: so of the wakers of one
	// sleep one says that it woke the owner.
	asleep atomic.Bool

	timer *time.Timer // the owner's; made by the first deadline
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
	case <-p.timer.C: // a permit that came in this moment is the next sleep's
	}
	p.asleep.Store(false)
	return taken
}

// take takes a permit that is there.
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
	default: // it is there already, and the owner will find it
	}
	return woke
}

func (p *channelParker) Close() error { return nil }
