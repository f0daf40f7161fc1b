package control

import (
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"

	"lflab/lf/httpd"
	"lflab/lf/sock"
)

// sockets are the listening sockets of a server. They are opened once and kept
// as long as a configuration names their address, however it is written and
// wherever it stands: what is in their queues survives every restart.
type sockets struct {
	open   map[place]*socket
	passed map[netip.AddrPort]int // by a service manager, and not in use
}

// place is where a socket listens. Port 0 is a new port each time it is listed
// for an address.
type place struct {
	addr netip.AddrPort
	nth  int
}

// socket is one address of Listen, divided into as many listeners as the group
// has buckets.
type socket struct {
	listeners []*sock.Listener
	passed    bool // a service manager has it, too: it is not ours to shut down
}

// places resolves the addresses of all groups, once for the life of the plan.
func (p *Plan) resolve() error {
	times := map[netip.AddrPort]int{}
	for i := range p.Groups {
		g := &p.Groups[i]
		g.places = nil
		for _, address := range g.Server.Listen {
			addr, err := sock.ParseAddress(address)
			if err != nil {
				return fmt.Errorf("directive Listen %s: %w", address, err)
			}
			at := place{addr: netip.AddrPortFrom(addr.Addr().Unmap(), addr.Port())}
			if at.nth = times[at.addr]; at.nth > 0 && addr.Port() != 0 {
				return fmt.Errorf("directive Listen %s: this address is listed before (a socket can be opened once)", address)
			}
			times[at.addr]++
			g.places = append(g.places, at)
		}
	}
	return nil
}

// names tells whether the plan has that place.
func (p *Plan) names(at place) bool {
	for i := range p.Groups {
		for _, other := range p.Groups[i].places {
			if other == at {
				return true
			}
		}
	}
	return false
}

// sync opens what plan names and is not open. It returns what it has opened,
// for forget if the plan comes to nothing; the same with an error.
func (s *sockets) sync(plan *Plan) (opened []place, err error) {
	if err := plan.resolve(); err != nil {
		return nil, err
	}
	for i := range plan.Groups {
		g := &plan.Groups[i]
		for n, address := range g.Server.Listen {
			at := g.places[n]
			if had := s.open[at]; had != nil {
				if len(had.listeners) != g.Buckets {
					s.forget(opened)
					return nil, fmt.Errorf("directive Listen %s: the address has %d sockets and is to have %d: what is queued in those that are left over would be lost (stop the server and start it)", address, len(had.listeners), g.Buckets)
				}
				continue
			}
			one, err := s.listen(plan, at, g.Server.socket(address), g.Buckets)
			if err != nil {
				s.forget(opened)
				return nil, fmt.Errorf("directive Listen %s: %w", address, err)
			}
			s.open[at] = one
			opened = append(opened, at)
		}
	}
	return opened, nil
}

func (s *sockets) listen(plan *Plan, at place, opt sock.Options, buckets int) (*socket, error) {
	if fd, ok := s.passed[at.addr]; ok {
		if buckets > 1 {
			return nil, fmt.Errorf("the service manager has passed one socket, and %d are needed (use another AcceptMutex, and no ListenCoresBucketsRatio)", buckets)
		}
		// A copy: the other one is there for when the address is removed and
		// comes back.
		own, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 3)
		if err != nil {
			return nil, fmt.Errorf("keep a socket that was passed: %w", err)
		}
		l, err := sock.Adopt(own, opt)
		if err != nil {
			return nil, errors.Join(err, unix.Close(own))
		}
		return &socket{listeners: []*sock.Listener{l}, passed: true}, nil
	}
	// An address may take the place of one that it has in common with, as *:80
	// that of 127.0.0.1:80: both listen until the other one is left.
	yields := s.yielding(plan, at)
	for _, l := range yields {
		if err := l.Share(true); err != nil {
			return nil, err
		}
	}
	opt.ReusePort = buckets > 1 || len(yields) > 0
	first, err := listenSoon(opt)
	if err != nil {
		return nil, err
	}
	one := &socket{listeners: []*sock.Listener{first}}
	for len(one.listeners) < buckets {
		l, err := first.Sibling()
		if err != nil {
			return nil, errors.Join(err, one.close())
		}
		one.listeners = append(one.listeners, l)
	}
	if buckets == 1 && opt.ReusePort {
		if err := first.Share(false); err != nil {
			return nil, errors.Join(err, one.close())
		}
	}
	return one, nil
}

// listenSoon listens on an address. One that was left a moment ago may have
// connections in its queue, which children are about to serve.
func listenSoon(opt sock.Options) (l *sock.Listener, err error) {
	for range 20 {
		if l, err = sock.Listen(opt); !errors.Is(err, unix.EADDRINUSE) {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	return l, err
}

// yielding are listeners of the same port that the plan does not name.
func (s *sockets) yielding(plan *Plan, at place) (all []*sock.Listener) {
	for other, one := range s.open {
		if other.addr.Port() == at.addr.Port() && at.addr.Port() != 0 && !plan.names(other) && !one.passed {
			all = append(all, one.listeners...)
		}
	}
	return all
}

// close gives the descriptors back, siblings before the one they come from.
// Children that have them go on listening.
func (s *socket) close() (err error) {
	for i := len(s.listeners) - 1; i >= 0; i-- {
		err = errors.Join(err, s.listeners[i].Close())
	}
	return err
}

// forget closes sockets that no generation has served with. Who has come
// meanwhile is told.
func (s *sockets) forget(places []place) {
	for _, at := range places {
		s.open[at].turnAway()
		s.drop(at)
	}
}

func (s *sockets) drop(at place) {
	if err := s.open[at].close(); err != nil {
		slog.Warn("cannot close a socket", "error", err)
	}
	delete(s.open, at)
}

// prune closes what plan does not name. Children that still have it serve what
// is in its queue, and leave it with the generation that they belong to.
func (s *sockets) prune(plan *Plan) {
	for at, one := range s.open {
		if !plan.names(at) {
			one.holdOff()
			s.drop(at)
		}
	}
}

// holdOff keeps new connections out of the queues. What a service manager has
// passed goes on: it queues connections for the server's next start.
func (s *sockets) holdOff() {
	for _, one := range s.open {
		one.holdOff()
	}
}

func (s *socket) holdOff() {
	if !s.passed {
		s.listeners[0].HoldOff() // and its siblings
	}
}

// empty tells whether nobody waits in the queues, this long after holdOff.
func (s *sockets) empty(since time.Duration) bool {
	for _, one := range s.open {
		if !one.passed && sock.Waiting(one.listeners[:1], since) {
			return false
		}
	}
	return true
}

// turnAway tells who waits in the queues that the server ends.
func (s *sockets) turnAway() {
	for _, one := range s.open {
		one.turnAway()
	}
}

func (s *socket) turnAway() {
	if !s.passed {
		s.holdOff()
		s.listeners[0].TurnAway(httpd.TurnAway) // and its siblings
	}
}

// refuse ends listening for all processes at once.
func (s *sockets) refuse() {
	for at, one := range s.open {
		if !one.passed {
			one.listeners[0].Shutdown() // and its siblings
		}
		s.drop(at)
	}
}

// leftOver tells of sockets that were passed and that nothing listens on.
func (s *sockets) leftOver() {
	for addr := range s.passed {
		taken := false
		for at := range s.open {
			taken = taken || at.addr == addr
		}
		if !taken {
			slog.Warn("the service manager has passed a socket that no Listen names: nobody accepts from it", "address", addr.String())
		}
	}
}

// close closes what was passed; it stays open in the service manager.
func (s *sockets) close() {
	s.turnAway()
	s.refuse()
	for addr, fd := range s.passed {
		_ = unix.Close(fd)
		delete(s.passed, addr)
	}
}

// of are the descriptors for a child in that bucket: one of each address, or
// with perThread as many as it has threads. passed tells which a service manager
// has, too.
func (s *sockets) of(g *Group, bucket int) (fds []int, passed []bool) {
	first, n := bucket%g.Buckets, 1
	if g.PerThread {
		first, n = bucket*g.Threads%g.Buckets, g.Threads
	}
	for _, at := range g.places {
		one := s.open[at]
		for _, l := range one.listeners[first : first+n] {
			fds, passed = append(fds, l.FD()), append(passed, one.passed)
		}
	}
	return fds, passed
}

// addresses are those that are listened on, as they are.
func (s *sockets) addresses(plan *Plan) (all []string) {
	for i := range plan.Groups {
		for _, at := range plan.Groups[i].places {
			all = append(all, s.open[at].listeners[0].Addr().String())
		}
	}
	return all
}
