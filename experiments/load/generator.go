package load

import (
	"fmt"
	"math"
	"runtime"
	"sync/atomic"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A generator is one thread's part of a load: its connections, its epoll set,
// its part of the plan and its tally. Nothing in it is shared while it runs but
// stop, pairs and published.
type generator struct {
	*course
	target *target
	thread int
	conns  []conn
	tally  *tally
	heads  *headReader
	plan   *plan // nil: closed loop
	cpu    int   // to which the thread is bound, or anyCPU
	unbind func()

	ep, bell   int // the epoll set; the eventfd in it that interrupts a wait
	millis     bool
	copies     bool // the kernel cannot discard what it has received
	buf        []byte
	events     []unix.EpollEvent
	free       freeList
	again      []*conn   // free, and to be used as soon as all events are seen
	now        int64     // when the clock was last read
	next       arrival   // the next planned request, at never when the plan is through
	pairs      *pairBook // nil unless the arrivals are paired
	firstOn    *conn     // has the pair's first, whose second is next; nil: another thread has it, or nobody
	alarm      int64     // when onAlarm must be called
	boundary   int64     // of the phase
	deadlines  int64     // no conn's deadline is before
	early      int64     // how long before a planned send a sleep ends
	strict     int64     // how long before a planned send nothing else is looked at
	phase      phase
	finish     int64 // of the measured time: its planned end, or sooner when the run was called off
	stopped    bool  // it was
	busy       int   // requests under way
	pending    int   // of these, those of the measured time
	cpuAtBegin int64

	published atomic.Uint64 // answers so far, for Progress
}

// A course is the time table that all generators of a run share. Times are ns
// after base.
type course struct {
	base              time.Time
	start, begin, end int64
	timeout           int64
	stop              atomic.Int64 // when the run was called off; 0: it was not
}

func (c *course) clock() int64 { return int64(time.Since(c.base)) }

type phase uint8

const (
	warming phase = iota
	measuring
	draining // after the measured time, for the answers that it still waits for
)

const (
	never   = math.MaxInt64
	bellTag = -1

	// stopGrace is how long a run that was called off waits for what is under way.
	stopGrace = 1e9 // ns

	// A sleep takes about so long to end, in a guest with idle CPUs. Ending it
	// that much earlier and polling for the rest brought the median send lag
	// from 23 to 3 µs at no measurable CPU; 50 µs brought it to 0.25 µs for
	// 60 % more, which a server on the same CPUs would miss. Where the sends of
	// a thread are less than five times this apart it would poll all the time,
	// so there it does not.
	earlyBy = 20e3 // ns

	// The requests of a pair must go when they are planned, whatever that costs.
	// Hardly a sleep ends later than pairEarlyBy. Within pairStrict of a planned
	// send no answers are read, because reading one takes longer than that: its
	// latency may be overstated by up to 5 µs.
	pairEarlyBy = 60e3 // ns
	pairStrict  = 5e3  // ns
)

// setUp makes the calling goroutine's thread the generator's own, and opens
// what it needs. The thread keeps its settings, so it must not be unlocked.
func (g *generator) setUp() error {
	runtime.LockOSThread()
	name := []byte(fmt.Sprintf("lflab-load-%d\x00", g.thread))
	_ = unix.Prctl(unix.PR_SET_NAME, uintptr(unsafe.Pointer(&name[0])), 0, 0, 0) // for people only
	var err error
	if g.unbind, err = bindThread(g.cpu); err != nil {
		return err
	}
	if g.plan != nil {
		// Else a sleep ends up to 50 us late, which would be send lag.
		if err := unix.Prctl(unix.PR_SET_TIMERSLACK, 1, 0, 0, 0); err != nil {
			return fmt.Errorf("set timer slack: %w", err)
		}
	}
	if g.ep, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return fmt.Errorf("create epoll set: %w", err)
	}
	if g.bell, err = unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK); err != nil {
		return fmt.Errorf("create eventfd: %w", err)
	}
	event := unix.EpollEvent{Events: unix.EPOLLIN, Fd: bellTag}
	if errno := epollControl(g.ep, unix.EPOLL_CTL_ADD, g.bell, &event); errno != 0 {
		return fmt.Errorf("add to epoll set: %w", errno)
	}
	g.buf = make([]byte, 64<<10)
	g.events = make([]unix.EpollEvent, 256)
	g.heads = newHeadReader()
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
		for i := range g.conns { // an open loop's connections are there before its first request
			if c := &g.conns[i]; c.fd < 0 {
				g.open(c)
			}
		}
	}
	return nil
}

// tearDown closes everything setUp and the run have opened.
func (g *generator) tearDown() {
	if g.unbind != nil {
		g.unbind()
	}
	for i := range g.conns {
		g.disconnect(&g.conns[i])
	}
	for _, fd := range []int{g.bell, g.ep} {
		if fd > 0 {
			closeFd(fd)
		}
	}
}

// run sends and receives until the course is over.
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

// onAlarm does what is due at g.now and reports whether the run is over.
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

// callOff ends the measured time at stop, unless it has ended. Nothing more is
// sent, and what is under way has stopGrace to come.
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
		g.tally.planned-- // it was not to be sent yet
	}
	g.next.at = never
	patience := g.now + stopGrace
	if g.phase == draining {
		patience = min(patience, g.boundary)
	}
	g.phase, g.boundary = draining, patience
}

// giveUp counts the requests that have no answer, or were not even sent, at the
// end of all patience.
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

// expire ends the exchanges, closes and rests whose deadline has come.
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

// dispatch sends what is due: of an open loop, what is planned, as long as a
// connection is free; of a closed one, what release has put off.
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

// at is a closed loop's request: it is planned when its connection is free.
func at(free int64) arrival { return arrival{at: free, group: free} }

// release makes c free. An open loop sends when its plan says so, a closed one
// now: on a kept connection, as soon as the answers that came together with
// this one are read. That is a little send lag for fewer turns through epoll;
// with new connections it would hand them to the server in bursts, and so save
// it many of the sleeps and wake-ups that it is watched for.
func (g *generator) release(c *conn, now int64) {
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

// wait waits in epoll until something arrives or is due, and returns how many
// events there are.
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
		n, errno = epollPoll(g.ep, g.events) // too short for a timer in ms: spin
	default:
		n, errno = epollWaitMillis(g.ep, g.events, min(ns/1e6, math.MaxInt32))
	}
	if errno != 0 {
		n = 0 // EINTR, by the runtime's own signals
	}
	g.now = g.clock()
	return n
}

// watch is wait for the last moments before a planned send: it does not sleep.
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

// on handles one event.
func (g *generator) on(event *unix.EpollEvent) {
	if event.Fd == bellTag {
		return // stop is looked at in each turn of the loop
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
