package load

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"lflab/sync/block"
)

// Run generates the load of cfg and returns its measurements. It blocks for the
// warm-up, the measured time, and at most the timeout after that, until every
// request planned in the measured time has its answer. Requests that have none
// by then count as timed out.
//
// Run returns an error if the server cannot be reached at the start. Later
// failures of the server are counted. A connection that failed is opened again
// after 1 ms; this delay doubles with each failure in a row, up to 128 ms.
//
// If ctx ends first, nothing more is sent, and requests in progress have 1 s to
// be answered. Then Run returns both the Result of what was planned until then,
// with a shortened Duration, and an error that wraps the cause.
//
// Run raises GOMAXPROCS to the number of generator threads plus three, if it is
// lower, and does not lower it again. These Ps are for the other goroutines and
// for the anchor of package block, which saves CPU time of the Go runtime.
func Run(ctx context.Context, cfg Config) (*Result, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	cfg = cfg.withDefaults()
	if cfg.Background != nil {
		if err := RaiseFiles(cfg.Connections + cfg.Background.clients()); err != nil {
			return nil, err
		}
	}
	if err := checkFiles(cfg.Connections); err != nil {
		return nil, err
	}
	targets, err := resolve(ctx, cfg)
	if err != nil {
		return nil, err
	}
	t, fd, err := reach(ctx, targets, cfg.Timeout)
	if err != nil {
		return nil, err
	}
	block.Anchor()
	procs := cfg.Threads + 2 + block.AnchorPs
	if cfg.Background != nil {
		procs++
	}
	if runtime.GOMAXPROCS(0) < procs {
		runtime.GOMAXPROCS(procs)
	}
	var clients *background
	if cfg.Background != nil {
		// The first client gets this connection. The run gets a new one, which
		// has not waited while the clients were opened.
		if clients, err = openBackground(ctx, cfg, t, fd); err != nil {
			return nil, err
		}
		defer clients.close()
		if t, fd, err = reach(ctx, []*target{t}, cfg.Timeout); err != nil {
			return nil, err
		}
		if cfg.Opened != nil {
			cfg.Opened()
		}
	}
	r := newRun(cfg, t)
	r.generators[0].conns[0].fd = fd
	r.generators[0].tally.opened = 1
	res, err := r.run(ctx)
	if clients != nil && res != nil {
		res.Background = clients.close()
	}
	return res, err
}

// spareFiles is the number of descriptors needed beside the connections.
const spareFiles = 64

// RaiseFiles raises the limit on open files so that n connections fit, for this
// process and for those that it starts later.
func RaiseFiles(n int) error {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return fmt.Errorf("read the limit on open files: %w", err)
	}
	need := uint64(n) + spareFiles
	if need > limit.Max {
		return fmt.Errorf("%d connections need %d open files, but the hard limit is %d (raise it with ulimit -Hn %d, as root, or in limits.conf)", n, need, limit.Max, need)
	}
	// Set the limit even if it is high enough. The runtime raised it when the
	// program began, and would lower it again for processes that it starts,
	// unless the program sets it itself.
	limit.Cur = max(limit.Cur, need)
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return fmt.Errorf("raise the limit on open files to %d: %w", need, err)
	}
	return nil
}

func checkFiles(connections int) error {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return fmt.Errorf("read the limit on open files: %w", err)
	}
	if uint64(connections)+spareFiles > limit.Cur {
		return &FilesError{Connections: connections, Limit: limit.Cur, Hard: limit.Max}
	}
	return nil
}

// FilesError says that the limit on open files is too low for the connections.
type FilesError struct {
	Connections int
	Limit, Hard uint64
}

func (e *FilesError) Error() string {
	need := uint64(e.Connections) + spareFiles
	fewer, raise := "", fmt.Sprintf("raise it with ulimit -n %d", need)
	if e.Limit > spareFiles {
		fewer = fmt.Sprintf(", or use at most %d connections", e.Limit-spareFiles)
	}
	if need > e.Hard {
		raise += fmt.Sprintf(", which above the hard limit of %d needs root or limits.conf", e.Hard)
	}
	return fmt.Sprintf("--connections %d: needs %d open files, one for each connection and %d more, but their limit is %d [%s%s]",
		e.Connections, need, spareFiles, e.Limit, raise, fewer)
}

// A run is the generators of one load and their schedule.
type run struct {
	cfg        Config
	schedule   schedule
	generators []*generator
}

func newRun(cfg Config, t *target) *run {
	r := &run{cfg: cfg, schedule: schedule{base: time.Now(), timeout: int64(cfg.Timeout), grace: int64(cfg.Grace())}}
	var pairs *pairTable
	if cfg.Rate > 0 && cfg.Arrivals == Paired {
		pairs = new(pairTable)
	}
	for i := range cfg.Threads {
		share := cfg.Connections / cfg.Threads
		if i < cfg.Connections%cfg.Threads {
			share++
		}
		g := &generator{
			schedule: &r.schedule, target: t, thread: i,
			conns: make([]conn, share), tally: newTally(cfg),
			cpu: anyCPU, pairs: pairs,
		}
		for j := range g.conns {
			g.conns[j].fd, g.conns[j].index = -1, int32(j)
		}
		if cfg.Rate > 0 {
			g.plan = newPlan(cfg, i)
		}
		if len(cfg.CPUs) > 0 {
			g.cpu = cfg.CPUs[i%len(cfg.CPUs)]
		}
		r.generators = append(r.generators, g)
	}
	return r
}

func (r *run) run(ctx context.Context) (*Result, error) {
	var ended sync.WaitGroup
	ready := make(chan error, len(r.generators))
	begin := make(chan bool)
	for _, g := range r.generators {
		ended.Go(func() {
			defer g.tearDown()
			err := g.setUp()
			ready <- err
			if <-begin && err == nil {
				g.run()
			}
		})
	}
	var failed error
	for range r.generators {
		if err := <-ready; err != nil {
			failed = err
		}
	}
	if failed != nil {
		close(begin)
		ended.Wait()
		return nil, fmt.Errorf("set up generator: %w", failed)
	}

	c := &r.schedule
	c.start = c.clock()
	c.begin = c.start + int64(r.cfg.Warmup)
	c.end = c.begin + int64(r.cfg.Duration)
	for range r.generators {
		begin <- true
	}
	through := make(chan struct{})
	go func() {
		ended.Wait()
		close(through)
	}()
	err := r.attend(ctx, through)
	res, wrong := r.result()
	return res, errors.Join(err, wrong)
}

// attend calls the functions of Config at their times. It returns when the
// generators have ended. If ctx ends before that, it stops them.
func (r *run) attend(ctx context.Context, through <-chan struct{}) error {
	done := make(chan struct{})
	var progress sync.WaitGroup
	if r.cfg.Progress != nil {
		progress.Go(func() { r.progress(done) })
	}
	defer progress.Wait()
	defer close(done)

	for _, moment := range []struct {
		at   int64
		call func()
	}{{r.schedule.begin, r.cfg.Begin}, {r.schedule.end, r.cfg.End}} {
		if !r.sleepUntil(ctx, moment.at) {
			return r.interrupt(ctx, through)
		}
		if moment.call != nil {
			moment.call()
		}
	}
	missing := time.NewTimer(500 * time.Millisecond)
	defer missing.Stop()
	for {
		select {
		case <-through:
			return nil
		case <-ctx.Done():
			return r.interrupt(ctx, through)
		case <-missing.C:
			if r.cfg.Waiting != nil {
				r.cfg.Waiting(r.cfg.Timeout)
			}
		}
	}
}

func (r *run) sleepUntil(ctx context.Context, at int64) bool {
	timer := time.NewTimer(time.Duration(at - r.schedule.clock()))
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// interrupt stops the generators and waits for them.
func (r *run) interrupt(ctx context.Context, through <-chan struct{}) error {
	now := max(1, r.schedule.clock())
	r.schedule.stop.Store(now)
	for _, g := range r.generators {
		one := [8]byte{1, 1, 1, 1, 1, 1, 1, 1} // any number but 0, in any byte order
		_, _ = unix.Write(g.wakeFD, one[:])    // the eventfd accepts it unless it was written before
	}
	<-through
	total := time.Duration(r.schedule.end - r.schedule.start)
	return fmt.Errorf("stopped after %v of %v: %w",
		min(total, time.Duration(now-r.schedule.start)).Round(time.Millisecond), total, context.Cause(ctx))
}

func (r *run) progress(done <-chan struct{}) {
	ticker := time.NewTicker(250 * time.Millisecond)
	defer ticker.Stop()
	total := time.Duration(r.schedule.end - r.schedule.start)
	for {
		select {
		case <-done:
			return
		case <-ticker.C:
		}
		var answered uint64
		for _, g := range r.generators {
			answered += g.published.Load()
		}
		r.cfg.Progress(min(total, time.Duration(r.schedule.clock()-r.schedule.start)), total, answered)
	}
}

// result adds up the tallies of all generators.
func (r *run) result() (*Result, error) {
	sum := newTally(r.cfg)
	for _, g := range r.generators {
		sum.add(g.tally)
	}
	var longest int64
	if sum.latency.TotalCount() > 0 {
		longest = sum.latency.Max()
	}
	starved, held := r.sights(longest)
	measured := int64(r.cfg.Duration)
	if stop := r.schedule.stop.Load(); stop != 0 {
		measured = max(0, min(measured, stop-r.schedule.begin))
	}
	res := &Result{
		Requests: sum.requests, Planned: sum.planned, Within: sum.within, Bytes: sum.bytes,
		Began: r.schedule.base.Add(time.Duration(r.schedule.begin)), Grace: r.cfg.Grace(), Overdue: sum.overdue,
		Carried: sum.carried, CarriedLongest: time.Duration(sum.longest),
		Unanswered: sum.missed, Late: sum.late, Unasked: sum.unasked, Beyond: sum.beyond, Starved: starved, Held: held,
		Statuses: map[int]uint64{},
		Sent:     sum.sent, Answered: sum.answered, Opened: sum.opened,
		Errors:   map[string]uint64{},
		Duration: time.Duration(measured), CPU: time.Duration(sum.cpu),
		Offered: r.cfg.Rate,
		Latency: sum.latency, Service: sum.service, SendLag: sum.sendLag,
		PerSecond: perSecond(sum.tenths, measured), Bins: sum.bins.upTo(measured),
		cfg: r.cfg,
	}
	if p := sum.pairs; p != nil {
		res.PairSpacing, res.Reversed, res.Second = p.spacing, p.reversed, &Second{p.latency, p.service}
	}
	for f, n := range sum.faults {
		if n > 0 {
			res.Errors[faults[f].name] = n
		}
	}
	for status, n := range sum.statuses {
		if n > 0 {
			res.Statuses[status] = n
		}
	}
	if sum.missed > 0 {
		res.UnansweredLeast = time.Duration(sum.leastMiss)
	}
	if measured > 0 {
		res.Achieved = float64(sum.within) / res.Duration.Seconds()
		res.CPUShare = float64(sum.cpu) / float64(measured*int64(r.cfg.Threads))
	}
	return res, sum.reconcile()
}

// perSecond converts the counts of tenths of a second into rates, as far as the
// measured time reaches. The last tenth may be shorter.
func perSecond(tenths []uint64, measured int64) []float64 {
	rates := []float64{}
	for i := int64(0); i*tenth < measured; i++ {
		width := min(int64(tenth), measured-i*tenth)
		rates = append(rates, float64(tenths[i])*1e9/float64(width))
	}
	return rates
}
