package scoreboard

import "lflab/lf/serve"

// Count counts processes and their threads. A living thread is in exactly one
// of Busy, Graceful and Idle.
type Count struct {
	Processes int // processes that run
	Stopping  int // processes that were told to finish or are of an older generation

	// Idle counts threads that accept connections, or soon will, in processes
	// of the current generation that were not told to finish. It includes those
	// that are Starting. Deaf counts the idle threads whose process accepts no
	// connections now.
	Idle, Starting, Deaf int
	Busy                 int // threads with a connection, in such processes
	Graceful             int // threads of processes that finish

	Connections, Writing, KeepAlive, Closing int // see Process
}

func (c *Count) add(o Count) {
	c.Processes += o.Processes
	c.Stopping += o.Stopping
	c.Idle += o.Idle
	c.Starting += o.Starting
	c.Deaf += o.Deaf
	c.Busy += o.Busy
	c.Graceful += o.Graceful
	c.Connections += o.Connections
	c.Writing += o.Writing
	c.KeepAlive += o.KeepAlive
	c.Closing += o.Closing
}

// Summary counts over the whole board.
type Summary struct {
	Count
	Groups map[uint32]Count // by Process.Group
}

// Stopping reports whether the process in a slot finishes. Its threads count as
// Graceful and show 'G'.
func (b *Board) Stopping(slot int) bool {
	p := b.Slot(slot)
	return p.PID.Load() != 0 && (p.Quiescing.Load() != 0 || p.Generation.Load() != b.header.Generation.Load())
}

// Count counts the process in a slot and its threads. It returns zeros for an
// empty slot.
func (b *Board) Count(slot int) (c Count) {
	p := b.Slot(slot)
	if p.PID.Load() == 0 {
		return c
	}
	stopping, deaf := b.Stopping(slot), p.NotAccepting.Load() != 0
	c.Processes = 1
	if stopping {
		c.Stopping = 1
	}
	rows := b.used(slot)
	for i := range rows {
		state := serve.State(rows[i].State.Load())
		switch {
		case state == serve.Dead:
		case stopping:
			c.Graceful++
		case !state.Idle():
			c.Busy++
		default:
			c.Idle++
			if state == serve.Starting {
				c.Starting++
			}
			if deaf {
				c.Deaf++
			}
		}
	}
	c.Connections = int(p.Connections.Load())
	c.Writing = int(p.Writing.Load())
	c.KeepAlive = int(p.KeepAlive.Load())
	c.Closing = int(p.Closing.Load())
	return c
}

// Summary counts all processes and their threads.
func (b *Board) Summary() Summary {
	s := Summary{Groups: map[uint32]Count{}}
	for slot := range b.slotsUsed() {
		c := b.Count(slot)
		if c.Processes == 0 {
			continue
		}
		s.add(c)
		group := b.Slot(slot).Group.Load()
		of := s.Groups[group]
		of.add(c)
		s.Groups[group] = of
	}
	return s
}
