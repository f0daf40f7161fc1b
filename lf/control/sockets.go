package control

import (
	"errors"
	"fmt"
	"log/slog"
	"net/netip"

	"golang.org/x/sys/unix"

	"lflab/lf/sock"
)

// sockets are the listening sockets of a server. They are opened once and kept
// as long as a configuration names them: what is in their queues survives
// every restart.
type sockets struct {
	open   map[string]*socket
	passed map[netip.AddrPort]int // by a service manager, and not taken yet
}

// socket is one address of Listen, divided into as many listeners as the group
// has buckets.
type socket struct {
	listeners []*sock.Listener
	passed    bool // a service manager has it, too: it is not ours to shut down
}

// key tells sockets apart. Port 0 is a new port each time it is listed.
func key(group, address string, at int) string {
	return fmt.Sprintf("%s %s %d", group, address, at)
}

// sync opens what plan names and is not open. It returns what it has opened,
// for forget if the plan comes to nothing; the same with an error.
func (s *sockets) sync(plan *Plan) (opened []string, err error) {
	for i := range plan.Groups {
		g := &plan.Groups[i]
		for at, address := range g.Server.Listen {
			k := key(g.Name, address, at)
			if s.open[k] != nil {
				continue
			}
			one, err := s.listen(g.Server.socket(address), g.Buckets)
			if err != nil {
				s.forget(opened)
				return nil, fmt.Errorf("directive Listen %s: %w", address, err)
			}
			s.open[k] = one
			opened = append(opened, k)
		}
	}
	return opened, nil
}

func (s *sockets) listen(opt sock.Options, buckets int) (*socket, error) {
	addr, err := sock.ParseAddress(opt.Address)
	if err != nil {
		return nil, err
	}
	if fd, ok := s.passed[netip.AddrPortFrom(addr.Addr().Unmap(), addr.Port())]; ok {
		if buckets > 1 {
			return nil, fmt.Errorf("the service manager has passed one socket, and %d are needed (use another AcceptMutex, and no ListenCoresBucketsRatio)", buckets)
		}
		l, err := sock.Adopt(fd, opt)
		if err != nil {
			return nil, err
		}
		delete(s.passed, netip.AddrPortFrom(addr.Addr().Unmap(), addr.Port()))
		return &socket{listeners: []*sock.Listener{l}, passed: true}, nil
	}
	opt.ReusePort = buckets > 1
	first, err := sock.Listen(opt)
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
	return one, nil
}

// close gives the descriptors back, siblings before the one they come from.
// Children that have them go on listening.
func (s *socket) close() (err error) {
	for i := len(s.listeners) - 1; i >= 0; i-- {
		err = errors.Join(err, s.listeners[i].Close())
	}
	return err
}

// forget closes sockets that nobody has accepted from.
func (s *sockets) forget(keys []string) {
	for _, k := range keys {
		if err := s.open[k].close(); err != nil {
			slog.Warn("cannot close a socket", "error", err)
		}
		delete(s.open, k)
	}
}

// prune closes what plan does not name. Children that still have it leave it
// with the generation that they belong to.
func (s *sockets) prune(plan *Plan) {
	named := map[string]bool{}
	for i := range plan.Groups {
		for at, address := range plan.Groups[i].Server.Listen {
			named[key(plan.Groups[i].Name, address, at)] = true
		}
	}
	for k, one := range s.open {
		if !named[k] {
			if err := one.close(); err != nil {
				slog.Warn("cannot close a socket", "error", err)
			}
			delete(s.open, k)
		}
	}
}

// refuse ends listening for all processes at once. What a service manager has
// passed goes on: it queues connections for the server's next start.
func (s *sockets) refuse() {
	for k, one := range s.open {
		if !one.passed {
			one.listeners[0].Shutdown() // and its siblings
		}
		if err := one.close(); err != nil {
			slog.Warn("cannot close a socket", "error", err)
		}
		delete(s.open, k)
	}
}

// leftOver warns of sockets that were passed and that nothing listens on.
func (s *sockets) leftOver() {
	for addr, fd := range s.passed {
		slog.Warn("the service manager has passed a socket that no Listen names: it is closed", "address", addr.String())
		_ = unix.Close(fd) // it stays open there
		delete(s.passed, addr)
	}
}

// of are the descriptors for a child in that bucket: one of each address, or
// with perThread as many as it has threads.
func (s *sockets) of(g *Group, bucket int) (fds []int) {
	first, n := bucket%g.Buckets, 1
	if g.PerThread {
		first, n = bucket*g.Threads%g.Buckets, g.Threads
	}
	for at, address := range g.Server.Listen {
		for _, l := range s.open[key(g.Name, address, at)].listeners[first : first+n] {
			fds = append(fds, l.FD())
		}
	}
	return fds
}

// addresses are those that are listened on, as they are.
func (s *sockets) addresses(plan *Plan) (all []string) {
	for i := range plan.Groups {
		for at, address := range plan.Groups[i].Server.Listen {
			all = append(all, s.open[key(plan.Groups[i].Name, address, at)].listeners[0].Addr().String())
		}
	}
	return all
}
