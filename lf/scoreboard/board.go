package scoreboard

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"lflab/lf/flight"
	"lflab/lf/serve"
)

// memoryName is the name that /proc shows for a board without a file.
const memoryName = "lflab-scoreboard"

var (
	// ErrNotBoard is returned for a file that is no scoreboard, or a scoreboard
	// of another version.
	ErrNotBoard = errors.New("not a scoreboard of this program")
	// ErrInUse is returned by Create if a running server has the file.
	ErrInUse = errors.New("a running server uses that scoreboard")
)

// Board is a mapped scoreboard. Any goroutine may call its methods until Close.
type Board struct {
	file      *os.File
	created   string // the path that Close removes
	mapped    []byte
	writable  bool
	header    *Header
	processes []Process
	rows      []serve.Row
	perSlot   int
}

// Create makes a board for slots processes of rows threads each, all of them
// dead. Only the parent calls it. If file is empty the board is an unnamed
// memory file. Otherwise Create makes the file with mode 0600. It must not
// exist, but Create replaces a board that a killed server left there.
func Create(slots, rows int, file string) (*Board, error) {
	size, err := sizeOf(slots, rows)
	if err != nil {
		return nil, err
	}
	f, err := newFile(file)
	if err != nil {
		return nil, err
	}
	b, err := fill(f, slots, rows, size)
	if err != nil {
		err = errors.Join(fmt.Errorf("create a scoreboard of %d slots with %d rows, %d bytes: %w", slots, rows, size, err), f.Close())
		if file != "" {
			err = errors.Join(err, os.Remove(file))
		}
		return nil, err
	}
	b.created = file
	return b, nil
}

func newFile(path string) (*os.File, error) {
	if path == "" {
		fd, err := unix.MemfdCreate(memoryName, unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
		if err != nil {
			return nil, fmt.Errorf("create memory for the scoreboard: %w", err)
		}
		return os.NewFile(uintptr(fd), memoryName), nil
	}
	f, err := createFile(path)
	if errors.Is(err, fs.ErrExist) {
		if err = removeStale(path); err == nil {
			f, err = createFile(path)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("create the scoreboard's file: %w", err)
	}
	return f, nil
}

func createFile(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
}

// removeStale removes the board of a server that no longer runs. It removes
// nothing else.
func removeStale(path string) error {
	old, err := OpenFile(path)
	if err != nil {
		return fmt.Errorf("%w (remove the file or name another one)", err)
	}
	pid, alive := old.header.ParentPID.Load(), old.Alive()
	if err := old.Close(); err != nil {
		return err
	}
	if alive {
		return fmt.Errorf("%s: %w (process %d)", path, ErrInUse, pid)
	}
	return os.Remove(path)
}

// fill turns an empty file into a board. It writes the magic number last, so
// that readers refuse the file until it is complete.
func fill(f *os.File, slots, rows int, size int64) (*Board, error) {
	if err := f.Truncate(size); err != nil {
		return nil, err
	}
	if f.Name() == memoryName {
		// Children map this memory. Seal its size, so that none can remove
		// pages that others use.
		if _, err := unix.FcntlInt(f.Fd(), unix.F_ADD_SEALS, unix.F_SEAL_SHRINK|unix.F_SEAL_GROW|unix.F_SEAL_SEAL); err != nil {
			return nil, fmt.Errorf("seal the scoreboard: %w", err)
		}
	}
	b, err := mapFile(f, size, true)
	if err != nil {
		return nil, err
	}
	b.tables(slots, rows)
	h := b.header
	h.version.Store(version)
	h.slots.Store(uint64(slots))
	h.rows.Store(uint64(rows))
	h.ServerLimit.Store(uint32(slots))
	h.ThreadLimit.Store(uint32(rows))
	h.ParentPID.Store(int32(os.Getpid()))
	h.parentStart.Store(startTicks(os.Getpid()))
	now := time.Now().UnixNano()
	h.StartedAt.Store(now)
	h.RestartedAt.Store(now)
	h.Started.Store(flight.Now())
	h.magic.Store(magic)
	return b, nil
}

// Open maps the board behind the descriptor that a child inherited. The board
// owns the descriptor from then on.
func Open(fd int) (*Board, error) {
	unix.CloseOnExec(fd)
	return open(os.NewFile(uintptr(fd), memoryName), true)
}

// OpenFile maps a board for reading. path is a file, or a descriptor of a
// process in /proc. Writing to such a board kills the program.
func OpenFile(path string) (*Board, error) {
	// The path may be a pipe without a writer. O_NONBLOCK keeps the open from
	// blocking.
	f, err := os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, fmt.Errorf("open the scoreboard: %w", err)
	}
	return open(f, false)
}

func open(f *os.File, writable bool) (*Board, error) {
	b, err := openMapped(f, writable)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", f.Name(), err), f.Close())
	}
	return b, nil
}

// openMapped returns ErrNotBoard for a file that Create has not made.
func openMapped(f *os.File, writable bool) (*Board, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%w: not a regular file (%v)", ErrNotBoard, info.Mode().Type())
	}
	size := info.Size()
	if size < headerSize {
		return nil, fmt.Errorf("%w: %d bytes", ErrNotBoard, size)
	}
	b, err := mapFile(f, size, writable)
	if err != nil {
		return nil, err
	}
	h := b.header
	slots, rows := h.slots.Load(), h.rows.Load()
	switch {
	case h.magic.Load() != magic:
		err = ErrNotBoard
	case h.version.Load() != version:
		err = fmt.Errorf("%w: version %d (want %d)", ErrNotBoard, h.version.Load(), version)
	default:
		if want, e := sizeOf(int(slots), int(rows)); e != nil || want != size {
			err = fmt.Errorf("%w: %d bytes for %d slots with %d rows", ErrNotBoard, size, slots, rows)
		}
	}
	if err != nil {
		return nil, errors.Join(err, unix.Munmap(b.mapped))
	}
	b.tables(int(slots), int(rows))
	return b, nil
}

func mapFile(f *os.File, size int64, writable bool) (*Board, error) {
	protection := unix.PROT_READ
	if writable {
		protection |= unix.PROT_WRITE
	}
	mapped, err := unix.Mmap(int(f.Fd()), 0, int(size), protection, unix.MAP_SHARED|unix.MAP_NORESERVE)
	if err != nil {
		return nil, fmt.Errorf("map the scoreboard, %d bytes: %w", size, err)
	}
	return &Board{file: f, mapped: mapped, writable: writable, header: headerOf(mapped)}, nil
}

func (b *Board) tables(slots, rows int) {
	b.perSlot = rows
	b.processes, b.rows = tablesOf(b.mapped, slots, rows)
}

// File returns the file that children inherit. They pass its descriptor to
// Open.
func (b *Board) File() *os.File { return b.file }

// Header returns the part that describes the whole server.
func (b *Board) Header() *Header { return b.header }

// Slots returns the number of processes that the board has room for.
func (b *Board) Slots() int { return len(b.processes) }

// Rows returns the number of threads per process that the board has room for.
func (b *Board) Rows() int { return b.perSlot }

// Slot returns the slot of process i. It panics if the board has no such slot.
func (b *Board) Slot(i int) *Process { return &b.processes[i] }

// Row returns the row of thread i in a slot. It panics if the board has no such
// row.
func (b *Board) Row(slot, i int) *serve.Row { return &b.rowsOf(slot)[i] }

func (b *Board) rowsOf(slot int) []serve.Row {
	first := slot * b.perSlot
	return b.rows[first : first+b.perSlot : first+b.perSlot]
}

// used returns the rows of a slot that processes have used. It does not touch
// the memory of the others.
func (b *Board) used(slot int) []serve.Row {
	return b.rowsOf(slot)[:min(int(b.processes[slot].Rows.Load()), b.perSlot)]
}

// slotsUsed returns how many slots processes have used.
func (b *Board) slotsUsed() int { return min(int(b.header.Used.Load()), len(b.processes)) }

// Seat prepares a slot for a new process with that number of threads. The
// parent calls it before the process runs, and stores the PID when it knows it.
func (b *Board) Seat(slot, threads int, generation uint32) *Process {
	p := b.Slot(slot)
	if int(b.header.Used.Load()) <= slot {
		b.header.Used.Store(uint32(slot) + 1)
	}
	p.Quiescing.Store(0)
	p.NotAccepting.Store(0)
	p.Generation.Store(generation)
	p.Started.Store(flight.Now())
	p.Threads.Store(uint32(min(threads, b.perSlot)))
	p.Rows.Store(max(p.Rows.Load(), p.Threads.Load()))
	return p
}

// Clear empties a slot after its process has ended: the rows are dead and there
// are no connections. Counters stay. Only the parent calls it, when nothing
// else writes to the slot.
func (b *Board) Clear(slot int) {
	p := b.Slot(slot)
	for i := range b.used(slot) {
		r := b.Row(slot, i)
		r.State.Store(uint32(serve.Dead))
		r.TID.Store(0)
		r.Since.Store(0)
	}
	p.NotAccepting.Store(0)
	p.Connections.Store(0)
	p.Writing.Store(0)
	p.KeepAlive.Store(0)
	p.Closing.Store(0)
	p.Quiescing.Store(0)
	p.PID.Store(0)
}

// Zero sets every counter to 0. The parent calls it when no process runs, as at
// a restart that is not graceful, because a running process would go on from
// its own counts.
func (b *Board) Zero() {
	for slot := range b.slotsUsed() {
		for i := range b.used(slot) {
			r := b.Row(slot, i)
			r.Connections.Store(0)
			r.Requests.Store(0)
			r.Bytes.Store(0)
			r.Handoffs.Store(0)
			r.Busy.Store(0)
		}
		p := b.Slot(slot)
		for i := range p.counters {
			p.counters[i].Store(0)
		}
	}
	b.header.ChildrenUser.Store(0)
	b.header.ChildrenSystem.Store(0)
}

// Alive reports whether the parent that made the board still runs.
func (b *Board) Alive() bool {
	pid := int(b.header.ParentPID.Load())
	start := startTicks(pid)
	return start != 0 && start == b.header.parentStart.Load()
}

// Close unmaps the board and removes the file that Create made. Rows and slots
// must not be used afterwards.
func (b *Board) Close() error {
	err := errors.Join(unix.Munmap(b.mapped), b.file.Close())
	if b.created != "" {
		err = errors.Join(err, os.Remove(b.created))
	}
	if err != nil {
		return fmt.Errorf("close the scoreboard: %w", err)
	}
	return nil
}
