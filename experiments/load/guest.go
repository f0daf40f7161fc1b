package load

import (
	"bytes"
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// A guest is one client of a background.
//
//	absent -> arriving -> present         it has what its kind waits for
//	          arriving, present -> gone   the server closed it, or it could not be opened
type guest struct {
	fd     int // -1: none open
	index  int32
	kind   guestKind
	state  guestState
	sent   int // bytes of the request
	answer answer
}

type guestKind uint8

const (
	idleGuest guestKind = iota
	blockingGuest
	senderGuest
	readerGuest
	kinds
)

type guestState uint8

const (
	absent guestState = iota
	arriving
	present
	gone
)

// perAddress is how many guests have the same local address, on the loopback
// network, which has many: all in one could use its ports up.
const perAddress = 5000

// readerBuffer is the receive buffer of one that never reads. What it could hold
// beyond that is the kernel's memory and not what is asked about.
const readerBuffer = 16 << 10

func newGuests(b *Background) []guest {
	var guests []guest
	for kind, n := range [kinds]int{idleGuest: b.Idle, blockingGuest: b.Blocking, senderGuest: b.SlowSenders, readerGuest: b.SlowReaders} {
		for range n {
			guests = append(guests, guest{fd: -1, index: int32(len(guests)), kind: guestKind(kind)})
		}
	}
	return guests
}

// open connects g, and sends what it sends first as soon as it is.
func (b *background) open(g *guest) {
	g.state = arriving
	if g.fd < 0 {
		fd, err := b.connect(g)
		if err != nil {
			b.leave(g, err.Error())
			return
		}
		g.fd = fd
	}
	event := unix.EpollEvent{Events: wantSend, Fd: g.index} // edge-triggered: told once that it is connected
	if errno := epollControl(b.ep, unix.EPOLL_CTL_ADD, g.fd, &event); errno != 0 {
		b.leave(g, errno.Error())
	}
}

// connect opens g's connection, which may be on its way afterwards.
func (b *background) connect(g *guest) (int, error) {
	t := b.target
	fd, errno := socket(t.family)
	if errno != 0 {
		return -1, fmt.Errorf("open socket: %w [%s]", errno, hint(errno))
	}
	setNoDelay(fd)
	err := b.place(g, fd)
	if err == nil {
		if errno := connect(fd, &t.addr, t.addrLen); errno != 0 && errno != unix.EINPROGRESS {
			err = fmt.Errorf("connect to %s: %w [%s]", t.name, errno, hint(errno))
		}
	}
	if err != nil {
		closeFd(fd)
		return -1, err
	}
	return fd, nil
}

// place sets g's own end of the connection up.
func (b *background) place(g *guest, fd int) error {
	if g.kind == readerGuest {
		if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, readerBuffer); err != nil {
			return fmt.Errorf("set receive buffer: %w", err)
		}
	}
	if !b.target.loopback() {
		return nil
	}
	if err := unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_BIND_ADDRESS_NO_PORT, 1); err != nil {
		return fmt.Errorf("bind without a port: %w", err)
	}
	local := &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, byte(2 + g.index/perAddress)}}
	if err := unix.Bind(fd, local); err != nil {
		return fmt.Errorf("bind to 127.0.0.%d: %w", local.Addr[3], err)
	}
	return nil
}

// arrive counts g as being there.
func (b *background) arrive(g *guest) {
	g.state = present
	b.presence(g.kind).Opened++
	b.arrived()
}

func (b *background) arrived() {
	b.opening--
	if !b.there {
		b.moved = time.Now()
	}
}

// leave closes g for good.
func (b *background) leave(g *guest, why string) {
	if g.state == arriving {
		b.arrived()
	}
	if g.fd >= 0 {
		closeFd(g.fd)
		g.fd = -1
	}
	g.state = gone
	if b.result.Fault == "" {
		b.result.Fault = fmt.Sprintf("%s: %s", [kinds]string{"an idle connection", "a blocking client", "a slow sender", "a slow reader"}[g.kind], why)
	}
}

// on handles what epoll tells of g.
func (b *background) on(g *guest, events uint32) {
	if g.state != arriving && g.state != present {
		return // an event that was taken together with the one that ended it
	}
	if g.sent == 0 && events&unix.EPOLLOUT != 0 && events&unix.EPOLLERR == 0 {
		if g.kind == senderGuest {
			b.sendByte(g)
		} else {
			b.ask(g)
		}
	}
	switch {
	case g.state == gone:
	case g.kind == readerGuest:
		b.peek(g, events)
	case events&(unix.EPOLLIN|unix.EPOLLRDHUP|unix.EPOLLHUP|unix.EPOLLERR) != 0:
		b.hear(g)
	}
}

// ask sends g's request, which fits into an empty send buffer.
func (b *background) ask(g *guest) {
	text := b.asks[g.kind]
	n, errno := send(g.fd, text)
	switch {
	case errno != 0:
		b.leave(g, "send: "+errno.Error())
	case n < len(text):
		b.leave(g, fmt.Sprintf("send: %d of %d bytes of a request", n, len(text)))
	default:
		g.sent = n
		g.answer.reset()
	}
}

// sendByte sends one byte of a head that has no end.
func (b *background) sendByte(g *guest) {
	head, next := b.asks[senderGuest], []byte{'x'}
	if g.sent < len(head) {
		next = head[g.sent : g.sent+1]
	}
	if _, errno := send(g.fd, next); errno != 0 {
		b.leave(g, "send: "+errno.Error())
		return
	}
	if g.sent++; g.state == arriving {
		b.arrive(g)
	}
}

// hear reads what the server has said to g, which may be its end.
func (b *background) hear(g *guest) {
	for g.state != gone {
		n, errno := receive(g.fd, b.buf)
		switch {
		case errno == unix.EAGAIN || errno == unix.EINTR:
			return
		case errno != 0:
			b.leave(g, "closed: "+errno.Error())
		case n == 0:
			b.leave(g, "closed by the server")
		case g.kind == senderGuest:
			b.leave(g, fmt.Sprintf("answered before its request was whole: %.40q", b.buf[:n]))
		case g.kind == idleGuest && g.state == present:
			b.leave(g, "was sent something it had not asked for")
		default:
			b.take(g, b.buf[:n])
		}
	}
}

// take reads a part of the answer to an idle or a blocking guest.
func (b *background) take(g *guest, p []byte) {
	used, err := g.answer.feed(p, b.heads)
	switch {
	case err != nil:
		b.leave(g, err.Error())
	case g.answer.stage != done:
	case used < len(p):
		b.leave(g, "was sent more than its answer")
	case g.answer.status != 200:
		b.leave(g, fmt.Sprintf("was answered with status %d", g.answer.status))
	case !g.answer.keep:
		b.leave(g, "was answered with Connection: close")
	default:
		if g.state == arriving {
			b.arrive(g)
		} else if b.there {
			b.result.Answered++
		}
		if g.kind == blockingGuest {
			b.ask(g)
		}
	}
}

var statusOK = []byte("HTTP/1.1 200 ")

// peek sees that the answer to a reader has begun, and takes nothing of it.
func (b *background) peek(g *guest, events uint32) {
	if events&(unix.EPOLLRDHUP|unix.EPOLLHUP|unix.EPOLLERR) != 0 {
		b.leave(g, "closed by the server")
		return
	}
	if g.state == present || events&unix.EPOLLIN == 0 {
		return
	}
	n, _, err := unix.Recvfrom(g.fd, b.buf[:len(statusOK)], unix.MSG_PEEK)
	switch {
	case err == unix.EAGAIN || err == unix.EINTR || err == nil && n > 0 && n < len(statusOK):
		return // more of it is another edge
	case err != nil || n == 0:
		b.leave(g, "closed by the server")
		return
	case !bytes.Equal(b.buf[:n], statusOK):
		b.leave(g, fmt.Sprintf("was answered with %q", b.buf[:n]))
		return
	}
	event := unix.EpollEvent{Events: unix.EPOLLRDHUP | unix.EPOLLET, Fd: g.index}
	if errno := epollControl(b.ep, unix.EPOLL_CTL_MOD, g.fd, &event); errno != 0 {
		b.leave(g, errno.Error())
		return
	}
	b.arrive(g)
}
