package process

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"time"
)

// Process is a running program with all that it started.
type Process struct {
	argv   []string
	pid    int
	keeper *keeper
	out    *head
	errs   *tail
	ended  chan struct{} // closed when nothing of the program is left; cpu, left and lost are set then
	cpu    time.Duration
	left   []int // processes that could not be ended
	lost   error // the keeper ended; how the program ended is unknown

	mu     sync.Mutex
	status string // how the started program ended, as in "exit status 0"; empty before
}

const fine = "exit status 0"

// Start runs argv with the environment of this process and an empty standard
// input. When the program ends, all that it started is ended too. When this
// process ends, in whatever way, so does the program.
//
// The program and all it starts run on the named CPUs or, if none is named, on
// all CPUs of this process.
func Start(argv []string, cpus ...int) (*Process, error) {
	return start(order{Argv: argv, CPUs: cpus})
}

// StartHeld is Start for a program that waits before its first instruction
// until Go lets it run, so that a probe can be attached first, however short
// the program is. Where no program may be traced (ptrace), it starts at once.
func StartHeld(argv []string, cpus ...int) (*Process, error) {
	return start(order{Argv: argv, CPUs: cpus, Held: true})
}

// Go lets a held program run. It does nothing for one that runs.
func (p *Process) Go() { _ = p.keeper.conn.send(order{Go: true}) } // if the keeper is gone, so is the program

// StartServer is Start for a program that may move into the background: if it
// ends without failure and leaves processes behind, these go on as the program.
func StartServer(argv []string, cpus ...int) (*Process, error) {
	return start(order{Argv: argv, CPUs: cpus, Background: true})
}

func start(o order) (*Process, error) {
	argv := o.Argv
	if len(argv) == 0 {
		return nil, errors.New("start a program: no command")
	}
	k, err := hire()
	if err != nil {
		return nil, err
	}
	p := &Process{argv: argv, keeper: k, out: newHead(), errs: &tail{}, ended: make(chan struct{})}
	outputs, copied, err := p.outputs()
	if err != nil {
		k.release(true)
		return nil, fmt.Errorf("start %s: %w", argv[0], err)
	}
	err = k.start(o, p, outputs[0], outputs[1])
	for _, f := range outputs {
		f.Close()
	}
	if err != nil {
		k.release(false) // a bad keeper may have caused the error
		return nil, err
	}
	keepers.Lock()
	keepers.running = append(keepers.running, p)
	keepers.Unlock()
	go p.attend(copied)
	return p, nil
}

// outputs returns the program's ends of its standard output and error. It reads
// them until the program and all that it started have closed them, or for one
// more second after copied is called.
func (p *Process) outputs() (ends [2]*os.File, copied func(), err error) {
	var readers []*os.File
	var reading sync.WaitGroup
	for i, to := range []io.Writer{p.out, p.errs} {
		r, w, err := os.Pipe()
		if err != nil {
			for _, f := range append(readers, ends[:i]...) {
				f.Close()
			}
			return ends, nil, err
		}
		readers, ends[i] = append(readers, r), w
		reading.Go(func() { _, _ = io.Copy(to, r) }) // until the end, or the deadline
	}
	return ends, func() {
		for _, r := range readers {
			_ = r.SetReadDeadline(time.Now().Add(time.Second)) // a process that could not be ended may keep the pipe open
		}
		reading.Wait()
		for _, r := range readers {
			r.Close()
		}
	}, nil
}

// attend reads the keeper's messages until nothing of the program is left.
func (p *Process) attend(copied func()) {
	for {
		var w word
		if _, err := p.keeper.conn.receive(&w); err != nil {
			p.lost = errors.New("was lost: the process that kept it has ended")
			break
		}
		if w.Status != "" {
			p.mu.Lock()
			p.status = w.Status
			p.mu.Unlock()
		}
		if w.Ended {
			p.cpu, p.left = time.Duration(w.CPUNs), w.Left
			break
		}
	}
	copied()
	p.keeper.release(p.lost == nil && len(p.left) == 0)
	keepers.Lock()
	keepers.running = slices.DeleteFunc(keepers.running, func(q *Process) bool { return q == p })
	keepers.Unlock()
	close(p.ended)
}

// PID returns the process id of the started program.
func (p *Process) PID() int { return p.pid }

// Root returns the process id of the keeper, below which the whole program
// runs. Meter and Census take it as their root.
func (p *Process) Root() int { return p.keeper.pid }

// CPU returns the CPU time of the program and all it started, after the end.
func (p *Process) CPU() time.Duration { return p.cpu }

// Ended returns a channel that is closed when nothing of the program is left.
func (p *Process) Ended() <-chan struct{} { return p.ended }

// result returns how the started program ended, or "" if it has not.
func (p *Process) result() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.status
}

// FirstLine waits for the first line of the program's standard output. It fails
// if the program ends or timeout passes before.
func (p *Process) FirstLine(ctx context.Context, timeout time.Duration) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	select {
	case <-p.out.done:
		return p.out.line(), nil
	case <-p.ended:
		select {
		case <-p.out.done: // both happened
			return p.out.line(), nil
		default:
			return "", p.endedBefore("it wrote a line")
		}
	case <-ctx.Done():
		return "", p.fault(fmt.Sprintf("wrote no line within %v", timeout))
	}
}

// Accepting waits until the program accepts connections on address. The attempt
// that succeeds opens one connection and closes it at once.
func (p *Process) Accepting(ctx context.Context, address string, timeout time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	var dialer net.Dialer
	for pause := time.Millisecond; ; pause = min(2*pause, 50*time.Millisecond) {
		conn, err := dialer.DialContext(ctx, "tcp", address)
		if err == nil {
			conn.Close()
			return p.owns(address)
		}
		select {
		case <-p.ended:
			return p.endedBefore("it listened on " + address)
		case <-ctx.Done():
			return p.fault(fmt.Sprintf("was started but does not listen on %s after %v; %s", address, timeout, p.listens()))
		case <-time.After(pause):
		}
	}
}

// Wait waits for a program that ends by itself and returns the first 4 KiB of
// its standard output. If ctx ends first, Wait kills the program.
func (p *Process) Wait(ctx context.Context) (string, error) {
	select {
	case <-p.ended:
	case <-ctx.Done():
		p.Kill()
		return "", p.fault("was stopped: " + context.Cause(ctx).Error())
	}
	if err := p.verdict(); err != nil {
		return "", err
	}
	return p.out.String(), nil
}

// verdict returns an error if the program did not end as it should.
func (p *Process) verdict() error {
	switch {
	case p.lost != nil:
		return p.fault(p.lost.Error())
	case len(p.left) > 0:
		return p.fault(fmt.Sprintf("left processes that could not be ended: %v (do they run as another user?)", p.left))
	case p.result() != fine:
		return p.fault("ended with " + p.result())
	}
	return nil
}

// Stop asks the program to end (SIGTERM) and kills it after grace. It returns
// an error if the program had to be killed, had ended before, or ended with a
// failure. Death by SIGTERM itself is no failure.
func (p *Process) Stop(grace time.Duration) error {
	select {
	case <-p.ended:
		return p.EndedEarly()
	default:
	}
	_ = p.keeper.conn.send(order{Term: true}) // may fail because the program is ending
	select {
	case <-p.ended:
	case <-time.After(grace):
		over := p.result()
		p.Kill()
		if over == "" {
			return errors.Join(p.fault(fmt.Sprintf("did not end within %v of SIGTERM and was killed", grace)), p.leftBehind())
		}
	}
	if p.result() == "signal SIGTERM" {
		return p.leftBehind()
	}
	return p.verdict()
}

func (p *Process) leftBehind() error {
	if len(p.left) == 0 {
		return nil
	}
	return p.verdict()
}

// EndedEarly says how a program ended that should have gone on.
func (p *Process) EndedEarly() error {
	return p.fault(fmt.Sprintf("ended by itself (%s)", p.result()))
}

func (p *Process) endedBefore(what string) error {
	if p.lost != nil {
		return p.fault(p.lost.Error())
	}
	return p.fault(fmt.Sprintf("ended (%s) before %s", p.result(), what))
}

// Kill ends the program and all it started, and waits until they have ended.
func (p *Process) Kill() {
	select {
	case <-p.ended:
		return
	default:
	}
	_ = p.keeper.conn.send(order{Kill: true}) // may fail because the program is ending
	<-p.ended
}

// fault says what was wrong and how the program's standard error ends.
func (p *Process) fault(what string) error {
	text := strings.TrimSpace(p.errs.String())
	if text == "" {
		return fmt.Errorf("%s %s (it wrote no error)", p.argv[0], what)
	}
	return fmt.Errorf("%s %s; its standard error ends: %s", p.argv[0], what, text)
}

// FreePort returns a TCP port of 127.0.0.1 on which nobody listens. Another
// process may take it before the caller does.
func FreePort() (int, error) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}
