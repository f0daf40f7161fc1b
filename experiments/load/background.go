package load

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// Background are clients whose answers nobody measures. What the measured ones
// suffer from them, and what they cost the server, is the question.
type Background struct {
	Idle        int    // connections that are kept after one answer to Config.URL
	SlowSenders int    // clients that send one byte of a head each second
	SlowReaders int    // clients that ask for Unread and never read the answer
	Blocking    int    // clients in a closed loop on Path, on kept connections
	Path        string // as in "/sleep?ms=10"
	Unread      string // of a large answer
}

// Presence is what became of the clients of one kind.
type Presence struct {
	Asked  int `json:"asked"`
	Opened int `json:"opened"` // that came to be: answered once, or with a part of their request sent
	Open   int `json:"open"`   // of those, that the server has not closed by the end
}

// Presences are the clients of a background.
type Presences struct {
	Idle        Presence      `json:"idle"`
	SlowSenders Presence      `json:"slow_senders"`
	SlowReaders Presence      `json:"slow_readers"`
	Blocking    Presence      `json:"blocking"`
	Answered    uint64        `json:"blocking_answered"` // of the blocking clients, once all were there
	CPU         time.Duration `json:"-"`                 // of the thread that plays them, once all were there
	Fault       string        `json:"fault,omitempty"`   // the first thing that went wrong with one
}

// Missing is how many clients are not there at the end.
func (p *Presences) Missing() int {
	n := 0
	for _, k := range []Presence{p.Idle, p.SlowSenders, p.SlowReaders, p.Blocking} {
		n += k.Asked - k.Open
	}
	return n
}

func (b *Background) clients() int { return b.Idle + b.SlowSenders + b.SlowReaders + b.Blocking }

// maxGuests of a kind fit into the local ports of a few addresses.
const maxGuests = 50_000

func (b *Background) validate() error {
	if b == nil {
		return nil
	}
	for _, k := range []struct {
		name  string
		n     int
		path  string
		needs bool
	}{
		{"idle", b.Idle, "", false}, {"slow senders", b.SlowSenders, "", false},
		{"slow readers", b.SlowReaders, b.Unread, true}, {"blocking", b.Blocking, b.Path, true},
	} {
		switch {
		case k.n < 0 || k.n > maxGuests:
			return &ConfigError{"background", fmt.Sprintf("%d %s", k.n, k.name), fmt.Sprintf("0 to %d clients of a kind", maxGuests)}
		case k.needs && k.n > 0 && (!strings.HasPrefix(k.path, "/") || strings.ContainsAny(k.path, " \r\n")):
			return &ConfigError{"background", fmt.Sprintf("%q of %d %s", k.path, k.n, k.name), "an absolute path without spaces"}
		}
	}
	if b.clients() == 0 {
		return &ConfigError{"background", "0", "at least one client"}
	}
	return nil
}

// A background is the clients of a Background, all played by one thread, which
// sleeps most of the time.
type background struct {
	target   *target
	patience time.Duration // with which it waits for a client to get further
	guests   []guest       // in the order of kinds
	asks     [kinds][]byte
	heads    *headReader
	buf      []byte

	ep, bell int
	millis   bool
	events   []unix.EpollEvent
	next     int // guest to be opened
	opening  int // guests that are on their way
	moved    time.Time
	began    time.Time
	dribbled int // bytes sent by slow senders since began
	cpu      int64
	result   Presences

	there bool          // all are, or no more will be
	stood chan struct{} // closed when there is set
	stop  atomic.Bool
	ended chan struct{}
}

const (
	mostOpening = 256 // guests on their way at once: fewer than any server's backlog
	dribbleTick = 10 * time.Millisecond
)

// openBackground returns when the clients of cfg.Background are there, or when
// none of those that are missing has got further for the timeout. The first has
// the connection fd.
func openBackground(ctx context.Context, cfg Config, t *target, fd int) (*background, error) {
	u, err := parseURL(cfg.URL)
	if err != nil {
		closeFd(fd)
		return nil, err
	}
	b := &background{
		target: t, patience: cfg.Timeout, heads: newHeadReader(), buf: make([]byte, 64<<10),
		events: make([]unix.EpollEvent, 256), stood: make(chan struct{}), ended: make(chan struct{}),
		guests: newGuests(cfg.Background),
	}
	b.asks[idleGuest] = request(t.host, u.RequestURI(), false)
	b.asks[blockingGuest] = request(t.host, cfg.Background.Path, false)
	b.asks[senderGuest] = []byte("GET " + u.RequestURI() + " HTTP/1.1\r\nHost: " + t.host + "\r\nSlow: ")
	b.asks[readerGuest] = request(t.host, cfg.Background.Unread, false)
	for i := range b.guests {
		b.presence(b.guests[i].kind).Asked++
	}
	b.guests[0].fd = fd
	started := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread ends with its settings
		defer close(b.ended)
		defer b.tearDown()
		err := b.setUp()
		started <- err
		if err == nil {
			b.run()
		}
	}()
	if err := <-started; err != nil {
		<-b.ended
		return nil, fmt.Errorf("set up background: %w", err)
	}
	select {
	case <-b.stood:
		return b, nil
	case <-ctx.Done():
		b.close()
		return nil, fmt.Errorf("open background: %w", ctx.Err())
	}
}

// presence is what is counted of one kind.
func (b *background) presence(k guestKind) *Presence {
	return [kinds]*Presence{
		idleGuest: &b.result.Idle, blockingGuest: &b.result.Blocking,
		senderGuest: &b.result.SlowSenders, readerGuest: &b.result.SlowReaders,
	}[k]
}

// close ends the clients and returns what became of them. It may be called
// again.
func (b *background) close() *Presences {
	if b.stop.CompareAndSwap(false, true) {
		one := [8]byte{1, 1, 1, 1, 1, 1, 1, 1}
		_, _ = unix.Write(b.bell, one[:]) // an eventfd that is not rung yet takes it
	}
	<-b.ended
	return &b.result
}

func (b *background) setUp() (err error) {
	if b.ep, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return fmt.Errorf("create epoll set: %w", err)
	}
	if b.bell, err = unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK); err != nil {
		return fmt.Errorf("create eventfd: %w", err)
	}
	event := unix.EpollEvent{Events: unix.EPOLLIN, Fd: bellTag}
	if errno := epollControl(b.ep, unix.EPOLL_CTL_ADD, b.bell, &event); errno != 0 {
		return fmt.Errorf("add to epoll set: %w", errno)
	}
	if _, errno := epollWait(b.ep, b.events, 0); errno == unix.ENOSYS {
		b.millis = true
	}
	return nil
}

func (b *background) tearDown() {
	for i := range b.guests {
		if g := &b.guests[i]; g.fd >= 0 {
			closeFd(g.fd)
			g.fd = -1
		}
	}
	for _, fd := range []int{b.bell, b.ep} {
		if fd > 0 {
			closeFd(fd)
		}
	}
}

// run plays the clients until it is stopped, and then counts who is there.
func (b *background) run() {
	b.began = time.Now()
	b.moved = b.began
	for !b.stop.Load() {
		for b.next < len(b.guests) && b.opening < mostOpening {
			b.next++
			b.opening++
			b.open(&b.guests[b.next-1])
		}
		b.turn(b.pause())
		b.dribble()
		if !b.there && (b.opening == 0 && b.next == len(b.guests) || time.Since(b.moved) > b.patience) {
			b.there, b.cpu = true, threadCPU()
			close(b.stood)
		}
	}
	b.result.CPU = time.Duration(threadCPU() - b.cpu)
	b.count()
}

// pause is how long there is nothing to do but for events.
func (b *background) pause() time.Duration {
	if !b.there || b.result.SlowSenders.Opened > 0 {
		return dribbleTick
	}
	return time.Hour
}

// turn waits for events and handles them.
func (b *background) turn(pause time.Duration) (n int) {
	var errno unix.Errno
	switch {
	case pause == 0:
		n, errno = epollPoll(b.ep, b.events)
	case b.millis:
		n, errno = epollWaitMillis(b.ep, b.events, pause.Milliseconds())
	default:
		n, errno = epollWait(b.ep, b.events, pause.Nanoseconds())
	}
	if errno != 0 {
		return 0 // EINTR, by the runtime's own signals
	}
	for i := range b.events[:n] {
		if e := &b.events[i]; e.Fd != bellTag {
			b.on(&b.guests[e.Fd], e.Events)
		}
	}
	return n
}

// dribble sends the bytes that are due of the slow senders, one after the other,
// so that they are spread over the second as the bytes of many clients are.
func (b *background) dribble() {
	all := b.result.SlowSenders.Asked
	if all == 0 {
		return
	}
	first := b.result.Idle.Asked + b.result.Blocking.Asked
	due := int(time.Since(b.began).Seconds() * float64(all))
	for b.dribbled = max(b.dribbled, due-all); b.dribbled < due; b.dribbled++ {
		if g := &b.guests[first+b.dribbled%all]; g.state == present {
			b.sendByte(g)
		}
	}
}

// count sees who is still there.
func (b *background) count() {
	for range 1 + len(b.guests)/len(b.events) { // what has been closed in the meantime; epoll tells of each in turn
		b.turn(0)
	}
	served := servedPeers(b.target)
	for i := range b.guests {
		g := &b.guests[i]
		if g.state != present {
			continue
		}
		// What a server that closes has written before stands in the way of its
		// end: only its own side of the connection tells.
		if g.kind == readerGuest && served != nil && !served[localName(g.fd)] {
			b.leave(g, "closed while its answer was not read")
			continue
		}
		b.presence(g.kind).Open++
	}
}
