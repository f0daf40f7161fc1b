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

// Exit statuses of a child that its parent reads.
const (
	childDone  = 0  // it was told to end, or has served its connections
	childSick  = 7  // short of descriptors or memory for long: start others slowly
	childFatal = 15 // it cannot serve at all, and another one could not either
)

// What the parent writes to a child, one byte each.
const (
	finish = 'g' // leave the listeners, serve what there is, end
	cut    = 'c' // and end connections now
	look   = 'l' // another child has left or died, perhaps with the news of a connection
)

// second is what a child tells itself once a second.
const second = 0

// What a child writes to its parent, one line each; failed is followed by why.
const (
	readyLine  = "ready"
	spentLine  = "spent" // it has had its connections, and finishes
	leftLine   = "left"  // it waits for no more connections, of which it may have had news
	failedLine = "failed "
)

// legacyFD is the descriptor that a child finds its legacy in.
const legacyFD = 3

// legacy is what a child inherits from its parent: what to serve with, and the
// numbers of descriptors.
type legacy struct {
	Slot       int
	Generation uint32
	Config     Config // what to serve with
	Board      int
	Pipe       int
	First      int // descriptor of the first listener
	Listeners  int
	Gate       *gateLegacy
	Most       uint64 // connections before it retires, 0 for ever
	Dir        string // working directory, for core dumps
	Dumpable   bool
	Grace      time.Duration // for what there is when the parent has died
	Joins      bool          // others of the server serve, or have served
	Passed     []bool        // of the listeners: a service manager has it, too
}

// gateLegacy is the accept gate: how to open it, and its descriptors.
type gateLegacy struct {
	Passport gate.Passport
	First, N int
}

// Child is a child process from beginning to end. It returns its exit status.
// Its parent has started it with descriptors that only a parent can make.
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

// childName is what ps shows of a child; it has been executed by a link that is
// called exe.
const childName = "lflab-child"

// rename names the process. It does not go through package os, see listen.
func rename(name string) {
	fd, err := unix.Open("/proc/self/comm", unix.O_WRONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return // without /proc there is nobody to read it
	}
	_, _ = unix.Write(fd, []byte(name))
	_ = unix.Close(fd)
}

// passing tells whether an error at the beginning may not come again.
func passing(err error) bool {
	for _, shortage := range []error{unix.EMFILE, unix.ENFILE, unix.ENOMEM, unix.ENOBUFS, unix.EAGAIN, unix.ENOSPC} {
		if errors.Is(err, shortage) {
			return true
		}
	}
	return false
}

// inherit reads what the parent has left in legacyFD.
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
		return fmt.Errorf("read what descriptor %d says: %w", legacyFD, err)
	}
	return nil
}

// child is the process's own view.
type child struct {
	legacy
	board  *scoreboard.Board
	slot   *scoreboard.Process
	show   *scoreboard.Publisher
	gate   *gate.Shared
	server *Server
	ended  chan int // status to end with; the first counts

	listener bool // thread 0 is a listener
}

// begin takes up the slot and starts serving.
func (c *child) begin() (err error) {
	// The terminal sends Ctrl-C to all processes, and users send signals to
	// the wrong ones: the parent decides.
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
	// What has been served before may be away for a moment.
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

// settle makes the process what its parent's configuration says.
func (c *child) settle() error {
	if c.Dir != "" {
		if err := os.Chdir(c.Dir); err != nil {
			return fmt.Errorf("CoreDumpDirectory: %w", err)
		}
	}
	if c.Dumpable {
		// Executing as another user has taken it away.
		if err := unix.Prctl(unix.PR_SET_DUMPABLE, 1, 0, 0, 0); err != nil {
			return fmt.Errorf("CoreDumpDirectory: allow core dumps: %w", err)
		}
	}
	return nil
}

// live waits for the end, and brings it about.
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
			overdue = time.After(cutPatience) // a handler may still be working: it is abandoned
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
			case !ok: // the parent is gone: nobody can restart this child, and nobody else would end it
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

// cutPatience is how long threads have to leave once their connections have
// been cut.
const cutPatience = 500 * time.Millisecond

// listen reads commands until the parent ends, and says second once a second. The
// thread blocks in poll(2): a timer or a file of the Go runtime's would start
// its network poller, one more thread that waits in epoll_wait beside those
// that are measured.
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

// tell writes a line to the parent. If that has died, listen notices.
func (c *child) tell(line string) { _, _ = unix.Write(c.Pipe, []byte(line+"\n")) }

// row is thread id's row on the board. A listener thread that serves nothing
// has none, as in Apache: it is no worker.
func (c *child) row(id int) *serve.Row {
	if c.listener {
		id--
	}
	if id < 0 || id >= c.board.Rows() {
		return nil
	}
	return c.board.Row(c.Slot, id)
}

// spent is called by any thread once the child has had its connections.
func (c *child) spent() {
	c.tell(spentLine)
	c.ended <- childDone
}

// left is called by any thread when the child waits for no more connections.
func (c *child) left() { c.tell(leftLine) }

// short is called by any thread when nothing could be accepted for a second.
func (c *child) short(err error) {
	slog.Warn("short of descriptors or memory for a second: this child ends", "error", err)
	c.tell(spentLine)
	c.ended <- childSick
}

// status is that of the whole server.
func (c *child) status() serve.Status {
	c.publish()
	return c.board.Status()
}

// holdOff has the queues of the listeners emptied before they are left, because
// nobody else will accept from them.
func (c *child) holdOff() {
	for i, l := range c.server.listeners {
		if !c.Passed[i] {
			l.HoldOff()
		}
	}
}

// inheritGate removes what a parent that was killed could not.
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
		slog.Warn("child ends untidily", "error", err)
	}
	return status
}
