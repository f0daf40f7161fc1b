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

// Process is one running program and all it starts.
type Process struct {
	argv   []string
	pid    int
	keeper *keeper
	out    *head
	errs   *tail
	ended  chan struct{} // closed when nothing of the program is left and what follows is set
	cpu    time.Duration
	left   []int // processes that could not be ended
	lost   error // of the keeper: how the program ended is not known

	mu     sync.Mutex
	status string // of the program that was started, once it has ended: "exit status 0"
}

const fine = "exit status 0"

// Start runs argv with the environment of this process. The program's standard
// input is empty. When it ends what it has started is ended with it, and when
// this process ends, however that is, so is the program.
//
// The program and all it starts may run on the CPUs named, or on all of this
// process's if none is.
func Start(argv []string, cpus ...int) (*Process, error) {
	return start(argv, false, cpus)
}

// StartServer is Start for a program that may put itself into the background: one
// that ends without a failure and leaves others behind goes on in these.
func StartServer(argv []string, cpus ...int) (*Process, error) {
	return start(argv, true, cpus)
}

func start(argv []string, background bool, cpus []int) (*Process, error) {
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
	err = k.start(p, cpus, background, outputs[0], outputs[1])
	for _, f := range outputs {
		f.Close()
	}
	if err != nil {
		k.release(false) // it may not be the command that was wrong
		return nil, err
	}
	keepers.Lock()
	keepers.running = append(keepers.running, p)
	keepers.Unlock()
	go p.attend(copied)
	return p, nil
}

// outputs are the program's ends of its output and error. What comes is read until
// the program and all it has started have closed them, or copied is called.
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
		reading.Go(func() { _, _ = io.Copy(to, r) }) // until its end, or its deadline
	}
	return ends, func() {
		for _, r := range readers {
			_ = r.SetReadDeadline(time.Now().Add(time.Second)) // for who could not be ended
		}
		reading.Wait()
		for _, r := range readers {
			r.Close()
		}
	}, nil
}

// attend hears what the keeper has to say until nothing of the program is left.
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

// PID is the process id of the program that was started.
func (p *Process) PID() int { return p.pid }

// Root is the process that everything of the program is below, and is no part of
// it itself: where a Meter and a Census begin.
func (p *Process) Root() int { return p.keeper.pid }

// CPU is what the program and all it started used, once it has ended.
func (p *Process) CPU() time.Duration { return p.cpu }

// Ended is closed when nothing of the program is left.
func (p *Process) Ended() <-chan struct{} { return p.ended }

// result is how the program that was started has ended; empty: it has not.
func (p *Process) result() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.status
}

// FirstLine waits for the first line of the program's standard output.
func (p *Process) FirstLine(ctx context.Context, timeout time.Duration) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	select {
	case <-p.out.done:
		return p.out.line(), nil
	case <-p.ended:
		select {
		case <-p.out.done: // both at once
			return p.out.line(), nil
		default:
			return "", p.endedBefore("it wrote a line")
		}
	case <-ctx.Done():
		return "", p.fault(fmt.Sprintf("wrote no line within %v", timeout))
	}
}

// Accepting waits until the program takes connections on address. Each attempt
// that succeeds leaves it one connection that ends at once.
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

// Wait waits for a program that ends by itself and returns the first 4 KiB it
// wrote to its standard output. When ctx ends first the program is killed.
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

// verdict is what is wrong with how the program has ended.
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

// Stop asks the program to end (SIGTERM) and kills it when it has not after
// grace. It returns an error when the program had to be killed, had ended
// before, or ended with a failure. A program that SIGTERM itself ended is fine.
func (p *Process) Stop(grace time.Duration) error {
	select {
	case <-p.ended:
		return p.EndedEarly()
	default:
	}
	_ = p.keeper.conn.send(order{Term: true}) // it may just be ending
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

// EndedEarly says how a program has ended that should not have.
func (p *Process) EndedEarly() error {
	return p.fault(fmt.Sprintf("ended by itself (%s)", p.result()))
}

func (p *Process) endedBefore(what string) error {
	if p.lost != nil {
		return p.fault(p.lost.Error())
	}
	return p.fault(fmt.Sprintf("ended (%s) before %s", p.result(), what))
}

// Kill ends the program and all it started at once, and waits until they have.
func (p *Process) Kill() {
	select {
	case <-p.ended:
		return
	default:
	}
	_ = p.keeper.conn.send(order{Kill: true}) // it may just be ending
	<-p.ended
}

// fault says what was wrong with the program, and how its standard error ended.
func (p *Process) fault(what string) error {
	text := strings.TrimSpace(p.errs.String())
	if text == "" {
		return fmt.Errorf("%s %s (it wrote no error)", p.argv[0], what)
	}
	return fmt.Errorf("%s %s; its standard error ends: %s", p.argv[0], what, text)
}

// FreePort finds a TCP port of 127.0.0.1 that nobody listens on. Somebody may
// take it before it is used.
func FreePort() (int, error) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}
