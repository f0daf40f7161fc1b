package control

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"lflab/lf/control/manager"

	"golang.org/x/sys/unix"
)

// turnover is a restart while it goes on. Children of the new generation are
// started first, as far as there are slots; once each group has one that
// serves, the old ones are told to go. Until then everything can be taken
// back: a configuration that children cannot serve with costs nothing.
type turnover struct {
	atOnce   bool
	old      *Plan
	oldDoors []*door
	opened   []place // sockets that only the new plan has
	before   uint32  // the generation that serves
	until    time.Time
}

// turnoverPatience is how long the first children of a generation may take to
// serve.
const turnoverPatience = 10 * time.Second

// restart reads the configuration and begins a turnover to it.
func (p *Parent) restart(atOnce bool) {
	if p.turnover != nil {
		both := atOnce || p.again != nil && *p.again
		p.again = &both
		return
	}
	manager.NotifyReloading()
	defer func() {
		if p.turnover == nil {
			manager.NotifyReady() // with what there was
		}
	}()
	next, err := p.opt.Load()
	if err == nil {
		err = next.succeeds(p.plan)
	}
	t := &turnover{atOnce: atOnce, old: p.plan, before: p.generation, until: time.Now().Add(turnoverPatience)}
	var doors []*door
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
		g.grief = grief{}
		g.toCome = g.cfg.Start
		if atOnce && p.freeSlots(g) == 0 {
			p.makeRoom(g)
		}
		p.come(g)
	}
	p.progress()
}

// makeRoom cuts what an earlier restart has left: this one cuts connections
// anyhow, and no child can be started before.
func (p *Parent) makeRoom(g *group) {
	now := time.Now()
	for _, k := range p.kids {
		if k.group == g && k.stage == finishing {
			k.urge(cutting, now, stopSteps[0])
		}
	}
}

// prepare opens and makes what only the next plan needs. With an error there
// is nothing of it.
func (p *Parent) prepare(next *Plan, t *turnover) (doors []*door, err error) {
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
			if d, err = newDoor(c); err != nil {
				return doors, err
			}
		}
		doors = append(doors, d)
	}
	return doors, p.needDropping(next)
}

func notTaken(why error) {
	slog.Error("the configuration is not taken: the server goes on with the one it has", "error", why)
}

// needDropping makes the nursery for children of another user, if a plan needs
// it first.
func (p *Parent) needDropping(plan *Plan) (err error) {
	for i := range plan.Groups {
		if plan.Groups[i].User != nil && p.dropping == nil {
			if p.dropping, err = newNursery(true); err != nil {
				return err
			}
		}
	}
	return nil
}

// progress ends the turnover once a new child serves each part of the sockets
// of each group.
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

// succeed is the point of no return: the new generation is the server.
func (p *Parent) succeed(now time.Time) {
	t := p.turnover
	p.turnover = nil
	h := p.board.Header()
	h.RestartedAt.Store(now.UnixNano())
	h.ConfigGeneration.Add(1)
	p.describe()
	p.sockets.prune(p.plan) // before children are told to go: they are to find which queues are theirs to empty
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

// stillbirth tells whether the death of a child in a turnover has been dealt
// with: it is the end of that if no other child of its group serves or may
// still come to serve. The old generation goes on then.
func (p *Parent) stillbirth(k *kid, status unix.WaitStatus) bool {
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
		why = "a child of it died at once: " + describeStatus(status)
	}
	p.takeBack(errors.New(why))
	return true
}

// takeBack undoes a turnover.
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
	var made []*door
	for i, g := range p.groups {
		made = append(made, g.door)
		g.cfg, g.door, g.toCome = &t.old.Groups[i], t.oldDoors[i], 0
	}
	p.shutAll(made)
	p.sockets.forget(t.opened)
	manager.NotifyReady()
	p.restartAgain()
}

// restartAgain does the restart that was asked for while one went on. It may
// find a configuration that has been mended since.
func (p *Parent) restartAgain() {
	if again := p.again; again != nil {
		p.again = nil
		p.restart(*again)
	}
}

// abandon forgets a turnover because the server stops.
func (p *Parent) abandon() {
	t := p.turnover
	if t == nil {
		return
	}
	p.turnover, p.again, p.plan = nil, nil, t.old
	p.shutAll(t.oldDoors)
}

// overdue tells why a turnover is taken back that has gone on for too long.
func (p *Parent) overdue(now time.Time) error {
	if now.Before(p.turnover.until) {
		return nil
	}
	for _, g := range p.groups {
		if p.count(g, p.generation) == 0 && p.freeSlots(g) == 0 {
			return fmt.Errorf("all %d slots have children that are still finishing after an earlier restart (raise ServerLimit, or lower GracefulRestartTimeout)", g.cfg.slots())
		}
	}
	return fmt.Errorf("no child has served with it within %v", turnoverPatience)
}
