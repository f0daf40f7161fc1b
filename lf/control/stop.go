package control

import (
	"log/slog"
	"os"
	"time"

	"lflab/lf/control/manager"

	"golang.org/x/sys/unix"
)

// stopping says whether and how the server stops.
type stopping uint8

const (
	not        stopping = iota
	gracefully          // children finish requests in flight
	atOnce              // children cut connections
)

// stopSteps holds the pauses after a child was told to cut its connections:
// before the first, second and third SIGTERM, and before SIGKILL. These come
// after 3, 5, 7 and 9 s, as in Apache.
var stopSteps = [...]time.Duration{3 * time.Second, 2 * time.Second, 2 * time.Second, 2 * time.Second}

// obey acts on a signal. It ignores restarts while the server stops.
func (p *Parent) obey(s os.Signal) {
	switch s {
	case unix.SIGTERM, unix.SIGINT:
		p.end(atOnce, s.String())
	case unix.SIGUSR2, unix.SIGWINCH:
		p.end(gracefully, s.String())
	case unix.SIGHUP:
		if p.stop == not {
			p.restart(true)
		}
	case unix.SIGUSR1:
		if p.stop == not {
			p.restart(false)
		}
	}
}

// end begins to stop, or turns a graceful stop into one that cuts connections.
func (p *Parent) end(how stopping, why string) {
	if how <= p.stop {
		return
	}
	if p.stop == not {
		manager.NotifyStopping()
		p.held = time.Now()
		p.sockets.holdOff() // before children finish, because they empty the queues
	}
	p.stop = how
	p.abandon()
	if how == atOnce {
		p.sockets.turnAway()
		p.sockets.refuse() // for all processes
	}
	slog.Info("stopping", "why", why, "gracefully", how == gracefully, "children", len(p.kids))
	now := time.Now()
	for _, k := range p.kids {
		p.board.Slot(k.slot).Quiescing.Store(1)
		if how == gracefully {
			k.urge(finishing, now, p.plan.GracefulShutdown)
		} else {
			k.urge(cutting, now, stopSteps[0])
		}
	}
	p.reap()
}

// hasten checks the deadlines of a turnover and of children that must end. It
// takes the steps that are due.
func (p *Parent) hasten(now time.Time) {
	if p.turnover != nil && p.stop == not {
		if err := p.overdue(now); err != nil {
			p.takeBack(err)
		} else {
			for _, g := range p.groups {
				p.come(g) // a slot may be free, or a pause over, by now
			}
		}
	}
	if p.stop == gracefully && p.sockets.empty(now.Sub(p.held)) {
		p.sockets.refuse()
	}
	for _, k := range p.kids {
		if k.deadline.IsZero() || now.Before(k.deadline) {
			continue
		}
		k.reminders(now)
	}
}

// reminders takes the next step against a child that has not ended in time: it
// cuts connections, sends SIGTERM three times, and then SIGKILL.
func (k *childProcess) reminders(now time.Time) {
	k.deadline = time.Time{}
	switch {
	case k.stage < cutting:
		slog.Warn(k.group.cfg.label()+" still has connections: they are cut", "pid", k.pid, "generation", k.generation)
		k.urge(cutting, now, stopSteps[0])
	case k.terms < len(stopSteps)-1:
		k.terms++
		slog.Warn(k.group.cfg.label()+" does not end: sending SIGTERM", "pid", k.pid, "times", k.terms)
		k.stage = reminded
		k.signal(unix.SIGTERM)
		k.deadline = now.Add(stopSteps[k.terms])
	default:
		slog.Error(k.group.cfg.label()+" does not end: killing it", "pid", k.pid)
		k.urge(killed, now, 0)
	}
}
