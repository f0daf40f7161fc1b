package load

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"time"

	"lflab/experiments/load/answer"

	"golang.org/x/sys/unix"
)

// Background describes clients whose answers are not measured. They show how
// they affect the measured clients, and what they cost the server.
type Background struct {
	Idle        int    // connections that are kept after one answer from Config.URL
	SlowSenders int    // clients that send one byte of a head each second
	SlowReaders int    // clients that request Unread and never read the answer
	Blocking    int    // clients in a closed loop that request Path, on kept connections
	Path        string // for example "/sleep?ms=10"
	Unread      string // the path of a large answer
}

// Presence counts the clients of one kind.
type Presence struct {
	Asked  int `json:"asked"`
	Opened int `json:"opened"` // clients that got one answer, or have sent a part of their request
	Open   int `json:"open"`   // opened clients whose connection the server has not closed by the end
}

// Presences counts the clients of a background.
type Presences struct {
	Idle        Presence      `json:"idle"`
	SlowSenders Presence      `json:"slow_senders"`
	SlowReaders Presence      `json:"slow_readers"`
	Blocking    Presence      `json:"blocking"`
	Answered    uint64        `json:"blocking_answered"` // answers to the blocking clients after all had been opened
	CPU         time.Duration `json:"-"`                 // of the thread that runs the clients, after all had been opened
	Fault       string        `json:"fault,omitempty"`   // the first failure of a client
}

// Missing returns how many clients are not connected at the end.
func (p *Presences) Missing() int {
	n := 0
	for _, k := range []Presence{p.Idle, p.SlowSenders, p.SlowReaders, p.Blocking} {
		n += k.Asked - k.Open
	}
	return n
}

func (b *Background) clients() int { return b.Idle + b.SlowSenders + b.SlowReaders + b.Blocking }

// maxClients clients of a kind fit into the local ports of a few addresses.
const maxClients = 50_000

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
		case k.n < 0 || k.n > maxClients:
			return &ConfigError{"background", fmt.Sprintf("%d %s", k.n, k.name), fmt.Sprintf("0 to %d clients of a kind", maxClients)}
		case k.needs && k.n > 0 && (!strings.HasPrefix(k.path, "/") || strings.ContainsAny(k.path, " \r\n")):
			return &ConfigError{"background", fmt.Sprintf("%q of %d %s", k.path, k.n, k.name), "an absolute path without spaces"}
		}
	}
	if b.clients() == 0 {
		return &ConfigError{"background", "0", "at least one client"}
	}
	return nil
}

// A background runs the clients of a Background on one thread, which sleeps
// most of the time.
type background struct {
	target   *target
	patience time.Duration // how long to wait without progress for clients to be opened
	clients  []client      // sorted by kind
	asks     [kinds][]byte
	heads    *answer.HeadReader
	buf      []byte

	ep, wakeFD int
	millis     bool
	events     []unix.EpollEvent
	next       int // the client to be opened next
	opening    int // number of clients that are being opened
	moved      time.Time
	began      time.Time
	dribbled   int // bytes sent by slow senders since began
	cpu        int64
	result     Presences

	opened  bool          // all clients are open, or no more will be
	allOpen chan struct{} // is closed when opened becomes true
	stop    atomic.Bool
	ended   chan struct{}
}

const (
	mostOpening = 256 // clients that are opened at the same time; fewer than any server's backlog
	dribbleTick = 10 * time.Millisecond
)

// openBackground opens the clients of cfg.Background. It returns when all are
// open, or when no missing one has made progress for the timeout. The first
// client uses the connection fd.
func openBackground(ctx context.Context, cfg Config, t *target, fd int) (*background, error) {
	u, err := parseURL(cfg.URL)
	if err != nil {
		closeFd(fd)
		return nil, err
	}
	b := &background{
		target: t, patience: cfg.Timeout, heads: answer.NewHeadReader(), buf: make([]byte, 64<<10),
		events: make([]unix.EpollEvent, 256), allOpen: make(chan struct{}), ended: make(chan struct{}),
		clients: newClients(cfg.Background),
	}
	b.asks[idleClient] = request(t.host, u.RequestURI(), false)
	b.asks[blockingClient] = request(t.host, cfg.Background.Path, false)
	b.asks[senderClient] = []byte("GET " + u.RequestURI() + " HTTP/1.1\r\nHost: " + t.host + "\r\nSlow: ")
	b.asks[readerClient] = request(t.host, cfg.Background.Unread, false)
	for i := range b.clients {
		b.presence(b.clients[i].kind).Asked++
	}
	b.clients[0].fd = fd
	started := make(chan error)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with its settings
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
	case <-b.allOpen:
		return b, nil
	case <-ctx.Done():
		b.close()
		return nil, fmt.Errorf("open background: %w", ctx.Err())
	}
}

func (b *background) presence(k clientKind) *Presence {
	return [kinds]*Presence{
		idleClient: &b.result.Idle, blockingClient: &b.result.Blocking,
		senderClient: &b.result.SlowSenders, readerClient: &b.result.SlowReaders,
	}[k]
}

// close closes the clients and returns their counts. It may be called again.
func (b *background) close() *Presences {
	if b.stop.CompareAndSwap(false, true) {
		one := [8]byte{1, 1, 1, 1, 1, 1, 1, 1}
		_, _ = unix.Write(b.wakeFD, one[:]) // the eventfd accepts it unless it was written before
	}
	<-b.ended
	return &b.result
}

func (b *background) setUp() (err error) {
	if b.ep, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return fmt.Errorf("create epoll set: %w", err)
	}
	if b.wakeFD, err = unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK); err != nil {
		return fmt.Errorf("create eventfd: %w", err)
	}
	event := unix.EpollEvent{Events: unix.EPOLLIN, Fd: wakeTag}
	if errno := epollControl(b.ep, unix.EPOLL_CTL_ADD, b.wakeFD, &event); errno != 0 {
		return fmt.Errorf("add to epoll set: %w", errno)
	}
	if _, errno := epollWait(b.ep, b.events, 0); errno == unix.ENOSYS {
		b.millis = true
	}
	return nil
}

func (b *background) tearDown() {
	for i := range b.clients {
		if g := &b.clients[i]; g.fd >= 0 {
			closeFd(g.fd)
			g.fd = -1
		}
	}
	for _, fd := range []int{b.wakeFD, b.ep} {
		if fd > 0 {
			closeFd(fd)
		}
	}
}

// run runs the clients until it is stopped, and then counts those that are
// connected.
func (b *background) run() {
	b.began = time.Now()
	b.moved = b.began
	for !b.stop.Load() {
		for b.next < len(b.clients) && b.opening < mostOpening {
			b.next++
			b.opening++
			b.open(&b.clients[b.next-1])
		}
		b.turn(b.pause())
		b.dribble()
		if !b.opened && (b.opening == 0 && b.next == len(b.clients) || time.Since(b.moved) > b.patience) {
			b.opened, b.cpu = true, threadCPU()
			close(b.allOpen)
		}
	}
	b.result.CPU = time.Duration(threadCPU() - b.cpu)
	b.count()
}

// pause returns how long to wait for events at most.
func (b *background) pause() time.Duration {
	if !b.opened || b.result.SlowSenders.Opened > 0 {
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
		return 0 // EINTR, from the Go runtime's own signals
	}
	for i := range b.events[:n] {
		if e := &b.events[i]; e.Fd != wakeTag {
			b.on(&b.clients[e.Fd], e.Events)
		}
	}
	return n
}

// dribble sends the bytes that the slow senders owe. It sends them one after
// the other, so that they are spread over each second as with independent
// clients.
func (b *background) dribble() {
	all := b.result.SlowSenders.Asked
	if all == 0 {
		return
	}
	first := b.result.Idle.Asked + b.result.Blocking.Asked
	due := int(time.Since(b.began).Seconds() * float64(all))
	for b.dribbled = max(b.dribbled, due-all); b.dribbled < due; b.dribbled++ {
		if g := &b.clients[first+b.dribbled%all]; g.state == present {
			b.sendByte(g)
		}
	}
}

// count counts the clients that are still connected.
func (b *background) count() {
	for range 1 + len(b.clients)/len(b.events) { // handle all pending closes; epoll reports each in turn
		b.turn(0)
	}
	served := servedPeers(b.target)
	for i := range b.clients {
		g := &b.clients[i]
		if g.state != present {
			continue
		}
		// When the server closes, unread data delays the end of file at the
		// client. So only the server's own socket shows whether it has closed.
		if g.kind == readerClient && served != nil && !served[localName(g.fd)] {
			b.leave(g, "closed while its answer was not read")
			continue
		}
		b.presence(g.kind).Open++
	}
}
