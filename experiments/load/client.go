package load

import (
	"bytes"
	"fmt"
	"time"

	"lflab/experiments/load/answer"

	"golang.org/x/sys/unix"
)

// A client is one client of a background.
//
//	absent -> arriving -> present         it has reached the state of its kind
//	          arriving, present -> gone   the server closed it, or it could not be opened
type client struct {
	fd     int // -1 if none is open
	index  int32
	kind   clientKind
	state  clientState
	sent   int // bytes of the request that were sent
	answer answer.Reader
}

type clientKind uint8

const (
	idleClient clientKind = iota
	blockingClient
	senderClient
	readerClient
	kinds
)

type clientState uint8

const (
	absent clientState = iota
	arriving
	present
	gone
)

// perAddress is how many clients share a local address of the loopback network.
// One address could run out of ports.
const perAddress = 5000

// readerBuffer is the receive buffer of a client that never reads. A larger one
// would only use the kernel's memory.
const readerBuffer = 16 << 10

func newClients(b *Background) []client {
	var clients []client
	for kind, n := range [kinds]int{idleClient: b.Idle, blockingClient: b.Blocking, senderClient: b.SlowSenders, readerClient: b.SlowReaders} {
		for range n {
			clients = append(clients, client{fd: -1, index: int32(len(clients)), kind: clientKind(kind)})
		}
	}
	return clients
}

// open connects g. g sends its first data as soon as it is connected.
func (b *background) open(g *client) {
	g.state = arriving
	if g.fd < 0 {
		fd, err := b.connect(g)
		if err != nil {
			b.leave(g, err.Error())
			return
		}
		g.fd = fd
	}
	event := unix.EpollEvent{Events: wantSend, Fd: g.index} // edge-triggered: reports once that it is connected
	if errno := epollControl(b.ep, unix.EPOLL_CTL_ADD, g.fd, &event); errno != 0 {
		b.leave(g, errno.Error())
	}
}

// connect opens g's connection, which may still be in progress when it returns.
func (b *background) connect(g *client) (int, error) {
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

// place sets up g's own end of the connection.
func (b *background) place(g *client, fd int) error {
	if g.kind == readerClient {
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

// arrive counts g as open.
func (b *background) arrive(g *client) {
	g.state = present
	b.presence(g.kind).Opened++
	b.arrived()
}

func (b *background) arrived() {
	b.opening--
	if !b.opened {
		b.moved = time.Now()
	}
}

// leave closes g for good.
func (b *background) leave(g *client, why string) {
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

func (b *background) on(g *client, events uint32) {
	if g.state != arriving && g.state != present {
		return // the event came together with the one that closed it
	}
	if g.sent == 0 && events&unix.EPOLLOUT != 0 && events&unix.EPOLLERR == 0 {
		if g.kind == senderClient {
			b.sendByte(g)
		} else {
			b.ask(g)
		}
	}
	switch {
	case g.state == gone:
	case g.kind == readerClient:
		b.peek(g, events)
	case events&(unix.EPOLLIN|unix.EPOLLRDHUP|unix.EPOLLHUP|unix.EPOLLERR) != 0:
		b.hear(g)
	}
}

// ask sends g's request, which fits into an empty send buffer.
func (b *background) ask(g *client) {
	text := b.asks[g.kind]
	n, errno := send(g.fd, text)
	switch {
	case errno != 0:
		b.leave(g, "send: "+errno.Error())
	case n < len(text):
		b.leave(g, fmt.Sprintf("send: %d of %d bytes of a request", n, len(text)))
	default:
		g.sent = n
		g.answer.Reset()
	}
}

// sendByte sends one byte of an endless head.
func (b *background) sendByte(g *client) {
	head, next := b.asks[senderClient], []byte{'x'}
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

// hear reads what the server has sent to g, which may be the end of file.
func (b *background) hear(g *client) {
	for g.state != gone {
		n, errno := receive(g.fd, b.buf)
		switch {
		case errno == unix.EAGAIN || errno == unix.EINTR:
			return
		case errno != 0:
			b.leave(g, "closed: "+errno.Error())
		case n == 0:
			b.leave(g, "closed by the server")
		case g.kind == senderClient:
			b.leave(g, fmt.Sprintf("answered before its request was complete: %.40q", b.buf[:n]))
		case g.kind == idleClient && g.state == present:
			b.leave(g, "was sent data without a request")
		default:
			b.take(g, b.buf[:n])
		}
	}
}

// take parses a part of the answer to an idle or a blocking client.
func (b *background) take(g *client, p []byte) {
	used, err := g.answer.Feed(p, b.heads)
	switch {
	case err != nil:
		b.leave(g, err.Error())
	case g.answer.Stage != answer.Done:
	case used < len(p):
		b.leave(g, "was sent more than its answer")
	case g.answer.Status != 200:
		b.leave(g, fmt.Sprintf("was answered with status %d", g.answer.Status))
	case !g.answer.Keep:
		b.leave(g, "was answered with Connection: close")
	default:
		if g.state == arriving {
			b.arrive(g)
		} else if b.opened {
			b.result.Answered++
		}
		if g.kind == blockingClient {
			b.ask(g)
		}
	}
}

var statusOK = []byte("HTTP/1.1 200 ")

// peek waits for the beginning of a reader's answer, without consuming it.
func (b *background) peek(g *client, events uint32) {
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
		return // further bytes are a new edge
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
