package control

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"lflab/lf/mpm"
	"lflab/lf/scoreboard"
	"lflab/lf/serve"
	"lflab/lf/sock"
	"lflab/sync/gate"
)

// A child exits with one of these statuses.
const (
	childDone  = 0  // it was told to end, or has served its connections
	childSick  = 7  // it lacks descriptors or memory: start others slowly
	childFatal = 15 // it cannot serve, and another child could not either
)

// The parent sends commands of one byte to a child.
const (
	finish = 'g' // leave the listeners, finish the connections, end
	cut    = 'c' // the same, but end connections now
	look   = 'l' // look for connections that a child which left was told of
)

// second is the command that listen generates once a second.
const second = 0

// A child sends these lines to its parent. The reason follows failedLine.
const (
	readyLine  = "ready"
	spentLine  = "spent" // it accepts no more connections, and finishes
	leftLine   = "left"  // it may have been told of a connection that it leaves
	failedLine = "failed "
)

// legacyFD is the descriptor from which a child reads its legacy.
const legacyFD = 3

// legacy passes the configuration and the numbers of inherited descriptors from
// the parent to a child.
type legacy struct {
	Slot       int
	Generation uint32
	Config     Config
	Board      int // descriptor of the scoreboard
	Pipe       int // descriptor of the socket to the parent
	First      int // descriptor of the first listener
	Listeners  int
	Gate       *gateLegacy
	Most       uint64 // connections before the child ends; 0 is no limit
	Dir        string // working directory, for core dumps
	Dumpable   bool
	Grace      time.Duration // to finish connections if the parent has died
	Joins      bool          // children of the group have served before
	Passed     []bool        // by listener: a service manager has it, too
}

// gateLegacy tells how to open the accept gate. Its N descriptors begin at
// First.
type gateLegacy struct {
	Passport gate.Passport
	First, N int
}

// Child runs a child process and returns its exit status. It needs the
// descriptors that a Parent passes to the processes that it starts.
func Child() int {
	var l legacy
	if err := inherit(&l); err != nil {
		fmt.Fprintf(os.Stderr, "lflab: this command is for the control process, which starts children with it: %v\n", err)
		return childFatal
	}
	unix.CloseOnExec(l.Pipe)
	rename(childName)
	c := &child{legacy: l, ended: make(chan int, 4)}
	if err := c.begin(); err != nil {
		c.tell(failedLine + strings.ReplaceAll(err.Error(), "\n", "; "))
		if passing(err) {
			return childSick
		}
		return childFatal
	}
	return c.live()
}

// childName is the name that ps shows for a child. Without it ps would show
// "exe", because the parent executes /proc/self/exe.
const childName = "lflab-child"

// rename sets the name of the process that ps shows. It avoids package os,
// whose files may start the runtime's network poller (see listen).
func rename(name string) {
	fd, err := unix.Open("/proc/self/comm", unix.O_WRONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return // without /proc, ps cannot read the name either
	}
	_, _ = unix.Write(fd, []byte(name))
	_ = unix.Close(fd)
}

// passing reports whether an error at the start is a shortage that may pass.
func passing(err error) bool {
	for _, shortage := range []error{unix.EMFILE, unix.ENFILE, unix.ENOMEM, unix.ENOBUFS, unix.EAGAIN, unix.ENOSPC} {
		if errors.Is(err, shortage) {
			return true
		}
	}
	return false
}

// inherit reads the legacy from legacyFD.
func inherit(l *legacy) error {
	unix.CloseOnExec(legacyFD)
	f := os.NewFile(legacyFD, "legacy")
	if f == nil {
		return fmt.Errorf("descriptor %d is not open", legacyFD)
	}
	defer f.Close()
	text, err := io.ReadAll(io.NewSectionReader(f, 0, 1<<24))
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, l); err != nil {
		return fmt.Errorf("read the legacy from descriptor %d: %w", legacyFD, err)
	}
	return nil
}

// child is the state of this child process.
type child struct {
	legacy
	board  *scoreboard.Board
	slot   *scoreboard.Process
	show   *scoreboard.Publisher
	gate   *gate.Shared
	server *Server
	ended  chan int // exit statuses, from threads that end the child

	listener bool // thread 0 only listens (mpm.Kind.ListenerSeat)
}

// begin opens what the child inherits, starts serving, and tells the parent.
func (c *child) begin() (err error) {
	// The terminal sends Ctrl-C to all processes, and users may signal the
	// wrong one. Only the parent acts on these signals.
	signal.Ignore(unix.SIGINT, unix.SIGHUP, unix.SIGUSR1, unix.SIGUSR2, unix.SIGWINCH, unix.SIGPIPE)
	if err := c.settle(); err != nil {
		return err
	}
	if c.board, err = scoreboard.Open(c.Board); err != nil {
		return err
	}
	c.slot = c.board.Slot(c.Slot)
	c.show = scoreboard.NewPublisher(c.slot)
	kind, err := mpm.Lookup(c.Config.MPM)
	if err != nil {
		return err
	}
	c.listener = kind.ListenerSeat
	p := parts{before: c.Slot * c.Config.Threads, row: c.row, most: c.Most, spent: c.spent, left: c.left, short: c.short, status: c.status}
	for fd := c.First; fd < c.First+c.Listeners; fd++ {
		l, err := sock.Adopt(fd, c.Config.socket(""))
		if err != nil {
			return err
		}
		p.listeners = append(p.listeners, l)
	}
	if g := c.Gate; g != nil {
		fds := make([]int, g.N)
		for i := range fds {
			fds[i] = g.First + i
		}
		if c.gate, err = gate.OpenShared(g.Passport, fds); err != nil {
			return err
		}
		p.gate = c.gate
	}
	// If children have served, a missing DocumentRoot may come back.
	c.Config.HTTP.DocRootMayBeAway = c.Joins
	if c.server, err = assemble(c.Config, p); err != nil {
		return err
	}
	if err := c.server.Start(); err != nil {
		return err
	}
	c.tell(readyLine)
	return nil
}

// settle enters the working directory and allows core dumps, as configured.
func (c *child) settle() error {
	if c.Dir != "" {
		if err := os.Chdir(c.Dir); err != nil {
			return fmt.Errorf("CoreDumpDirectory: %w", err)
		}
	}
	if c.Dumpable {
		// Execution as another user has cleared this attribute.
		if err := unix.Prctl(unix.PR_SET_DUMPABLE, 1, 0, 0, 0); err != nil {
			return fmt.Errorf("CoreDumpDirectory: allow core dumps: %w", err)
		}
	}
	return nil
}

// live obeys the parent and SIGTERM until the child has ended. It returns the
// exit status.
func (c *child) live() int {
	terms := make(chan os.Signal, 4)
	signal.Notify(terms, unix.SIGTERM)
	commands := make(chan byte)
	go c.listen(commands)
	drained := make(chan struct{})
	status, leaving := childDone, false
	leave := func(grace time.Duration) {
		if leaving {
			return
		}
		leaving = true
		c.server.mpm.Drain()
		go func() {
			c.server.mpm.Wait()
			close(drained)
		}()
		if grace > 0 {
			c.server.reserve.open()
			time.AfterFunc(grace, c.server.mpm.Cut)
		}
	}
	var overdue <-chan time.Time
	end := func() {
		leave(0)
		c.server.mpm.Cut()
		if overdue == nil {
			c.server.reserve.open()
			overdue = time.After(cutPatience) // a handler may still run: it is abandoned
		}
	}
	for {
		select {
		case <-drained:
			c.publish()
			return c.close(status)
		case <-overdue:
			return status
		case why := <-c.ended:
			status = why
			leave(0)
		case <-terms:
			end()
		case b, ok := <-commands:
			switch {
			case !ok: // the parent has died, so nobody else would end this child
				commands = nil
				if !leaving {
					slog.Warn("the control process has died: finishing", "grace", c.Grace)
					c.inheritGate()
					c.holdOff()
				}
				leave(c.Grace)
			case b == second:
				c.publish()
			case b == finish:
				leave(0)
			case b == cut:
				end()
			case b == look:
				c.server.mpm.Look()
			}
		}
	}
}

// cutPatience is the time that threads have to end after their connections were
// cut.
const cutPatience = 500 * time.Millisecond

// listen passes on the parent's commands until the parent has died. After each
// second without one it sends second. It blocks in poll(2), because a timer or
// file of the Go runtime would start its network poller, and one more thread
// would wait in epoll_wait beside those that are measured.
func (c *child) listen(commands chan<- byte) {
	defer close(commands)
	pipe := []unix.PollFd{{Fd: int32(c.Pipe), Events: unix.POLLIN}}
	for {
		switch n, err := unix.Poll(pipe, int(time.Second/time.Millisecond)); {
		case err == unix.EINTR:
			continue
		case err != nil:
			return
		case n == 0:
			commands <- second
			continue
		}
		var b [1]byte
		if n, err := unix.Read(c.Pipe, b[:]); err != nil || n == 0 {
			return
		}
		commands <- b[0]
	}
}

// tell writes a line to the parent. It ignores errors, because listen notices
// if the parent has died.
func (c *child) tell(line string) { _, _ = unix.Write(c.Pipe, []byte(line+"\n")) }

// row returns thread id's row in the scoreboard. A thread that only listens has
// none, as in Apache, because it is no worker.
func (c *child) row(id int) *serve.Row {
	if c.listener {
		id--
	}
	if id < 0 || id >= c.board.Rows() {
		return nil
	}
	return c.board.Row(c.Slot, id)
}

// spent ends the child after its last connection. Any thread may call it.
func (c *child) spent() {
	c.tell(spentLine)
	c.ended <- childDone
}

// left tells the parent that the child no longer waits for connections. Any
// thread may call it.
func (c *child) left() { c.tell(leftLine) }

// short ends the child after all attempts to accept have failed for a second.
// Any thread may call it.
func (c *child) short(err error) {
	slog.Warn("short of descriptors or memory for a second: this child ends", "error", err)
	c.tell(spentLine)
	c.ended <- childSick
}

// status returns the status of the whole server.
func (c *child) status() serve.Status {
	c.publish()
	return c.board.Status()
}

// holdOff makes the kernel refuse new connections, so that the child empties
// the queues before it leaves them. The parent is dead, so nobody else would.
// Listeners that a service manager has are left alone.
func (c *child) holdOff() {
	for i, l := range c.server.listeners {
		if !c.Passed[i] {
			l.HoldOff()
		}
	}
}

// inheritGate removes the accept gate, because the parent died without doing
// so.
func (c *child) inheritGate() {
	if c.gate == nil {
		return
	}
	if err := c.gate.Orphaned(); err != nil {
		slog.Warn("cannot remove the accept gate that the control process has left", "error", err)
	}
}

func (c *child) publish() { c.show.Publish(c.server.mpm.Status()) }

func (c *child) close(status int) int {
	err := c.server.close()
	if c.gate != nil {
		err = errors.Join(err, c.gate.Close())
	}
	if err != nil {
		slog.Warn("cannot free all resources of the child", "error", err)
	}
	return status
}
