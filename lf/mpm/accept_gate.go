package mpm

import (
	"fmt"
	"log/slog"

	"lflab/lf/sock"
)

// AcceptGate serialises accepting across processes. One thread of each process
// at a time uses it.
type AcceptGate interface {
	// Acquire blocks until the thread holds the gate. When ended reports true
	// before that, an interruption of the thread (thread.Interrupt) ends the
	// wait with an error.
	Acquire(ended func() bool) error

	// Release lets go of it, on the same thread.
	Release()
}

// accept takes a connection for a thread, through the gate if there is one.
func (c *crew) accept(from sock.Acceptor) (fd int, err error) {
	if c.cfg.AcceptGate != nil {
		fd, err = c.acceptGated(from)
	} else {
		fd, err = from.Accept()
	}
	if err == nil {
		c.took()
	}
	return fd, err
}

func (c *crew) acceptGated(from sock.Acceptor) (fd int, err error) {
	if c.ended() {
		return -1, sock.ErrEnded
	}
	if err := c.cfg.AcceptGate.Acquire(c.ended); err != nil {
		if c.ended() {
			return -1, sock.ErrEnded
		}
		slog.Error("cannot pass the accept gate, accepting no more", "mpm", c.name, "error", err)
		c.sick(fmt.Errorf("accept gate: %w", err))
		return -1, sock.ErrEnded
	}
	defer c.cfg.AcceptGate.Release()
	return from.Accept()
}

// oneAccepts refuses a gate for threads that would pass it side by side.
func oneAccepts(cfg Config, name string, accepting int) error {
	if cfg.AcceptGate != nil && accepting > 1 {
		return fmt.Errorf("mpm %s: an accept gate is for one thread of each process, and %d would be there", name, accepting)
	}
	return nil
}
