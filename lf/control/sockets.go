package control

import (
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"

	"lflab/lf/control/manager"
	"lflab/lf/httpd"
	"lflab/lf/mpm"
	"lflab/lf/sock"
)

// sockets holds the listening sockets of a server. A socket stays open as long
// as the configuration names its address, in any spelling and section, so the
// connections in its queue survive every restart.
type sockets struct {
	open   map[place]*socket
	passed map[netip.AddrPort]int // descriptors from a service manager
}

// place is an address to listen on. nth tells apart repetitions of an address
// with port 0, each of which gets a port of its own.
type place struct {
	addr netip.AddrPort
	nth  int
}

// socket holds the listeners of one address, one for each bucket of the group.
type socket struct {
	listeners []*sock.Listener
	passed    bool // a service manager has it, too, so it must not be shut down
}

// resolve sets the places of all groups from their Listen addresses. It returns
// an error for an address that is wrong or listed twice.
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
				return fmt.Errorf("directive Listen %s: this address was listed before (it can be opened once)", address)
			}
			times[at.addr]++
			g.places = append(g.places, at)
		}
	}
	return nil
}

// names reports whether the plan listens at that place.
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

// sync opens the sockets that plan names and that are not open. It returns
// them, so that forget can close them if the plan is given up. On an error it
// closes them itself.
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
					return nil, fmt.Errorf("directive Listen %s: the address has %d sockets instead of %d: connections queued in surplus sockets would be lost (stop the server and start it)", address, len(had.listeners), g.Buckets)
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
			return nil, tooFewPassed(buckets)
		}
		// The original descriptor stays open. It is needed if a restart removes
		// the address and a later one adds it again.
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
	// The address may replace one that it overlaps with, as *:80 replaces
	// 127.0.0.1:80. Both listen until the old one is closed.
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

// listenSoon listens on an address. For up to a second it tries again while the
// address is in use, because children may still empty the queue of a listener
// that was closed a moment ago.
func listenSoon(opt sock.Options) (l *sock.Listener, err error) {
	for range 20 {
		if l, err = sock.Listen(opt); !errors.Is(err, unix.EADDRINUSE) {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	return l, err
}

// yielding returns the listeners on the same port that the plan does not name,
// without those from a service manager.
func (s *sockets) yielding(plan *Plan, at place) (all []*sock.Listener) {
	for other, one := range s.open {
		if other.addr.Port() == at.addr.Port() && at.addr.Port() != 0 && !plan.names(other) && !one.passed {
			all = append(all, one.listeners...)
		}
	}
	return all
}

// close closes the descriptors, siblings before the listener that they were
// made from. Children that have copies go on listening.
func (s *socket) close() (err error) {
	for i := len(s.listeners) - 1; i >= 0; i-- {
		err = errors.Join(err, s.listeners[i].Close())
	}
	return err
}

// forget closes sockets of a plan that was given up. Connections in their
// queues are answered that the server ends.
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

// prune closes the sockets that plan does not name. The old children still have
// them, and serve the connections in their queues before they end.
func (s *sockets) prune(plan *Plan) {
	for at, one := range s.open {
		if !plan.names(at) {
			one.holdOff()
			s.drop(at)
		}
	}
}

// holdOff makes the kernel refuse new connections. Sockets from a service
// manager go on queueing them, for the server's next start.
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

// empty reports whether no connection waits in the queues, or may still come.
// since is the time since holdOff.
func (s *sockets) empty(since time.Duration) bool {
	for _, one := range s.open {
		if !one.passed && sock.Waiting(one.listeners[:1], since) {
			return false
		}
	}
	return true
}

// turnAway answers the connections in the queues that the server ends, and
// closes them.
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

// refuse shuts the listeners down for all processes at once, and closes them.
// Those from a service manager are only closed.
func (s *sockets) refuse() {
	for at, one := range s.open {
		if !one.passed {
			one.listeners[0].Shutdown() // and its siblings
		}
		s.drop(at)
	}
}

// leftOver logs a warning for each passed socket that no Listen names.
func (s *sockets) leftOver() {
	for addr := range s.passed {
		taken := false
		for at := range s.open {
			taken = taken || at.addr == addr
		}
		if !taken {
			warnUnnamed(addr)
		}
	}
}

func warnUnnamed(addr netip.AddrPort) {
	slog.Warn("the service manager has passed a socket that no Listen names: nobody accepts from it", "address", addr.String())
}

func tooFewPassed(needed int) error {
	return fmt.Errorf("the service manager has passed one socket, and %d are needed (use another AcceptMutex, and no ListenCoresBucketsRatio; mpm percore needs one for each thread, so let it open its own)", needed)
}

// listenAlone opens the listeners of a server of one process. It takes those
// that a service manager has passed, and warns of passed ones that no address
// names.
func listenAlone(cfg *Config, kind mpm.Kind) (listeners []*sock.Listener, err error) {
	passed, err := manager.PassedSockets()
	if err != nil {
		return nil, err
	}
	defer func() {
		for addr, fd := range passed {
			if err == nil {
				warnUnnamed(addr)
			}
			_ = unix.Close(fd) // the service manager keeps it
		}
		if err != nil {
			err = errors.Join(err, closeAll(listeners))
		}
	}()
	plan := Plan{Groups: []Group{{Server: *cfg, places: make([]place, len(cfg.Listen))}}}
	if err = plan.enoughFiles(true); err != nil {
		return nil, err
	}
	for _, address := range cfg.Listen {
		opt := cfg.socket(address)
		opt.ReusePort = kind.ReusePort
		var at netip.AddrPort
		if at, err = sock.ParseAddress(address); err != nil {
			return listeners, err
		}
		at = netip.AddrPortFrom(at.Addr().Unmap(), at.Port())
		fd, ok := passed[at]
		var l *sock.Listener
		switch {
		case ok && kind.ReusePort && cfg.Threads > 1:
			err = fmt.Errorf("listen on %s: %w", address, tooFewPassed(cfg.Threads))
		case ok:
			if l, err = sock.Adopt(fd, opt); err == nil {
				delete(passed, at)
			}
		default:
			l, err = sock.Listen(opt)
		}
		if err != nil {
			return listeners, err
		}
		listeners = append(listeners, l)
	}
	return listeners, nil
}

// close turns waiting connections away and closes all descriptors. Passed
// sockets stay open in the service manager.
func (s *sockets) close() {
	s.turnAway()
	s.refuse()
	for addr, fd := range s.passed {
		_ = unix.Close(fd)
		delete(s.passed, addr)
	}
}

// of returns the descriptors for a child in that bucket: one for each address,
// or with PerThread one for each address and thread. passed tells which of them
// a service manager has, too.
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

// addresses returns the addresses of the listeners, with the ports that the
// kernel chose.
func (s *sockets) addresses(plan *Plan) (all []string) {
	for i := range plan.Groups {
		for _, at := range plan.Groups[i].places {
			all = append(all, s.open[at].listeners[0].Addr().String())
		}
	}
	return all
}
