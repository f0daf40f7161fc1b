package load

import (
	"fmt"
	"math"
	"runtime"
	"sync/atomic"
	"time"
	"unsafe"

	"lflab/experiments/load/answer"

	"golang.org/x/sys/unix"
)

// A generator is one thread's part of a load: its connections, its epoll set,
// its part of the plan and its tally. While it runs it shares only stop, pairs
// and published.
type generator struct {
	*schedule
	target *target
	thread int
	conns  []conn
	tally  *tally
	heads  *answer.HeadReader
	plan   *plan // nil for a closed loop
	cpu    int   // the CPU to which the thread is bound, or anyCPU
	unbind func()

	ep, wakeFD int // the epoll set, and the eventfd in it that interrupts a wait
	millis     bool
	copies     bool // the kernel cannot discard received data
	buf        []byte
	events     []unix.EpollEvent
	free       freeList
	again      []*conn    // free, and to be used when all events have been handled
	now        int64      // when the clock was last read
	next       arrival    // the next planned request; at is never when the plan is finished
	pairs      *pairTable // nil unless arrivals are paired
	firstOn    *conn      // the connection of a pair's first request, if the second is next on this thread; else nil
	alarm      int64      // when onAlarm must be called
	boundary   int64      // end of the phase
	deadlines  int64      // no conn has a deadline before this
	early      int64      // how long before a planned send a sleep ends
	strict     int64      // how long before a planned send no events are handled
	phase      phase
	finish     int64 // end of the measured time: planned, or earlier if the run was stopped
	stopped    bool  // the run was stopped
	busy       int   // requests in progress
	pending    int   // of these, those of the measured time
	cpuAtBegin int64

	published atomic.Uint64 // answers so far, for Progress
}

// A schedule is the time table that all generators of a run share. Times are in
// ns after base.
type schedule struct {
	base              time.Time
	start, begin, end int64
	timeout           int64
	grace             int64        // see Config.Grace
	stop              atomic.Int64 // when the run was stopped; 0 if it was not
}

func (c *schedule) clock() int64 { return int64(time.Since(c.base)) }

type phase uint8

const (
	warming phase = iota
	measuring
	draining // after the measured time, waiting for its answers
)

const (
	never   = math.MaxInt64
	wakeTag = -1

	// stopGrace is how long a stopped run waits for requests in progress.
	stopGrace = 1e9 // ns

	// A sleep ends about 20 µs late in a virtual machine with idle CPUs. Ending
	// it that much earlier and polling for the rest reduced the median send lag
	// from 23 to 3 µs, with no measurable CPU time. 50 µs reduced it to 0.25
	// µs, but needed 60 % more CPU time, which a server on the same CPUs would
	// lack. If the sends of a thread are less than five times this apart, it
	// would poll all the time, so it does not poll at all.
	earlyBy = 20e3 // ns

	// The requests of a pair must be sent when they are planned, whatever that
	// costs. A sleep rarely ends later than pairEarlyBy. Within pairStrict
	// before a planned send no answers are read, because reading one takes
	// longer than that; so latency may be overstated by up to 5 µs.
	pairEarlyBy = 60e3 // ns
	pairStrict  = 5e3  // ns
)

// setUp locks the calling goroutine to its thread and opens what it needs. The
// thread keeps its settings, so it must not be unlocked.
func (g *generator) setUp() error {
	runtime.LockOSThread()
	name := []byte(fmt.Sprintf("lflab-load-%d\x00", g.thread))
	_ = unix.Prctl(unix.PR_SET_NAME, uintptr(unsafe.Pointer(&name[0])), 0, 0, 0) // only people read the name
	var err error
	if g.unbind, err = bindThread(g.cpu); err != nil {
		return err
	}
	if g.plan != nil {
		// Otherwise a sleep ends up to 50 µs late, which would be send lag.
		if err := unix.Prctl(unix.PR_SET_TIMERSLACK, 1, 0, 0, 0); err != nil {
			return fmt.Errorf("set timer slack: %w", err)
		}
	}
	if g.ep, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return fmt.Errorf("create epoll set: %w", err)
	}
	if g.wakeFD, err = unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK); err != nil {
		return fmt.Errorf("create eventfd: %w", err)
	}
	event := unix.EpollEvent{Events: unix.EPOLLIN, Fd: wakeTag}
	if errno := epollControl(g.ep, unix.EPOLL_CTL_ADD, g.wakeFD, &event); errno != 0 {
		return fmt.Errorf("add to epoll set: %w", errno)
	}
	g.buf = make([]byte, 64<<10)
	g.events = make([]unix.EpollEvent, 256)
	g.heads = answer.NewHeadReader()
	g.free.ring = make([]*conn, len(g.conns))
	g.again = make([]*conn, 0, len(g.conns))
	if _, errno := epollWait(g.ep, g.events, 0); errno == unix.ENOSYS {
		g.millis = true
	}
	g.deadlines = never
	switch {
	case g.pairs != nil:
		g.early, g.strict = pairEarlyBy, pairStrict
	case g.plan != nil && g.plan.between() >= 5*earlyBy:
		g.early = earlyBy
	}
	if g.plan != nil && !g.target.close {
		for i := range g.conns { // an open loop opens its connections before its first request
			if c := &g.conns[i]; c.fd < 0 {
				g.open(c)
			}
		}
	}
	return nil
}

// tearDown closes everything that setUp and the run have opened.
func (g *generator) tearDown() {
	if g.unbind != nil {
		g.unbind()
	}
	for i := range g.conns {
		g.disconnect(&g.conns[i])
	}
	for _, fd := range []int{g.wakeFD, g.ep} {
		if fd > 0 {
			closeFd(fd)
		}
	}
}

// run sends and receives until the end of the time table.
func (g *generator) run() {
	g.boundary, g.finish, g.now = g.begin, g.end, g.clock()
	g.next.at = never
	if g.plan != nil {
		g.advance()
	}
	g.onAlarm() // without a warm-up, measure from the first request
	for i := range g.conns {
		c := &g.conns[i]
		if c.fd >= 0 && c.interest == 0 {
			g.arm(c, wantAnswer)
		}
		g.release(c, g.now)
	}
	for {
		if g.alarm = min(g.boundary, g.deadlines); g.now >= g.alarm || !g.stopped && g.stop.Load() != 0 {
			if g.onAlarm() {
				return
			}
			continue
		}
		if g.phase == draining && g.pending == 0 && g.next.at == never {
			return
		}
		g.dispatch()
		n := g.wait()
		for i := range g.events[:n] {
			g.on(&g.events[i])
		}
		g.published.Store(g.tally.answered)
	}
}

// onAlarm does what is due at g.now and reports whether the run has ended.
func (g *generator) onAlarm() bool {
	if stop := g.stop.Load(); stop != 0 && !g.stopped {
		g.callOff(stop)
		return false
	}
	for g.now >= g.boundary {
		switch g.phase {
		case warming:
			g.phase, g.boundary = measuring, g.end
			g.cpuAtBegin = threadCPU()
		case measuring:
			g.tally.cpu = threadCPU() - g.cpuAtBegin
			g.phase, g.boundary = draining, g.end+g.timeout
		case draining:
			g.giveUp()
			return true
		}
	}
	if g.now >= g.deadlines {
		g.expire()
	}
	return false
}

// callOff ends the measured time at stop, unless it has ended before. Nothing
// more is sent, and requests in progress get stopGrace to finish.
func (g *generator) callOff(stop int64) {
	g.now, g.stopped = g.clock(), true
	if g.phase == measuring {
		g.tally.cpu = threadCPU() - g.cpuAtBegin
	}
	g.finish = min(g.finish, max(stop, g.begin))
	for g.next.at <= stop {
		g.unsent(g.next, g.now)
		g.advance()
	}
	if g.next.at != never && g.next.group >= g.begin {
		g.tally.planned-- // it was not due yet
	}
	g.next.at = never
	patience := g.now + stopGrace
	if g.phase == draining {
		patience = min(patience, g.boundary)
	}
	g.phase, g.boundary = draining, patience
}

// giveUp counts the requests that have no answer, or were not sent, when the
// wait is over.
func (g *generator) giveUp() {
	why := faultTimeout
	if g.stopped {
		why = faultStopped
	}
	for i := range g.conns {
		if c := &g.conns[i]; c.state == sending || c.state == waiting {
			g.unanswered(c, why, g.now)
		}
	}
	for g.next.at != never {
		g.unsent(g.next, g.now)
		g.advance()
	}
}

// expire handles the connections whose deadline has passed.
func (g *generator) expire() {
	g.deadlines = never
	for i := range g.conns {
		c := &g.conns[i]
		if c.state == idle {
			continue
		}
		if c.deadline > g.now {
			g.deadlines = min(g.deadlines, c.deadline)
			continue
		}
		switch c.state {
		case sending:
			if !c.reused && c.sent == 0 {
				g.fail(c, faultConnectTimeout)
			} else {
				g.fail(c, faultTimeout)
			}
		case waiting:
			g.fail(c, faultTimeout)
		case closing:
			g.disconnect(c)
			g.release(c, g.now)
		case resting:
			g.release(c, g.now)
		}
	}
}

// advance takes the next planned send from the plan.
func (g *generator) advance() {
	g.next = g.plan.next()
	g.next.at += g.start
	g.next.group += g.start
	if g.next.group >= g.finish {
		g.next.at = never
	} else if g.next.group >= g.begin {
		g.tally.planned++
	}
}

// dispatch sends what is due: in an open loop planned requests, while a
// connection is free; in a closed loop the requests that release has postponed.
func (g *generator) dispatch() {
	for _, c := range g.again {
		if g.phase != draining {
			g.exchange(c, at(c.free))
		}
	}
	g.again = g.again[:0]
	for g.next.at <= g.now && g.placed() {
		planned := g.next
		g.advance()
		g.exchange(g.place(planned), planned)
		g.now = g.clock()
	}
}

// at returns a closed loop's request, which is planned for when its connection
// becomes free.
func at(free int64) arrival { return arrival{at: free, group: free} }

// release makes c free. An open loop sends according to its plan. A closed loop
// on a kept connection sends when all answers of this turn have been read,
// which adds a little send lag and saves turns through epoll. With new
// connections it sends at once, because bursts of connections would save the
// server many of the sleeps and wake-ups that are to be measured.
func (g *generator) release(c *conn, now int64) {
	g.look(c, now)
	c.state, c.free = idle, now
	switch {
	case g.plan != nil:
		g.free.push(c)
		g.dispatch()
	case now >= g.finish || g.phase == draining:
	case g.target.close:
		g.exchange(c, at(now))
	default:
		g.again = append(g.again, c)
	}
}

// wait waits in epoll until an event comes or something is due. It returns the
// number of events.
func (g *generator) wait() int {
	until := min(g.boundary, g.deadlines)
	if g.plan != nil {
		if g.placed() {
			until = min(until, g.next.at)
		}
		g.now = g.clock()
	}
	var n int
	var errno unix.Errno
	ns := until - g.now
	if ns > 0 && until == g.next.at {
		ns -= g.early
		if ns <= 0 {
			return g.watch(until)
		}
	}
	switch {
	case ns <= 0:
		n, errno = epollPoll(g.ep, g.events)
	case !g.millis:
		n, errno = epollWait(g.ep, g.events, ns)
	case ns < 1e6:
		n, errno = epollPoll(g.ep, g.events) // too short for a timer in ms, so spin
	default:
		n, errno = epollWaitMillis(g.ep, g.events, min(ns/1e6, math.MaxInt32))
	}
	if errno != 0 {
		n = 0 // EINTR, from the Go runtime's own signals
	}
	g.now = g.clock()
	return n
}

// watch is wait for the time just before a planned send. It does not sleep.
func (g *generator) watch(until int64) int {
	for g.now < until-g.strict {
		n, errno := epollPoll(g.ep, g.events)
		g.now = g.clock()
		if errno == 0 && n > 0 {
			return n
		}
	}
	for g.now < until {
		g.now = g.clock()
	}
	return 0
}

func (g *generator) on(event *unix.EpollEvent) {
	if event.Fd == wakeTag {
		return // each turn of the loop checks stop
	}
	c := &g.conns[event.Fd]
	if c.gen != event.Pad || c.fd < 0 {
		return
	}
	switch c.state {
	case sending:
		g.send(c)
		if c.state == waiting && event.Events&(unix.EPOLLIN|unix.EPOLLRDHUP) != 0 {
			g.receive(c, event.Events)
		}
	case waiting:
		g.receive(c, event.Events)
	case closing:
		g.awaitClose(c)
	case idle:
		g.onIdle(c)
	}
}
