package control

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"lflab/lf/control/manager"
	"lflab/lf/control/spawn"
	"lflab/lf/mpm"
	"lflab/lf/scoreboard"
	"lflab/lf/serve"
)

// ParentOptions configures NewParent.
type ParentOptions struct {
	// Load reads the configuration, once at the start and again for each
	// restart. It logs its adjustments itself. If it fails at a restart, the
	// server goes on with its present configuration.
	Load func() (Plan, error)

	// Args is the command line of a child. It must make this program call
	// Child.
	Args []string

	// Out gets a line "listening on ADDRESS" for each address, once each group
	// has a child that serves.
	Out io.Writer

	// Beat is the time between two decisions about idle threads. 0 means one
	// second, as in Apache.
	Beat time.Duration
}

// Parent is the control process. It opens the listening sockets, starts
// children that accept from them, and keeps the numbers of children and of
// their idle threads within bounds. It obeys signals:
//
//	TERM, INT  stop at once: connections are cut
//	USR2       stop gracefully: requests in flight are finished
//	WINCH      stop gracefully, unless there is a controlling terminal
//	HUP        read the configuration again, cut connections, restart
//	USR1       read the configuration again, restart without losing a request
//
// Only the goroutine that calls Run accesses its fields.
type Parent struct {
	opt      ParentOptions
	plan     *Plan
	groups   []*group
	sockets  sockets
	board    *scoreboard.Board
	nursery  *spawn.Spawner
	dropping *spawn.Spawner // for children of another user
	kids     map[int]*childProcess
	free     []bool // by slot
	reports  chan report

	generation uint32 // of children that are started now
	last       uint32 // newest generation, even if it was taken back
	turnover   *turnover
	again      *bool // nil, or the next restart, which cuts connections if true
	stop       stopping
	held       time.Time // when the listeners began to refuse new connections
	told       bool      // announce has written the addresses
	pidFile    manager.PidLock
	failure    error
}

// group is the parent's state of a Group.
type group struct {
	cfg    *Group
	first  int // its first slot
	spare  spare
	grief  restartPause
	door   *acceptGate
	toCome int  // children of StartServers that have not been started yet
	served bool // a child has served
}

// NewParent reads the configuration, opens the sockets and makes what children
// share. It starts no child. On an error it leaves nothing behind.
func NewParent(opt ParentOptions) (*Parent, error) {
	if opt.Beat == 0 {
		opt.Beat = time.Second
	}
	plan, err := opt.Load()
	if err != nil {
		return nil, err
	}
	p := &Parent{
		opt: opt, plan: &plan, kids: map[int]*childProcess{}, free: make([]bool, plan.slots()),
		reports: make(chan report, 256), sockets: sockets{open: map[place]*socket{}},
	}
	if err := p.equip(); err != nil {
		return nil, errors.Join(err, p.close())
	}
	return p, nil
}

// equip opens the sockets and makes the scoreboard, the gates and the
// nurseries.
func (p *Parent) equip() (err error) {
	if p.sockets.passed, err = manager.PassedSockets(); err != nil {
		return err
	}
	if err = p.plan.resolve(); err != nil {
		return err
	}
	if err = p.plan.enoughFiles(false); err != nil {
		return err
	}
	r, err := takeEarly()
	if err != nil {
		return err
	}
	r.open() // the poller may be open here, because the parent measures nothing
	if _, err = p.sockets.sync(p.plan); err != nil {
		return err
	}
	p.sockets.leftOver()
	if p.board, err = scoreboard.Create(p.plan.slots(), p.plan.ThreadLimit, p.plan.ScoreBoardFile); err != nil {
		return err
	}
	first := 0
	for i := range p.plan.Groups {
		g := &group{cfg: &p.plan.Groups[i], first: first}
		first += g.cfg.slots()
		if g.door, err = newAcceptGate(g.cfg); err != nil {
			return err
		}
		p.groups = append(p.groups, g)
	}
	for i := range p.free {
		p.free[i] = true
	}
	if err = p.needDropping(p.plan); err != nil {
		return err
	}
	p.nursery, err = spawn.NewSpawner(false)
	return err
}

// Run starts the children and blocks until the server has stopped and all
// children have ended. It returns nil after a stop that a signal asked for.
func (p *Parent) Run() (err error) {
	// Each kind of signal has a channel with room for one. Two signals of a
	// kind count once if the first has not been obeyed yet.
	var hears [4]chan os.Signal
	for i, s := range [...][]os.Signal{{unix.SIGTERM, unix.SIGINT}, gracefulStopSignals(), {unix.SIGHUP}, {unix.SIGUSR1}} {
		hears[i] = make(chan os.Signal, 1)
		signal.Notify(hears[i], s...)
		defer signal.Stop(hears[i])
	}
	stops, gracefulStops, restarts, gracefulRestarts := hears[0], hears[1], hears[2], hears[3]
	signal.Ignore(unix.SIGPIPE)
	deaths := make(chan os.Signal, 1)
	signal.Notify(deaths, unix.SIGCHLD)
	defer signal.Stop(deaths)
	rename(manager.ParentName)
	if err := p.pidFile.Take(p.plan.PidFile); err != nil {
		return errors.Join(err, p.close())
	}
	p.describe()
	for _, g := range p.groups {
		g.toCome = g.cfg.Start
		p.come(g)
	}
	beat := time.NewTicker(p.opt.Beat)
	defer beat.Stop()
	// While the server restarts or stops, deadlines are checked more often.
	const often = 100 * time.Millisecond
	look := time.NewTicker(often)
	look.Stop()
	defer look.Stop()
	for hurried := false; !p.done(); {
		if hurry := p.turnover != nil || p.stop != 0; hurry && !hurried {
			look.Reset(often)
			hurried = true
		} else if !hurry && hurried {
			look.Stop()
			hurried = false
		}
		select {
		case s := <-stops:
			p.obey(s)
			continue
		default:
		}
		select {
		case s := <-stops:
			p.obey(s)
		case s := <-gracefulStops:
			p.obey(s)
		case s := <-restarts:
			p.obey(s)
		case s := <-gracefulRestarts:
			p.obey(s)
		case <-deaths:
			p.reap()
		case r := <-p.reports:
			p.hear(r)
		case <-look.C:
			p.hasten(time.Now())
		case now := <-beat.C:
			p.reap() // a SIGCHLD may have been lost
			p.hasten(now)
			p.maintain(now)
		}
	}
	if p.failure == nil {
		p.pidFile.Remove()
	}
	return errors.Join(p.failure, p.close())
}

// done reports whether the server stops and has no children left.
func (p *Parent) done() bool { return p.stop != 0 && len(p.kids) == 0 }

// describe writes the configuration of the whole server to the scoreboard.
func (p *Parent) describe() {
	h := p.board.Header()
	main := &p.plan.Groups[0]
	h.MPM.Set(main.Server.MPM)
	h.Primitive.Set(main.Server.Primitive)
	h.Async.Store(0)
	if kind, err := mpm.Lookup(main.Server.MPM); err == nil && kind.Async {
		h.Async.Store(1)
	}
	h.ThreadsPerChild.Store(uint32(main.Threads))
	workers := 0
	for i := range p.plan.Groups {
		workers += p.plan.Groups[i].Children * p.plan.Groups[i].Threads
	}
	h.MaxWorkers.Store(uint32(workers))
	h.Generation.Store(p.generation)
}

// come starts the children of StartServers that are missing, as far as the
// group's limits allow.
func (p *Parent) come(g *group) {
	for g.toCome > 0 && p.count(g, p.generation) < g.cfg.Children {
		if !p.start(g) {
			return
		}
		g.toCome--
	}
}

// start starts one child and reports whether it did. A failure is logged and
// delays further starts.
func (p *Parent) start(g *group) bool {
	now := time.Now()
	if p.stop != 0 || !g.grief.over(now) {
		return false
	}
	slot, bucket, ok := p.place(g)
	if !ok {
		return false
	}
	// The child's threads count as idle from now on. Otherwise maintain would
	// start another child for them.
	process := p.board.Seat(slot, g.cfg.Threads, p.generation)
	process.Bucket.Store(uint32(bucket))
	process.Group.Store(uint32(p.index(g)))
	if !g.cfg.Unbounded {
		for i := range g.cfg.Threads {
			p.board.Row(slot, i).Set(serve.Starting)
		}
	}
	k, err := p.spawn(g, slot, bucket, p.generation)
	if err != nil {
		wait := g.grief.failed(now)
		p.board.Clear(slot)
		slog.Error("cannot start a "+g.cfg.label()+": trying again later", "error", err, "after", wait)
		return false
	}
	process.PID.Store(int32(k.pid))
	p.kids[k.pid] = k
	p.free[slot] = false
	return true
}

func (p *Parent) index(g *group) int {
	for i := range p.groups {
		if p.groups[i] == g {
			return i
		}
	}
	panic("not a group of this parent")
}

// place returns a free slot, and the bucket of listeners that the fewest
// children of this generation serve.
func (p *Parent) place(g *group) (slot, bucket int, ok bool) {
	// Outside a restart, the reserve stays free.
	if free := p.freeSlots(g); free == 0 || p.turnover == nil && free <= g.cfg.reserve() {
		return 0, 0, false
	}
	for slot = g.first; !p.free[slot]; slot++ {
	}
	served := make([]int, g.cfg.shares())
	for _, k := range p.kids {
		if k.group == g && k.active() && k.generation == p.generation {
			served[k.bucket]++
		}
	}
	for b := range served {
		if served[b] < served[bucket] {
			bucket = b
		}
	}
	return slot, bucket, true
}

// freeSlots returns the number of the group's free slots, with the reserve for
// restarts.
func (p *Parent) freeSlots(g *group) (n int) {
	for slot := g.first; slot < g.first+g.cfg.slots(); slot++ {
		if p.free[slot] {
			n++
		}
	}
	return n
}

// count returns the number of the group's children of a generation that serve
// or start.
func (p *Parent) count(g *group, generation uint32) (n int) {
	for _, k := range p.kids {
		if k.group == g && k.active() && k.generation == generation {
			n++
		}
	}
	return n
}

// maintain makes one decision about idle threads for each group and acts on it.
func (p *Parent) maintain(now time.Time) {
	if p.stop != 0 || p.turnover != nil {
		return
	}
	for _, g := range p.groups {
		if !g.grief.over(now) {
			continue
		}
		if g.toCome > 0 {
			p.come(g)
			continue
		}
		p.act(g, g.spare.decide(g.cfg.bounds(), p.census(g)))
		p.cover(g)
	}
}

func (p *Parent) act(g *group, d decision) {
	for _, r := range d.say {
		level := slog.LevelInfo
		if r.warn {
			level = slog.LevelWarn
		}
		slog.Log(context.Background(), level, r.text)
	}
	for range d.start {
		if !p.start(g) {
			break
		}
	}
	if d.retire {
		if k := p.idlest(g); k != nil {
			slog.Info("more threads are idle than MaxSpareThreads: one "+g.cfg.label()+" retires", "pid", k.pid)
			p.finish(k, time.Now())
		}
	}
}

// census counts the group's children and free slots. It reads idle threads from
// the scoreboard.
func (p *Parent) census(g *group) (c census) {
	for _, k := range p.kids {
		if k.group != g {
			continue
		}
		c.total++
		if k.active() {
			c.active++
			c.idle += p.board.Count(k.slot).Idle
		}
	}
	c.slots = max(p.freeSlots(g)-g.cfg.reserve(), 0)
	return c
}

// idlest returns the child with the fewest busy threads among those whose
// bucket has at least two serving children. It returns nil if there is none.
func (p *Parent) idlest(g *group) (best *childProcess) {
	served := map[int]int{}
	for _, k := range p.kids {
		if k.group == g && k.stage == serving {
			served[k.bucket]++
		}
	}
	for _, k := range p.kids {
		if k.group != g || !k.active() || served[k.bucket] < 2 {
			continue
		}
		if best == nil || p.board.Count(k.slot).Busy < p.board.Count(best.slot).Busy {
			best = k
		}
	}
	return best
}

// finish tells a child to finish its connections and end.
func (p *Parent) finish(k *childProcess, now time.Time) {
	p.board.Slot(k.slot).Quiescing.Store(1)
	k.urge(finishing, now, p.plan.GracefulRestart)
}

// hear acts on a line that a child wrote.
func (p *Parent) hear(r report) {
	k := p.kids[r.pid]
	if k == nil {
		return // the child has been reaped already
	}
	why, failed := strings.CutPrefix(r.line, failedLine)
	switch {
	case failed:
		k.failure = why
	case r.line == readyLine && k.stage == starting:
		k.stage, k.group.served = serving, true
		p.progress()
		p.announce()
	case r.line == spentLine && k.active():
		p.board.Slot(k.slot).Quiescing.Store(1)
		k.stage = finishing
		k.deadline = time.Now().Add(p.plan.GracefulRestart)
		p.replace(k.group)
	case r.line == leftLine:
		p.othersLook(k)
	}
}

// othersLook makes the other children of k's group look for waiting
// connections. The kernel may have told only k of one, and k accepts no more.
func (p *Parent) othersLook(k *childProcess) {
	if !k.group.cfg.Server.Exclusive {
		return
	}
	for _, other := range p.kids {
		if other != k && other.group == k.group {
			other.command(look)
		}
	}
}

// announce writes the addresses to Out and tells systemd that the server is
// ready. It does so once, when each group has a child that serves.
func (p *Parent) announce() {
	if p.told {
		return
	}
	for _, g := range p.groups {
		ready := false
		for _, k := range p.kids {
			ready = ready || k.group == g && k.stage == serving
		}
		if !ready {
			return
		}
	}
	p.told = true
	for _, addr := range p.sockets.addresses(p.plan) {
		if _, err := fmt.Fprintf(p.opt.Out, "listening on %s\n", addr); err != nil {
			slog.Warn("cannot say where the server listens", "error", err)
		}
	}
	slog.Info("server is up", "mpm", p.plan.Groups[0].Server.MPM, "children", len(p.kids), "pid", os.Getpid())
	manager.NotifyReady()
}

// replace starts a child in place of one that is gone, if the group then has
// too few idle threads.
func (p *Parent) replace(g *group) {
	if p.turnover != nil || p.stop != 0 {
		return
	}
	c := p.census(g)
	if c.active < g.cfg.Children && c.idle < g.cfg.MinSpare {
		p.start(g)
	}
	p.cover(g)
}

// reap waits for children that have ended, without blocking, and calls childEnded for
// each.
func (p *Parent) reap() {
	if adopts() {
		takeOrphans(func(pid int, status unix.WaitStatus, usage unix.Rusage) {
			if k := p.kids[pid]; k != nil {
				p.childEnded(k, status, usage)
			}
		})
		return
	}
	for pid, k := range p.kids {
		var status unix.WaitStatus
		var usage unix.Rusage
		got, err := unix.Wait4(pid, &status, unix.WNOHANG, &usage)
		if err == unix.EINTR || err == nil && got == 0 {
			continue
		}
		if err != nil { // unexpected, because only this loop waits for children
			slog.Warn("lost a child", "pid", pid, "error", err)
		}
		p.childEnded(k, status, usage)
	}
}

// childEnded frees the slot and the gate of a child that has ended. Depending on why
// it ended, it starts another child, delays that, takes a restart back, or
// stops the server.
func (p *Parent) childEnded(k *childProcess, status unix.WaitStatus, usage unix.Rusage) {
	delete(p.kids, k.pid)
	p.lastWords(k)
	h := p.board.Header()
	h.ChildrenUser.Add(uint64(usage.Utime.Nano()))
	h.ChildrenSystem.Add(uint64(usage.Stime.Nano()))
	p.board.Clear(k.slot)
	p.free[k.slot] = true
	g := k.group
	if d := k.gate; d != nil {
		d.users--
		if err := d.shared.Recover(k.pid); err != nil {
			slog.Error("cannot recover the accept gate from a dead child", "gate", d.name, "pid", k.pid, "error", err)
		}
		p.shutAll([]*acceptGate{d})
	}
	p.othersLook(k)
	lived := time.Since(k.began)
	// A child that still starts while the server stops may find its listeners
	// shut down, and exits with childFatal.
	unborn := p.stop != not && status.Exited() && status.ExitStatus() == childFatal
	if (!status.Exited() || status.ExitStatus() != childDone) && k.stage < reminded && !unborn {
		slog.Warn(g.cfg.label()+" died", "pid", k.pid, "status", describeStatus(status), "core", status.CoreDump(), "lived", lived.Round(time.Millisecond), "said", k.failure)
	}
	if p.stop != 0 {
		return
	}
	if p.stillbirth(k, status) {
		return
	}
	switch {
	case !k.active() || status.Exited() && status.ExitStatus() == childDone:
		// The child ended as it was told, or after its last connection.
		p.refill(g)
		return
	case status.Exited() && status.ExitStatus() == childFatal && p.hopeless():
		p.failure = fmt.Errorf("no child has served, and the last %s cannot: %s (the PidFile stays)", g.cfg.label(), k.failure)
		slog.Error("stopping: no child can serve", "pid", k.pid, "error", k.failure)
		p.end(atOnce, "a child's exit status")
		return
	case status.Exited() && status.ExitStatus() == childFatal:
		lived = 0 // hold back even if the child lived long
		slog.Error("a "+g.cfg.label()+" cannot serve: trying another one later", "pid", k.pid, "error", k.failure)
	case status.Exited() && status.ExitStatus() == childSick:
		g.spare.sick()
	}
	if k.stage == serving && status.Signaled() && status.Signal() == unix.SIGKILL {
		lived = tooSoon // somebody killed it, so its early death predicts nothing
	}
	if wait := g.grief.died(time.Now(), lived); wait > 0 {
		slog.Error("children die at once: starting no more for a while", "pid", k.pid, "for", wait)
		return
	}
	p.refill(g)
}

// hopeless reports whether no child has ever served and none that may serve is
// left. If one has served, what prevents the next one may pass.
func (p *Parent) hopeless() bool {
	for _, g := range p.groups {
		if g.served {
			return false
		}
	}
	for _, k := range p.kids {
		if k.active() {
			return false
		}
	}
	return true
}

// lastWords handles all lines that a dead child wrote, and closes its pipe.
func (p *Parent) lastWords(k *childProcess) {
	select {
	case <-k.quiet:
	case <-time.After(time.Second): // should not happen, because the child's end is closed
	}
	_ = k.pipe.Close() // an error does not matter: the pipe is no longer used
	for {
		select {
		case r := <-p.reports:
			if r.pid != k.pid {
				p.hear(r)
			} else if why, ok := strings.CutPrefix(r.line, failedLine); ok {
				k.failure = why
			}
		default:
			return
		}
	}
}

// refill starts children of StartServers that are missing, or else replaces one
// that is gone.
func (p *Parent) refill(g *group) {
	if g.toCome > 0 {
		p.come(g)
		return
	}
	p.replace(g)
}

func describeStatus(s unix.WaitStatus) string {
	if s.Signaled() {
		return "signal " + s.Signal().String()
	}
	return fmt.Sprintf("exit status %d", s.ExitStatus())
}

// shutAll closes those of the gates that no child and no group uses.
func (p *Parent) shutAll(doors []*acceptGate) {
	for _, d := range doors {
		if d == nil || d.users > 0 || slices.ContainsFunc(p.groups, func(g *group) bool { return g.door == d }) {
			continue
		}
		if err := d.shared.Close(); err != nil {
			slog.Warn("cannot close an accept gate", "gate", d.name, "error", err)
		}
	}
}

// close releases sockets, gates, nurseries and scoreboard. No child may be
// left.
func (p *Parent) close() (err error) {
	p.sockets.close()
	for _, g := range p.groups {
		if g.door != nil {
			err = errors.Join(err, g.door.shared.Close())
		}
	}
	for _, n := range []*spawn.Spawner{p.nursery, p.dropping} {
		if n != nil {
			n.Close()
		}
	}
	if p.board != nil {
		err = errors.Join(err, p.board.Close())
	}
	return err
}
