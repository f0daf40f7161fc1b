package load

import "golang.org/x/sys/unix"

// A fault is the reason why a request was not successful. Every request that
// was planned in the measured time has exactly one outcome: success, which is
// an answer with a status of 200 to 299, or one of these.
type fault uint8

const (
	faultRefused fault = iota
	faultConnectTimeout
	faultUnreachable
	faultNoPort
	faultNoFiles
	faultConnect
	faultTimeout
	faultReset
	faultClosed
	faultProtocol
	faultNotSent // the run ended before a connection was free for it
	faultStopped // the run was stopped while it waited for its answer
	fault3xx
	fault4xx
	fault5xx
	faultStatus // a status of no class above
	faultCount
)

// faults lists the names of faults in Result.Errors, with advice.
var faults = [faultCount]struct{ name, advice string }{
	faultRefused:        {"connect_refused", "nothing listens there: is the server started, and on this port?"},
	faultConnectTimeout: {"connect_timeout", "no answer: is a firewall or a full backlog in the way?"},
	faultUnreachable:    {"connect_unreachable", "no route: can this machine reach that address?"},
	faultNoPort:         {"connect_no_port", "no free local port: see net.ipv4.ip_local_port_range, or leave out --close"},
	faultNoFiles:        {"connect_no_files", "too many open files: raise the limit with ulimit -n, or use fewer --connections"},
	faultConnect:        {"connect_failed", "can this machine reach that address?"},
	faultTimeout:        {"timeout", "no complete answer within --timeout: try a longer one or a lower load; if there are more connections than the server serves at once, the rest wait"},
	faultReset:          {"reset", "the server reset the connection before its answer was complete: see its log"},
	faultClosed:         {"closed", "the server closed the connection before its answer was complete: see its log"},
	faultProtocol:       {"protocol", "the data is not an HTTP/1.1 answer to one request: is this an HTTP server's plain port?"},
	faultNotSent:        {"not_sent", "no connection was free for it: try a lower --rate or more --connections"},
	faultStopped:        {"stopped", "the load was stopped while it waited for its answer"},
	fault3xx:            {"status_3xx", "redirects are not followed: use the URL that they lead to"},
	fault4xx:            {"status_4xx", "is the path of the URL right?"},
	fault5xx:            {"status_5xx", "the server failed: see its log"},
	faultStatus:         {"status_other", "a status outside 200 to 599"},
}

// Advice returns what may help against a kind of error, or "" for an unknown
// kind.
func Advice(kind string) string {
	for _, f := range faults {
		if f.name == kind {
			return f.advice
		}
	}
	return ""
}

// connectFault returns the fault for a failed connection.
func connectFault(errno unix.Errno) fault {
	switch errno {
	case unix.ECONNREFUSED:
		return faultRefused
	case unix.ETIMEDOUT:
		return faultConnectTimeout
	case unix.ECONNRESET, unix.EPIPE:
		return faultReset
	case unix.EHOSTUNREACH, unix.ENETUNREACH, unix.EHOSTDOWN, unix.ENETDOWN:
		return faultUnreachable
	case unix.EADDRNOTAVAIL, unix.EADDRINUSE:
		return faultNoPort
	case unix.EMFILE, unix.ENFILE:
		return faultNoFiles
	}
	return faultConnect
}

// statusFault returns the fault for a status, and false for success.
func statusFault(status int) (fault, bool) {
	switch status / 100 {
	case 2:
		return 0, false
	case 3:
		return fault3xx, true
	case 4:
		return fault4xx, true
	case 5:
		return fault5xx, true
	}
	return faultStatus, true
}

// answered counts c's complete answer. spoiled says that more than an answer
// came.
func (g *generator) answered(c *conn, now int64, spoiled bool) {
	t := g.tally
	t.answered++
	c.served = true
	f, failed := statusFault(c.answer.Status)
	if spoiled {
		f, failed = faultProtocol, true
	}
	if g.begin <= now && now < g.finish {
		c.sight.answered = true
		if !failed {
			t.within++
			t.tenths[(now-g.begin)/tenth]++
			t.bins.add(now-g.begin, now-c.planned.at)
		}
	}
	if !g.settle(c, now, true) {
		return
	}
	t.statuses[min(c.answer.Status, len(t.statuses)-1)]++
	if failed {
		t.faults[f]++
	} else {
		t.requests++
	}
	if g.plan != nil && c.started >= g.finish {
		t.late++
	}
	if g.plan != nil && now >= g.finish+g.grace {
		t.overdue++
	}
	g.times(c, now-c.planned.at, now-c.started)
}

// unanswered counts c's request, which has no answer and will get none.
func (g *generator) unanswered(c *conn, f fault, now int64) {
	if !g.settle(c, now, false) {
		return
	}
	g.tally.faults[f]++
	latency := g.censored(f, now-c.planned.at)
	g.times(c, latency, g.censored(f, now-c.started))
	g.tally.noAnswer(latency)
}

// unsent counts a planned request for which no connection was free.
func (g *generator) unsent(planned arrival, now int64) {
	if planned.group < g.begin {
		return
	}
	g.tally.faults[faultNotSent]++
	latency := now - planned.at
	if !g.stopped {
		latency = max(latency, g.timeout)
	}
	g.tally.record(g.tally.latency, latency)
	g.tally.noAnswer(latency)
}

// censored returns the time with which a request without an answer counts: the
// time it has waited, but at least the timeout, because a request that failed
// at once did not get a fast answer. If the load was stopped, only the wait is
// known.
func (g *generator) censored(f fault, waited int64) int64 {
	if f == faultStopped {
		return waited
	}
	return max(waited, g.timeout)
}

// settle reports whether c's request, which has its outcome at now, belongs to
// the measured time.
func (g *generator) settle(c *conn, now int64, answered bool) bool {
	g.busy--
	c.open = false
	if c.carried {
		g.tally.longest = max(g.tally.longest, now-c.started)
	}
	if c.counted {
		g.pending--
	} else {
		g.carried(c, now, answered)
	}
	return c.counted
}

func (g *generator) times(c *conn, latency, service int64) {
	t := g.tally
	t.record(t.latency, latency)
	t.record(t.service, service)
	if g.pairs != nil && c.written != 0 {
		g.countPair(c, latency, service)
	}
}
