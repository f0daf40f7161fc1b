package sock

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"lflab/lf/flight"
)

// Poller is a handle set in which threads wait for listeners and connections
// alike. While descriptors or memory are short, and after the listeners have
// ended, it takes the listeners out, because they would be ready all the time.
// Any thread may call its methods.
//
// Add puts connections into the set, with tokens below FirstToken. The Poller
// uses the other tokens: see Ready.
type Poller struct {
	*Epoll
	listeners several
	events    uint32
	waker     *Waker
	mu        sync.Mutex // held to add and remove the listeners
	listening atomic.Bool
	ended     atomic.Bool
	shortTill atomic.Int64 // when to accept again, ns; 0 if there is no shortage
}

// Waker ends waits on Pollers. It is an eventfd that is in each of their sets.
type Waker struct{ fd int }

// NewWaker makes a Waker that is in no set.
func NewWaker() (*Waker, error) {
	fd, err := unix.Eventfd(0, unix.EFD_NONBLOCK|unix.EFD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("make eventfd: %w", err)
	}
	return &Waker{fd}, nil
}

// Wake ends the wait of one thread on each set. The eventfd is never read: each
// write is an edge.
func (w *Waker) Wake() {
	var one [8]byte
	binary.NativeEndian.PutUint64(one[:], 1)
	_, _ = unix.Write(w.fd, one[:]) // the counter cannot overflow
}

// Close closes the eventfd.
func (w *Waker) Close() error { return unix.Close(w.fd) }

// Tokens from FirstToken on belong to the Poller.
const (
	FirstToken    = wakeToken
	wakeToken     = ^uint64(0) - MostListeners
	listenerToken = ^uint64(0) // of the first listener; each further one has one less
)

// Ready holds one bit for each listener of a Poller that has waiting
// connections.
type Ready uint64

// Note reports whether an event's token belongs to the Poller. If it is a
// listener's, Note adds that listener to r. The token of Wake adds none.
func (r *Ready) Note(token uint64) bool {
	if token < FirstToken {
		return false
	}
	if token != wakeToken {
		*r |= 1 << (listenerToken - token)
	}
	return true
}

// NewPoller makes a set with the listeners and the waker in it. It makes the
// listeners non-blocking. The waker still belongs to the caller. With
// exclusive, the kernel wakes one of several sets that have the same listener
// (EPOLLEXCLUSIVE).
func NewPoller(waker *Waker, exclusive bool, ls ...*Listener) (*Poller, error) {
	p := &Poller{listeners: several{all: ls}, events: unix.EPOLLIN, waker: waker}
	if exclusive {
		p.events |= unix.EPOLLEXCLUSIVE
	}
	err := p.listeners.doNotWait()
	if err != nil {
		return nil, err
	}
	if p.Epoll, err = newEpoll(); err != nil {
		return nil, err
	}
	if err = p.Add(waker.fd, unix.EPOLLIN|unix.EPOLLET, wakeToken); err != nil {
		err = fmt.Errorf("add eventfd to epoll set: %w", err)
	} else {
		err = p.listen()
	}
	if err != nil {
		return nil, errors.Join(err, p.Close())
	}
	return p, nil
}

// Wake ends the wait of one thread on each set that has the waker.
func (p *Poller) Wake() { p.waker.Wake() }

// Accept accepts one connection from the listener in r whose turn it is. r must
// not be empty. The error is as of a non-blocking (*Listener).Accept; after an
// error r is empty, and after a shortage the listeners are out of the set. With
// several listeners r is always empty afterwards, because the set reports the
// others again, together with what else has become ready.
func (p *Poller) Accept(r *Ready) (fd int, err error) {
	l := p.listeners.all[0]
	if len(p.listeners.all) > 1 {
		l = p.listeners.next(uint64(*r))
		*r = 0
	}
	if fd, err = l.Accept(); err != nil {
		*r = 0
		switch err {
		case ErrShort:
			p.pause()
		case ErrEnded:
			p.Leave()
		}
	}
	return fd, err
}

// pause takes the listeners out of the set for ShortPause.
func (p *Poller) pause() {
	p.shortTill.Store(flight.Now() + int64(ShortPause)) // first, because other threads may be about to Resume
	p.Suspend()
}

// Leave takes the listeners out of the set for good.
func (p *Poller) Leave() {
	p.ended.Store(true)
	p.Suspend()
}

// Suspend takes the listeners out of the set until Resume.
func (p *Poller) Suspend() {
	if !p.listening.Load() {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, l := range p.listeners.all {
		p.RemoveListener(l)
	}
	p.listening.Store(false)
}

// Listening reports whether the listeners are in the set. After Leave it
// returns true.
func (p *Poller) Listening() bool { return p.listening.Load() || p.ended.Load() }

// Resume puts the listeners back if they are out, unless a shortage lasts. An
// error counts as a shortage of the first listener.
func (p *Poller) Resume() {
	if !p.listening.Load() {
		p.resume()
	}
}

func (p *Poller) resume() {
	if p.ended.Load() {
		return
	}
	if till := p.shortTill.Load(); till != 0 {
		if flight.Now() < till {
			return
		}
		p.shortTill.Store(0)
	}
	if err := p.listen(); err != nil {
		p.listeners.all[0].NoteShort(err)
		p.pause()
	}
}

// ResumeAt returns when a shortage may be over, so that Resume must be called
// then, ns, or Never if there is none.
func (p *Poller) ResumeAt() int64 {
	if till := p.shortTill.Load(); till != 0 && !p.ended.Load() {
		return till
	}
	return Never
}

func (p *Poller) listen() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, l := range p.listeners.all {
		err := p.AddListener(l, p.events, listenerToken-uint64(i))
		if err != nil && !errors.Is(err, unix.EEXIST) && !errors.Is(err, ErrEnded) {
			return fmt.Errorf("add listener to epoll set: %w", err)
		}
	}
	p.listening.Store(true)
	return nil
}

// Look implements Looker. Listeners that are out of the set are checked when
// they come back.
func (p *Poller) Look() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, l := range p.listeners.all {
		p.Again(l.FD(), p.events, listenerToken-uint64(i))
	}
}
