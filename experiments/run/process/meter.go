package process

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Meter reads what the processes below a root use, from outside and without
// privilege. It does not count the root, which is a program's keeper.
//
// The processes' own clocks (clock_getcpuclockid(3)) tell the CPU time in ns,
// ended threads included. Its split into user and system time follows the
// kernel's ticks and is as coarse as they are. Context switches are summed over
// the living threads: those of a thread that ended between two samples are
// lost, and Use counts such threads.
type Meter struct {
	tree  tree
	clock func(pid, kind int) (int64, error)
	pids  []int // known processes
	tops  []int // of them, the children of the root: no other living process is their parent
}

// NewMeter makes a meter of the processes below root. It knows none of them
// before Discover.
func NewMeter(root int) *Meter {
	return &Meter{tree: tree{proc: os.DirFS("/proc"), root: root}, clock: processClock}
}

// These are the kinds of a process's CPU clock (include/linux/posix-timers.h).
const (
	clockProf  = 0 // user and system time by ticks
	clockVirt  = 1 // user time by ticks
	clockSched = 2 // run time in ns
)

// processClock reads a CPU clock of another process. It computes the clock's
// number as clock_getcpuclockid(3) does.
func processClock(pid, kind int) (int64, error) {
	var ts unix.Timespec
	if err := unix.ClockGettime(int32(^pid<<3|kind), &ts); err != nil {
		return 0, fmt.Errorf("read CPU clock of process %d: %w", pid, err)
	}
	return ts.Nano(), nil
}

// Sample holds what the processes have used so far.
type Sample struct {
	at       time.Time
	cpu      int64 // ns
	user     int64 // ns, by ticks
	all      int64 // ns, by ticks
	switches map[int]switches
}

// CPU returns the time that the processes had used when the sample was taken.
func (s Sample) CPU() time.Duration { return time.Duration(s.cpu) }

type switches struct{ voluntary, involuntary uint64 }

// Use holds what the processes used between two samples.
type Use struct {
	Wall          time.Duration
	CPU           time.Duration
	User, System  time.Duration // CPU, split
	Voluntary     uint64        // context switches
	Involuntary   uint64
	ThreadsEnded  int // threads whose context switches in between are lost
	ThreadsNumber int // living threads at the end
}

// Discover looks for new processes, so that Sample need not. It reads all of
// /proc, which may take several 1000 µs.
func (m *Meter) Discover() error {
	members, err := m.tree.members()
	if err != nil {
		return err
	}
	m.pids, m.tops = slices.Sorted(maps.Keys(members)), nil
	for _, pid := range m.pids {
		if members[pid].parent == m.tree.root {
			m.tops = append(m.tops, pid)
		}
	}
	return nil
}

// Tops returns the known processes from which all others descend.
func (m *Meter) Tops() []int { return m.tops }

// Settle waits until no new process has appeared for about 50 ms, because a
// server may take connections before it has started all its children. It
// returns after timeout at the latest, because some programs keep growing.
func (m *Meter) Settle(ctx context.Context, timeout time.Duration) error {
	const still, pause = 10, 5 * time.Millisecond
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	tick := time.NewTicker(pause)
	defer tick.Stop()
	for known, times := 0, 0; times < still; times++ {
		if err := m.Discover(); err != nil {
			return err
		}
		if len(m.pids) > known {
			known, times = len(m.pids), 0
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
	return nil
}

// ErrGone says that nothing can be counted because the program has ended.
var ErrGone = errors.New("count what the program uses: none of its processes is left")

// Sample reads the known processes' counters, in about 10 µs per thread.
func (m *Meter) Sample() (Sample, error) {
	s := Sample{at: time.Now(), switches: map[int]switches{}}
	var alive []int
	for _, pid := range m.pids {
		if err := m.add(&s, pid); err == nil { // a process may have ended; its parent then holds its CPU time
			alive = append(alive, pid)
		}
	}
	if m.pids = alive; len(alive) == 0 {
		return s, ErrGone
	}
	root, err := readStat(m.tree.proc, m.tree.root) // becomes the parent of processes whose parent ended
	if err != nil {
		return s, err
	}
	s.addChildren(root)
	return s, nil
}

func (m *Meter) add(s *Sample, pid int) error {
	cpu, err := m.clock(pid, clockSched)
	if err != nil {
		return err
	}
	all, err := m.clock(pid, clockProf)
	if err != nil {
		return err
	}
	user, err := m.clock(pid, clockVirt)
	if err != nil {
		return err
	}
	st, err := readStat(m.tree.proc, pid)
	if err != nil {
		return err
	}
	s.cpu += cpu
	s.all += all
	s.user += user
	s.addChildren(st)
	dir := strconv.Itoa(pid) + "/task"
	threads, err := fs.ReadDir(m.tree.proc, dir)
	if err != nil {
		return fmt.Errorf("list threads: %w", err)
	}
	for _, t := range threads {
		tid, err := strconv.Atoi(t.Name())
		if err != nil {
			continue
		}
		status, err := fs.ReadFile(m.tree.proc, path.Join(dir, t.Name(), "status"))
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ESRCH) {
			continue // the thread has ended
		}
		if err != nil {
			return fmt.Errorf("read switches: %w", err)
		}
		if s.switches[tid], err = parseSwitches(string(status)); err != nil {
			return fmt.Errorf("read switches of thread %d: %w", tid, err)
		}
	}
	return nil
}

// addChildren adds what the ended children of a process used.
func (s *Sample) addChildren(of stat) {
	s.cpu += of.childUser + of.childSystem
	s.all += of.childUser + of.childSystem
	s.user += of.childUser
}

// RSS returns the memory of the known processes that is in RAM, in bytes. Pages
// that several processes share count once for each.
func (m *Meter) RSS() (uint64, error) {
	var sum uint64
	for _, pid := range m.pids {
		name := strconv.Itoa(pid) + "/statm"
		text, err := fs.ReadFile(m.tree.proc, name)
		if err != nil {
			continue // the process has ended
		}
		f := strings.Fields(string(text))
		if len(f) < 2 {
			return 0, fmt.Errorf("read memory: %s has %d fields, want 2 or more", name, len(f))
		}
		pages, err := strconv.ParseUint(f[1], 10, 64)
		if err != nil {
			return 0, fmt.Errorf("read memory: %s: %w", name, err)
		}
		sum += pages * uint64(os.Getpagesize())
	}
	if sum == 0 {
		return 0, fmt.Errorf("read memory: %w", ErrGone)
	}
	return sum, nil
}

// Between returns what the processes used from a to b.
func Between(a, b Sample) Use {
	u := Use{Wall: b.at.Sub(a.at), CPU: time.Duration(max(0, b.cpu-a.cpu)), ThreadsNumber: len(b.switches)}
	if ticks := b.all - a.all; ticks > 0 {
		share := min(1, max(0, float64(b.user-a.user)/float64(ticks)))
		u.User = time.Duration(share * float64(u.CPU))
	}
	u.System = u.CPU - u.User
	for tid, after := range b.switches {
		before := a.switches[tid] // zero for a new thread
		if after.voluntary < before.voluntary || after.involuntary < before.involuntary {
			before = switches{} // a new thread has the number of an ended one
			u.ThreadsEnded++
		}
		u.Voluntary += after.voluntary - before.voluntary
		u.Involuntary += after.involuntary - before.involuntary
	}
	for tid := range a.switches {
		if _, lives := b.switches[tid]; !lives {
			u.ThreadsEnded++
		}
	}
	return u
}

// stat holds the fields of /proc/PID/stat in use (proc_pid_stat(5)).
type stat struct {
	parent, group, threads int
	ended                  bool  // and its parent has not waited for it
	childUser, childSystem int64 // of children that the process waited for, in ns
}

const tick = int64(time.Second) / 100 // in ns; USER_HZ is 100 on every architecture Go runs on

func readStat(proc fs.FS, pid int) (stat, error) {
	name := strconv.Itoa(pid) + "/stat"
	b, err := fs.ReadFile(proc, name)
	if err != nil {
		return stat{}, fmt.Errorf("read process: %w", err)
	}
	// The command stands in parentheses and may itself contain parentheses.
	text := string(b)
	f := strings.Fields(text[strings.LastIndexByte(text, ')')+1:])
	if len(f) < 18 {
		return stat{}, fmt.Errorf("read process: %s has %d fields after the name, want 18 or more", name, len(f))
	}
	s := stat{ended: f[0] == "Z" || f[0] == "X"}
	var errs [5]error
	s.group, errs[0] = strconv.Atoi(f[2])
	s.parent, errs[4] = strconv.Atoi(f[1])
	s.childUser, errs[1] = strconv.ParseInt(f[13], 10, 64)
	s.childSystem, errs[2] = strconv.ParseInt(f[14], 10, 64)
	s.threads, errs[3] = strconv.Atoi(f[17])
	s.childUser, s.childSystem = s.childUser*tick, s.childSystem*tick
	if err := errors.Join(errs[:]...); err != nil {
		return stat{}, fmt.Errorf("read process: %s: %w", name, err)
	}
	return s, nil
}

func parseSwitches(status string) (s switches, err error) {
	found := 0
	for l := range strings.Lines(status) {
		key, value, _ := strings.Cut(l, ":")
		var to *uint64
		switch key {
		case "voluntary_ctxt_switches":
			to = &s.voluntary
		case "nonvoluntary_ctxt_switches":
			to = &s.involuntary
		default:
			continue
		}
		if *to, err = strconv.ParseUint(strings.TrimSpace(value), 10, 64); err != nil {
			return s, fmt.Errorf("%s: %w", key, err)
		}
		found++
	}
	if found != 2 {
		return s, errors.New("status has no context switches")
	}
	return s, nil
}
