package gate

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"lflab/sync/block"
)

var pipeKind = Kind{
	Name:   "pipe",
	Doc:    "one byte in a pipe, read to acquire and written back to release, as make -j passes its job tokens: shows what a hand-over through the file layer costs",
	Kernel: "2.6.27",
	New:    newPipe,
}

// pipe is a token that lies in a pipe while no thread holds the gate. The
// kernel first wakes the thread that has waited longest, but the first thread
// to read gets the token. If a process dies while it has the token, the token
// is lost; that matters only where processes share the pipe.
type pipe struct {
	read, write int
	handover
}

// token is the byte in the pipe. Its value has no meaning.
var token = []byte{'t'}

func newPipe(int) (Gate, error) {
	var ends [2]int
	if err := unix.Pipe2(ends[:], unix.O_CLOEXEC); err != nil {
		return nil, fmt.Errorf("make pipe: %w", err)
	}
	p := &pipe{read: ends[0], write: ends[1]}
	p.Release(0)
	return p, nil
}

func (p *pipe) Acquire(int) {
	var taken [1]byte
	for {
		switch n, err := block.Read(p.read, taken[:]); {
		case err == unix.EINTR:
		case err != nil || n != 1:
			panic(fmt.Sprintf("gate pipe: read token from descriptor %d: %d bytes, %v", p.read, n, err))
		default:
			p.in()
			return
		}
	}
}

// Release does not block, because the pipe has room for a page and there is
// only one byte.
func (p *pipe) Release(int) {
	p.out()
	if errno := writeNow(p.write, token); errno != 0 {
		panic(fmt.Sprintf("gate pipe: write token to descriptor %d: %v", p.write, errno))
	}
}

func (p *pipe) Close() error {
	var errs []error
	for _, fd := range []int{p.read, p.write} {
		if err := unix.Close(fd); err != nil {
			errs = append(errs, fmt.Errorf("close descriptor %d of a pipe: %w", fd, err))
		}
	}
	return errors.Join(errs...)
}
