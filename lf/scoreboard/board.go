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

// memoryName is what /proc shows of a board without a file of its own.
const memoryName = "lflab-scoreboard"

var (
	// ErrNotBoard is what a file is refused with that is no scoreboard, or one
	// of another build of the program.
	ErrNotBoard = errors.New("not a scoreboard of this program")
	// ErrInUse is what Create refuses a file with whose server runs.
	ErrInUse = errors.New("a running server has that scoreboard")
)

// Board is a mapped scoreboard. Its methods may be called by any goroutine
// until Close.
type Board struct {
	file      *os.File
	created   string // the path to remove at Close
	mapped    []byte
	writable  bool
	header    *Header
	processes []Process
	rows      []serve.Row
	perSlot   int
}

// Create makes a board for slots processes of rows threads each, all of them
// dead. It lies in memory that has no name, or in a file of mode 0600, which
// must not exist; one that a server left behind when it was killed is
// replaced. It is for the parent.
func Create(slots, rows int, file string) (*Board, error) {
	size, err := Size(slots, rows)
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

// removeStale removes the board of a server that is gone, and nothing else.
func removeStale(path string) error {
	old, err := OpenFile(path)
	if err != nil {
		return fmt.Errorf("%w; it is left alone (remove it or name another file)", err)
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

// fill makes an empty file a board. The magic number comes last: a reader
// that opens the file meanwhile refuses it.
func fill(f *os.File, slots, rows int, size int64) (*Board, error) {
	if err := f.Truncate(size); err != nil {
		return nil, err
	}
	if f.Name() == memoryName {
		// Children have this memory: none can take pages away from the others.
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

// Open maps the board whose descriptor a child was given. The board owns the
// descriptor from then on.
func Open(fd int) (*Board, error) {
	unix.CloseOnExec(fd)
	return open(os.NewFile(uintptr(fd), memoryName), true)
}

// OpenFile maps a board to read it: a file, or what /proc shows of a
// process's descriptor. Writing to such a board ends the program.
func OpenFile(path string) (*Board, error) {
	// A path may be anything: it must not be a pipe that has no writer yet.
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

// openMapped refuses whatever Create has not made.
func openMapped(f *os.File, writable bool) (*Board, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%w: no regular file (%v)", ErrNotBoard, info.Mode().Type())
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
		if want, e := Size(int(slots), int(rows)); e != nil || want != size {
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

// File is what children are given, to Open.
func (b *Board) File() *os.File { return b.file }

// Header is what holds for the whole server.
func (b *Board) Header() *Header { return b.header }

// Slots is how many processes the board has room for.
func (b *Board) Slots() int { return len(b.processes) }

// Rows is how many threads of a process the board has room for.
func (b *Board) Rows() int { return b.perSlot }

// Slot is process i's slot. It panics when the board has none of that number.
func (b *Board) Slot(i int) *Process { return &b.processes[i] }

// Row is thread i's row in a slot. It panics when the board has none.
func (b *Board) Row(slot, i int) *serve.Row { return &b.rowsOf(slot)[i] }

func (b *Board) rowsOf(slot int) []serve.Row {
	first := slot * b.perSlot
	return b.rows[first : first+b.perSlot : first+b.perSlot]
}

// used are the rows of a slot that processes have had: the memory of others is
// not touched.
func (b *Board) used(slot int) []serve.Row {
	return b.rowsOf(slot)[:min(int(b.processes[slot].Rows.Load()), b.perSlot)]
}

// slotsUsed is how many slots have to be looked at.
func (b *Board) slotsUsed() int { return min(int(b.header.Used.Load()), len(b.processes)) }

// Seat gives a slot to a new process of so many threads. The parent calls it
// before the process runs and stores its PID when it knows it.
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

// Clear empties a slot after its process is gone: its rows are dead and it has
// no connections. Counters stay. The parent calls it, and nobody else writes
// to that slot any more.
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

// Zero sets every counter to 0. The parent calls it when no process runs, as
// at a restart that is not graceful: one that runs would go on from its own.
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

// Alive tells whether the parent that made the board runs.
func (b *Board) Alive() bool {
	pid := int(b.header.ParentPID.Load())
	start := startTicks(pid)
	return start != 0 && start == b.header.parentStart.Load()
}

// Close unmaps the board and, where it was created in a file, removes that.
// Rows and slots must not be used any more.
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
