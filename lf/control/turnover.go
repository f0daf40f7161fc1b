package control

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"lflab/lf/control/manager"
	"lflab/lf/control/spawn"

	"golang.org/x/sys/unix"
)

// turnover is the state of a restart in progress. The parent first starts
// children of the new generation, as far as there are slots. Once new children
// serve every part of the sockets, it tells the old ones to finish. Until then
// the restart can be taken back, so a configuration with which children cannot
// serve does no harm.
type turnover struct {
	atOnce   bool // cut the connections of the old generation
	old      *Plan
	oldDoors []*acceptGate
	opened   []place   // sockets that only the new plan has
	before   uint32    // the generation that serves
	until    time.Time // when the restart is taken back
}

// turnoverPatience is the time that a new generation has to start serving.
const turnoverPatience = 10 * time.Second

// restart reads the configuration and begins a turnover to it. During another
// turnover it only notes the request, for restartAgain. On an error the server
// goes on as it is.
func (p *Parent) restart(atOnce bool) {
	if p.turnover != nil {
		both := atOnce || p.again != nil && *p.again
		p.again = &both
		return
	}
	manager.NotifyReloading()
	defer func() {
		if p.turnover == nil {
			manager.NotifyReady() // with the old configuration
		}
	}()
	next, err := p.opt.Load()
	if err == nil {
		err = next.succeeds(p.plan)
	}
	t := &turnover{atOnce: atOnce, old: p.plan, before: p.generation, until: time.Now().Add(turnoverPatience)}
	var doors []*acceptGate
	if err == nil {
		doors, err = p.prepare(&next, t)
	}
	if err != nil {
		notTaken(err)
		return
	}
	slog.Info("restarting", "gracefully", !atOnce, "generation", p.last+1)
	p.turnover, p.plan = t, &next
	p.last++
	p.generation = p.last
	for i, g := range p.groups {
		g.cfg, g.door = &next.Groups[i], doors[i]
		g.grief = restartPause{}
		g.toCome = g.cfg.Start
		if atOnce && p.freeSlots(g) == 0 {
			p.makeRoom(g)
		}
		p.come(g)
	}
	p.progress()
}

// makeRoom cuts the connections of children that still finish after an earlier
// restart, because their slots are needed. This restart cuts connections
// anyhow.
func (p *Parent) makeRoom(g *group) {
	now := time.Now()
	for _, k := range p.kids {
		if k.group == g && k.stage == finishing {
			k.urge(cutting, now, stopSteps[0])
		}
	}
}

// prepare opens and makes what only the next plan needs. It returns the gate of
// each group. On an error it leaves nothing behind.
func (p *Parent) prepare(next *Plan, t *turnover) (doors []*acceptGate, err error) {
	if t.opened, err = p.sockets.sync(next); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			p.sockets.forget(t.opened)
			p.shutAll(doors)
		}
	}()
	for i, g := range p.groups {
		t.oldDoors = append(t.oldDoors, g.door)
		d := g.door
		if c := &next.Groups[i]; c.Gate != g.cfg.Gate || c.LockFile != g.cfg.LockFile || c.uid() != g.cfg.uid() {
			if d, err = newAcceptGate(c); err != nil {
				return doors, err
			}
		}
		doors = append(doors, d)
	}
	return doors, p.needDropping(next)
}

func notTaken(why error) {
	slog.Error("configuration refused: the server keeps its present one", "error", why)
}

// needDropping makes the spawner for children of another user, if the plan
// needs it and there is none yet.
func (p *Parent) needDropping(plan *Plan) (err error) {
	for i := range plan.Groups {
		if plan.Groups[i].User != nil && p.dropping == nil {
			if p.dropping, err = spawn.NewSpawner(true); err != nil {
				return err
			}
		}
	}
	return nil
}

// progress completes the turnover once new children serve each part of the
// sockets of each group.
func (p *Parent) progress() {
	if p.turnover == nil || p.stop != 0 {
		return
	}
	for _, g := range p.groups {
		served := map[int]bool{}
		for _, k := range p.kids {
			if k.group == g && k.generation == p.generation && k.stage == serving {
				served[k.bucket] = true
			}
		}
		if len(served) < g.cfg.shares() {
			return
		}
	}
	p.succeed(time.Now())
}

// succeed completes the turnover and tells the old children to finish. It
// cannot be undone.
func (p *Parent) succeed(now time.Time) {
	t := p.turnover
	p.turnover = nil
	h := p.board.Header()
	h.RestartedAt.Store(now.UnixNano())
	h.ConfigGeneration.Add(1)
	p.describe()
	p.sockets.prune(p.plan) // first, because old children empty queues that are held off
	for _, k := range p.kids {
		if k.generation == p.generation {
			continue
		}
		p.finish(k, now)
		if t.atOnce {
			k.urge(cutting, now, stopSteps[0])
		}
	}
	if t.atOnce {
		p.board.Zero()
	}
	p.shutAll(t.oldDoors)
	for _, g := range p.groups {
		g.spare.restarted()
	}
	manager.NotifyReady()
	slog.Info("new generation serves", "generation", p.generation)
	p.restartAgain()
}

// stillbirth handles the death of a new child that had not served during a
// turnover, and reports whether it was one. If the group has another new child,
// one more is tried. Otherwise the turnover is taken back and the old
// generation goes on.
func (p *Parent) stillbirth(k *childProcess, status unix.WaitStatus) bool {
	t := p.turnover
	if t == nil || k.generation != p.generation || k.stage == serving {
		return false
	}
	if p.count(k.group, p.generation) > 0 {
		k.group.toCome++ // another one is tried
		k.group.grief.died(time.Now(), 0)
		return true
	}
	why := k.failure
	if why == "" {
		why = "a child died at once: " + describeStatus(status)
	}
	p.takeBack(errors.New(why))
	return true
}

// takeBack undoes a turnover: it ends the new children, and returns to the old
// plan, gates and sockets.
func (p *Parent) takeBack(why error) {
	t := p.turnover
	notTaken(why)
	now := time.Now()
	for _, k := range p.kids {
		if k.generation == p.generation {
			p.finish(k, now)
			k.urge(cutting, now, stopSteps[0])
		}
	}
	p.turnover, p.plan, p.generation = nil, t.old, t.before
	var made []*acceptGate
	for i, g := range p.groups {
		made = append(made, g.door)
		g.cfg, g.door, g.toCome = &t.old.Groups[i], t.oldDoors[i], 0
	}
	p.shutAll(made)
	p.sockets.forget(t.opened)
	manager.NotifyReady()
	p.restartAgain()
}

// restartAgain does the restart that was requested during the last one. The
// configuration may have been corrected since.
func (p *Parent) restartAgain() {
	if again := p.again; again != nil {
		p.again = nil
		p.restart(*again)
	}
}

// abandon ends a turnover because the server stops. The old plan counts again.
func (p *Parent) abandon() {
	t := p.turnover
	if t == nil {
		return
	}
	p.turnover, p.again, p.plan = nil, nil, t.old
	p.shutAll(t.oldDoors)
}

// overdue returns why the turnover must be taken back, or nil while it has
// time.
func (p *Parent) overdue(now time.Time) error {
	if now.Before(p.turnover.until) {
		return nil
	}
	for _, g := range p.groups {
		if p.count(g, p.generation) == 0 && p.freeSlots(g) == 0 {
			return fmt.Errorf("all %d slots have children that are still finishing after an earlier restart (raise ServerLimit, or lower GracefulRestartTimeout)", g.cfg.slots())
		}
	}
	return fmt.Errorf("no child has served within %v", turnoverPatience)
}
