package control

import (
	"fmt"

	"golang.org/x/sys/unix"

	"lflab/lf/mpm"
)

// files counts the listening sockets of a server, and the descriptors of its
// process that needs most: to serve one connection at a time (least), at most
// for a start (start), and with all children and a connection for each thread
// (most).
type files struct{ sockets, least, start, most int }

// A process has so many descriptors open beside those that files counts.
const (
	aloneLeast  = 12 // one process, with one connection
	parentLeast = 14 // as it starts a child
	childLeast  = 14 // with one connection
	docRootFile = 2  // the directory, and a file that is sent
	parentOwn   = 20 // with some to spare, because a start opens a few briefly
	childOwn    = 24 // the same of a child
)

const raiseFiles = "raise it with ulimit -n, or LimitNOFILE= of systemd"

func (p *Plan) files(alone bool) (n files) {
	start, slots, child, busy, least := 0, 0, 0, 0, 0
	for i := range p.Groups {
		g := &p.Groups[i]
		threads, own, has := g.Server.Threads, len(g.places), len(g.places)*max(1, g.Buckets)
		kind, err := mpm.Lookup(g.Server.MPM)
		if err == nil && kind.ReusePort {
			own = 2 * len(g.places) * threads // with an epoll set for each
			if alone {
				has = len(g.places) * threads
			}
		}
		own += g.Server.sleeping() + 2*max(0, g.Server.Sets-1)
		needs := own + childLeast
		if alone {
			needs = own + aloneLeast
		}
		if g.Server.HTTP.DocRoot != "" {
			needs += docRootFile
		}
		least = max(least, needs)
		if err == nil && kind.AllAccept {
			own += threads
		}
		n.sockets += has
		child, busy = max(child, own+childOwn), max(busy, own+childOwn+threads)
		if !alone {
			start += min(g.Start, g.Children)
			slots += g.slots()
		}
	}
	// Descriptors that the program was started with are open in all processes.
	limit, _ := fileLimit()
	others := inherited(limit)
	defer func() {
		for _, f := range []*int{&n.least, &n.start, &n.most} {
			*f += others
		}
	}()
	if alone {
		n.least, n.start, n.most = least, max(child, least), max(busy, least)
		return n
	}
	n.least = max(least, n.sockets+start+parentLeast)
	n.start = max(parentOwn+n.sockets+start, child)
	n.most = max(parentOwn+n.sockets+slots, busy)
	return n
}

// sleeping counts the descriptors of the primitive that the threads sleep on.
func (c *Config) sleeping() int {
	parker, locked, err := Primitive(c.Primitive, c.Order)
	switch kind, unknown := mpm.Lookup(c.MPM); {
	case err != nil || unknown != nil || !kind.Parks:
		return 0
	case locked != nil:
		return c.Threads*locked.Files + 2 // the two of gate pipe
	}
	return c.Threads * parker.Files
}

// fileLimit returns the limit of descriptors, if it is known. The runtime has
// raised the soft limit to the hard one.
func fileLimit() (limit int, known bool) {
	var l unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &l); err != nil {
		return 0, false
	}
	return int(min(l.Max, 1<<30)), true
}

// inherited counts the descriptors beyond standard error that this process has
// not opened itself, because those are closed on exec. Those at or above the
// limit take no room. It looks at the first 1024, and opens no file, because
// that would start the runtime's poller.
func inherited(limit int) (n int) {
	for fd := 3; fd < min(limit, 1024); fd++ {
		if flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err == nil && flags&unix.FD_CLOEXEC == 0 {
			n++
		}
	}
	return n
}

// tooFew says what is needed instead of a limit below n.least.
func (n files) tooFew() string {
	plural := "sockets"
	if n.sockets == 1 {
		plural = "socket"
	}
	return fmt.Sprintf("is too few open files: each process needs at least %d to serve one connection, with %d listening %s", n.least, n.sockets, plural)
}

// enoughFiles returns an error if the limit of descriptors does not let a server
// of that plan serve a single connection. Without it the server would listen,
// and never accept.
func (p *Plan) enoughFiles(alone bool) error {
	n := p.files(alone)
	if have, known := fileLimit(); known && have < n.least {
		return fmt.Errorf("RLIMIT_NOFILE %d: %s (%s)", have, n.tooFew(), raiseFiles)
	}
	return nil
}
