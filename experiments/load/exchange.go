package load

import (
	"golang.org/x/sys/unix"

	"lflab/experiments/load/answer"
)

// exchange begins a request on c, which must be free. The request's actual
// start is now, even if a connection must be opened first.
func (g *generator) exchange(c *conn, planned arrival) {
	c.planned, c.started = planned, g.clock()
	c.deadline = c.started + g.timeout
	g.deadlines = min(g.deadlines, c.deadline)
	c.state, c.sent, c.written, c.asked, c.open = sending, 0, 0, true, true
	c.answer.Reset()
	g.busy++
	if c.counted = g.begin <= planned.group && planned.group < g.finish; c.counted {
		g.pending++
		if g.plan == nil {
			g.tally.planned++
		}
		g.tally.record(g.tally.sendLag, c.started-max(c.planned.at, c.free))
	}
	if c.carried = planned.group < g.begin && c.started >= g.begin; c.carried {
		g.tally.carried++
	}
	if c.fd < 0 {
		g.open(c)
	} else {
		g.send(c)
	}
}

// open opens c's connection. If a request is pending, it is written at once: on
// the loopback interface the connection exists when connect returns, so this
// saves a turn through epoll, and a server with deferred accepts gets both
// together.
func (g *generator) open(c *conn) {
	fd, errno := g.target.connect()
	if errno != 0 && errno != unix.EINPROGRESS {
		if c.state == sending {
			g.fail(c, connectFault(errno))
		}
		return
	}
	c.fd, c.reused, c.interest = fd, false, 0
	c.gen++
	g.tally.opened++
	if c.state == sending {
		g.send(c)
	} else {
		g.arm(c, wantAnswer)
	}
}

// disconnect closes c's descriptor, if it has one. This also removes it from
// the epoll set.
func (g *generator) disconnect(c *conn) {
	if c.fd >= 0 {
		closeFd(c.fd)
		c.fd, c.interest = -1, 0
	}
}

// arm sets the events that epoll reports for c. The set is edge-triggered, so
// it is told once for each connection, after the request was written, when an
// answer may come.
func (g *generator) arm(c *conn, interest uint32) {
	if c.interest == interest {
		return
	}
	op := unix.EPOLL_CTL_MOD
	if c.interest == 0 {
		op = unix.EPOLL_CTL_ADD
	}
	c.interest = interest
	g.tell(c, op)
}

func (g *generator) tell(c *conn, op int) {
	event := unix.EpollEvent{Events: c.interest, Fd: c.index, Pad: c.gen}
	if errno := epollControl(g.ep, op, c.fd, &event); errno != 0 {
		// Memory or the user's limit on watches is exhausted: there would be no
		// events for c.
		if c.state == idle {
			g.disconnect(c)
		} else {
			g.fail(c, faultConnect)
		}
	}
}

// send writes the rest of c's request.
//
// If the server has closed a kept connection before it took a byte of the
// request, that is not an error: the request goes to a new connection. Once the
// request is written it counts as sent, and a close instead of an answer is an
// error.
func (g *generator) send(c *conn) {
	if g.pairs != nil && c.sent == 0 {
		c.written = g.clock()
		g.pairs.write(c.planned.number, c.written)
	}
	n, errno := send(c.fd, g.target.request[c.sent:])
	switch errno {
	case 0:
		if c.sent += n; c.sent < len(g.target.request) {
			g.arm(c, wantSend)
			return
		}
		c.state, c.took = waiting, true
		g.tally.sent++
		if c.interest == 0 {
			g.arm(c, wantAnswer)
		}
	case unix.EAGAIN, unix.EINTR:
		if g.pairs != nil && c.sent == 0 {
			g.pairs.withdraw(c.planned.number)
			c.written = 0
		}
		g.arm(c, wantSend)
	case unix.EPIPE, unix.ECONNRESET:
		if c.reused && c.sent == 0 {
			g.disconnect(c)
			g.open(c)
			return
		}
		g.fail(c, faultReset)
	default:
		g.fail(c, connectFault(errno))
	}
}

// maxRounds is the number of reads for one event, so that a long answer does
// not delay the others.
const maxRounds = 16

// maxDiscard is the largest part of a body that one call discards. Receive
// buffers are smaller.
const maxDiscard = 16 << 20

// receive reads what has come of c's answer. It does not copy a long body,
// because only its length counts; so the cost of a transfer is the server's and
// not the generator's.
func (g *generator) receive(c *conn, events uint32) {
	ended := events&(unix.EPOLLRDHUP|unix.EPOLLHUP|unix.EPOLLERR) != 0
	for range maxRounds {
		unread := c.answer.Unread()
		skips := unread >= int64(len(g.buf)) && !g.copies
		var n, room int
		var errno unix.Errno
		if skips {
			room = int(min(unread, maxDiscard))
			n, errno = discard(c.fd, room)
		} else {
			room = len(g.buf)
			n, errno = receive(c.fd, g.buf)
		}
		switch {
		case errno == unix.EAGAIN || errno == unix.EINTR:
			return
		case errno == unix.EFAULT && skips:
			g.copies = true
			continue
		case errno == unix.ETIMEDOUT:
			g.fail(c, faultTimeout)
			return
		case errno != 0:
			g.fail(c, faultReset)
			return
		case n == 0 && c.answer.End():
			g.complete(c, true, false)
			return
		case n == 0:
			g.fail(c, faultClosed)
			return
		}
		if g.phase == measuring {
			g.tally.bytes += uint64(n)
		}
		used, err := n, error(nil)
		if skips {
			c.answer.Skip(n)
		} else {
			used, err = c.answer.Feed(g.buf[:n], g.heads)
		}
		drained := n < room // later data is a new edge
		switch {
		case err != nil:
			g.fail(c, faultProtocol)
			return
		case c.answer.Stage == answer.Done && used < n:
			g.complete(c, true, true) // something follows that no request asked for
			return
		case c.answer.Stage == answer.Done:
			g.complete(c, ended && drained, false)
			return
		case drained && !ended:
			return
		}
	}
	g.tell(c, unix.EPOLL_CTL_MOD) // there is more: ask for a new edge
}

// complete counts c's answer. ended says that the connection cannot be used
// again, spoiled that more than an answer has come.
func (g *generator) complete(c *conn, ended, spoiled bool) {
	g.now = g.clock()
	c.failures, c.reused = 0, true
	g.answered(c, g.now, spoiled)
	switch {
	case !ended && c.answer.Keep && !g.target.close:
		g.release(c, g.now)
	case ended || c.answer.Keep:
		// In the second case the server was asked to close and did not announce
		// that it will.
		g.disconnect(c)
		g.release(c, g.now)
	default:
		c.state, c.deadline = closing, g.now+closePatience
		g.deadlines = min(g.deadlines, c.deadline)
		g.awaitClose(c)
	}
}

// awaitClose checks whether the server has closed c.
func (g *generator) awaitClose(c *conn) {
	for range maxRounds {
		n, errno := receive(c.fd, g.buf)
		if errno == unix.EAGAIN || errno == unix.EINTR {
			return
		}
		if errno != 0 || n == 0 {
			break
		}
	}
	g.disconnect(c)
	g.now = g.clock()
	g.release(c, g.now)
}

// onIdle handles an event of a connection without a request. The server may
// close it, which is no error, but must not send anything.
func (g *generator) onIdle(c *conn) {
	n, errno := receive(c.fd, g.buf)
	if errno == unix.EAGAIN || errno == unix.EINTR {
		return
	}
	if n > 0 && errno == 0 && g.now >= g.begin && g.now < g.finish {
		g.tally.unasked++
	}
	g.disconnect(c)
}

// fail counts c's request as failed and lets c rest.
func (g *generator) fail(c *conn, f fault) {
	now := g.clock()
	g.unanswered(c, f, now)
	g.disconnect(c)
	c.failures++
	c.state, c.deadline = resting, now+c.backoff()
	g.deadlines = min(g.deadlines, c.deadline)
}
