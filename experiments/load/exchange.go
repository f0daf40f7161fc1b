package load

import "golang.org/x/sys/unix"

// exchange begins a request on c, which is free. This is the request's actual
// start, whether a connection must be opened first or not.
func (g *generator) exchange(c *conn, planned arrival) {
	c.planned, c.started = planned, g.clock()
	c.deadline = c.started + g.timeout
	g.deadlines = min(g.deadlines, c.deadline)
	c.state, c.sent, c.written, c.asked = sending, 0, 0, true
	c.answer.reset()
	g.busy++
	if c.counted = g.begin <= planned.group && planned.group < g.finish; c.counted {
		g.pending++
		if g.plan == nil {
			g.tally.planned++
		}
		g.tally.record(g.tally.sendLag, c.started-max(c.planned.at, c.free))
	}
	if c.fd < 0 {
		g.open(c)
	} else {
		g.send(c)
	}
}

// open opens c's connection. A request that is on its way is written at once:
// on the loopback the connection is there when connect returns, which saves a
// turn through epoll, and a server that defers its accepts gets both together.
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

// disconnect closes c's descriptor, if it has one; epoll forgets it by that.
func (g *generator) disconnect(c *conn) {
	if c.fd >= 0 {
		closeFd(c.fd)
		c.fd, c.interest = -1, 0
	}
}

// arm tells epoll what c waits for. Edge-triggered, it is told once for a
// connection, and after the request is written, when there may be an answer.
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
		// No memory, or the user's watches are used up: nothing will be heard of c.
		if c.state == idle {
			g.disconnect(c)
		} else {
			g.fail(c, faultConnect)
		}
	}
}

// send writes what is left of c's request.
//
// A kept connection that the server has closed in the meantime, and that takes
// no byte of the request, is no error: the request goes on a new connection.
// Once it is written it has been sent, and a close instead of an answer counts.
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

// maxRounds of reads are made for one event, so that one long answer does not
// keep the others waiting.
const maxRounds = 16

// maxDiscard is how much of a body is read by one call where nobody looks at it;
// receive buffers are smaller.
const maxDiscard = 16 << 20

// receive reads c's answer as far as it has come. Of a long body only the length
// counts, and it is not copied, so that a transfer is the server's work and not
// the generator's.
func (g *generator) receive(c *conn, events uint32) {
	ended := events&(unix.EPOLLRDHUP|unix.EPOLLHUP|unix.EPOLLERR) != 0
	for range maxRounds {
		unread := c.answer.unread()
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
		case n == 0 && c.answer.end():
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
			c.answer.skip(n)
		} else {
			used, err = c.answer.feed(g.buf[:n], g.heads)
		}
		drained := n < room // what comes from now on is another edge
		switch {
		case err != nil:
			g.fail(c, faultProtocol)
			return
		case c.answer.stage == done && used < n:
			g.complete(c, true, true) // an answer to nothing follows it
			return
		case c.answer.stage == done:
			g.complete(c, ended && drained, false)
			return
		case drained && !ended:
			return
		}
	}
	g.tell(c, unix.EPOLL_CTL_MOD) // there is more: ask for the edge again
}

// complete counts c's answer. ended says that the connection is of no more use,
// spoiled that more than an answer has come.
func (g *generator) complete(c *conn, ended, spoiled bool) {
	g.now = g.clock()
	c.failures, c.reused = 0, true
	g.answered(c, g.now, spoiled)
	switch {
	case !ended && c.answer.keep && !g.target.close:
		g.release(c, g.now)
	case ended || c.answer.keep:
		// The second is a server that was asked to close and did not say that it will.
		g.disconnect(c)
		g.release(c, g.now)
	default:
		c.state, c.deadline = closing, g.now+closePatience
		g.deadlines = min(g.deadlines, c.deadline)
		g.awaitClose(c)
	}
}

// awaitClose sees whether the server has closed c.
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

// onIdle handles what happens to a connection that waits for its next request:
// the server may close it, which is no error, and may not say anything.
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
