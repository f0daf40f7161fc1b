package gate

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"lflab/sync/futex"
)

// sharedConformance lists the tests that every gate shared by processes must
// pass.
var sharedConformance = []struct {
	name string
	test func(*testing.T, SharedKind)
}{
	{"four processes of two threads", sharedExcludes},
	{"children of another user", sharedOtherUser},
	{"holders are killed", sharedHoldersKilled},
	{"killed anywhere", sharedKilledAnywhere},
	{"a waiting process is killed", sharedWaiterKilled},
	{"order of processes", sharedOrder},
	{"waits are interrupted", sharedInterrupted},
	{"interrupted while others take it", sharedInterruptedAnywhere},
	{"threads of one process", sharedThreads},
	{"no allocation", sharedNoAllocation},
	{"nothing left behind", sharedNothingLeft},
	{"no descriptors left", sharedNoDescriptors},
	{"passports", sharedPassports},
}

// TestSharedConformance runs the whole table for every kind.
func TestSharedConformance(t *testing.T) { conformShared(t, "") }

// conformShared runs the case of that name for every kind, or all cases if the
// name is empty.
func conformShared(t *testing.T, name string) {
	t.Helper()
	ran := 0
	for _, k := range SharedKinds() {
		t.Run("gate="+k.Name, func(t *testing.T) {
			newFamily(t, k, SharedOptions{}) // skips all cases, with the reason, if the system lacks the mechanism
			for _, c := range sharedConformance {
				if name == "" || name == c.name {
					t.Run(c.name, func(t *testing.T) { c.test(t, k) })
					ran++
				}
			}
		})
	}
	if ran == 0 {
		t.Errorf("no case %q ran", name)
	}
}

func TestLookupShared(t *testing.T) {
	for _, name := range []string{"flock", "fcntl", "sysvsem", "posixsem", "pthread"} {
		if k, err := LookupShared(name); err != nil || k.Name != name {
			t.Errorf("LookupShared(%q) = %q, %v", name, k.Name, err)
		}
	}
	names := map[string]bool{}
	for _, k := range SharedKinds() {
		if k.Doc == "" || k.Kernel == "" || k.Order == "" || k.Death == "" || names[k.Name] {
			t.Errorf("shared gate %q: doc %q, kernel %q, order %q, death %q, name used before: %v", k.Name, k.Doc, k.Kernel, k.Order, k.Death, names[k.Name])
		}
		names[k.Name] = true
		if sharedWaits[k.Name] == nil {
			t.Errorf("shared gate %q: the tests do not know how its threads wait", k.Name)
		}
	}
	_, err := LookupShared("epollexclusive")
	if err == nil || !strings.Contains(err.Error(), "flock, fcntl") {
		t.Errorf("LookupShared of what is no gate: %v, want an error that names those there are", err)
	}
}

func sharedExcludes(t *testing.T, k SharedKind) {
	countTogether(t, newFamily(t, k, SharedOptions{}), scaled(100, 2_000))
}

// countTogether lets four processes of two threads count with a plain counter,
// each thread for a number of rounds.
func countTogether(t *testing.T, f *family, rounds int) {
	const processes, threads = 4, 2
	var all []*process
	for i := range processes {
		p := f.spawn(job{Task: "count", Threads: threads, Rounds: uint64(rounds), Wait: processes * threads, Slot: i * threads})
		p.says("there")
		all = append(all, p)
	}
	for _, p := range all {
		p.ends()
	}
	f.kept()
	want := uint64(0)
	for _, n := range f.board.own[:processes*threads] {
		if n < uint64(rounds) {
			t.Errorf("a thread went %d rounds, want %d", n, rounds)
		}
		want += n
	}
	if got := f.board.counter; got != want {
		t.Errorf("counted %d, want %d: %d lost", got, want, want-got)
	}
	t.Logf("%d rounds, %d of them after one of another process", want, f.board.changes)
}

// sharedOtherUser makes gates as root for children of another user. The
// children cannot open the path of the lock file.
func sharedOtherUser(t *testing.T, k SharedKind) {
	if os.Getuid() != 0 {
		t.Skipf("running as user %d: only root has children of another user", os.Getuid())
	}
	const nobody = 65534
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, file := range map[string]string{"memory": "", "file": filepath.Join(dir, "accept.lock")} {
		t.Run(name, func(t *testing.T) {
			f := newFamily(t, k, SharedOptions{File: file, UID: nobody, GID: nobody})
			f.user = &syscall.Credential{Uid: nobody, Gid: nobody}
			countTogether(t, f, scaled(20, 2_000))
		})
	}
}

// sharedHoldersKilled kills processes that hold the gate, one after the other.
// The others must still get it.
func sharedHoldersKilled(t *testing.T, k SharedKind) {
	f := newFamily(t, k, SharedOptions{})
	kills := scaled(2, 20)
	all := f.loops()
	for i := range kills {
		f.board.stay.Store(1)
		if !poll(func() bool { return f.board.staying.Load() != 0 }) {
			t.Fatalf("after %d kills: no process gets the gate", i)
		}
		holder := f.board.staying.Swap(0)
		for slot, p := range all {
			if p.pid == int(holder) {
				f.replace(all, slot)
			}
		}
	}
	f.end(all, kills)
}

// sharedKilledAnywhere kills processes at any point of Acquire and Release.
func sharedKilledAnywhere(t *testing.T, k SharedKind) {
	f := newFamily(t, k, SharedOptions{})
	kills := scaled(2, 20)
	all := f.loops()
	for range kills {
		for range rand.IntN(20_000) {
			runtime.KeepAlive(f)
		}
		f.replace(all, rand.IntN(len(all)))
	}
	f.end(all, kills)
}

// loops starts four processes of two threads that acquire and release the gate
// until they are stopped.
func (f *family) loops() (all []*process) {
	f.Helper()
	for i := range 4 {
		all = append(all, f.spawn(job{Task: "loop", Threads: 2, Slot: 2 * i}))
		all[i].says("there")
	}
	f.all(all)
	return all
}

// replace kills a process, checks that each of the others still gets the gate,
// and starts another one.
func (f *family) replace(all []*process, slot int) {
	f.Helper()
	f.board.doomed.Store(uint32(all[slot].pid))
	all[slot].kill()
	f.all(append(all[:slot:slot], all[slot+1:]...))
	all[slot] = f.spawn(job{Task: "loop", Threads: 2, Slot: 2 * slot})
	all[slot].says("there")
}

// all waits until each of the processes has held the gate.
func (f *family) all(processes []*process) {
	f.Helper()
	missing := map[int]bool{}
	for _, p := range processes {
		missing[p.pid] = true
	}
	if !poll(func() bool {
		delete(missing, int(f.board.inside.Load()))
		return len(missing) == 0
	}) {
		f.Fatalf("%s: %d of %d processes do not come in any more", f.kind.Name, len(missing), len(processes))
	}
}

// end stops the processes and checks their counts. A killed process may have
// counted its own round and not the common one.
func (f *family) end(all []*process, kills int) {
	f.Helper()
	f.board.stop.Store(1)
	for _, p := range all {
		p.ends()
	}
	f.kept()
	sum := uint64(0)
	for _, n := range f.board.own {
		sum += n
	}
	if got := f.board.counter; got > sum || sum-got > uint64(kills) {
		f.Errorf("counted %d in %d rounds with %d kills", got, sum, kills)
	}
	f.Logf("%d kills in %d rounds; at the places of processes %d, %d, %d, %d", kills, sum,
		f.board.own[0]+f.board.own[1], f.board.own[2]+f.board.own[3], f.board.own[4]+f.board.own[5], f.board.own[6]+f.board.own[7])
}

// held runs fn while a thread of this process holds the gate.
func (f *family) held(s *Shared, fn func()) {
	f.Helper()
	start(f, 0, func() {
		if err := s.Acquire(nil); err != nil {
			f.Error(err)
			return
		}
		fn()
		s.Release()
	}).ends()
	if f.Failed() {
		f.FailNow()
	}
}

// sharedWaiterKilled kills the first of two processes that wait.
func sharedWaiterKilled(t *testing.T, k SharedKind) {
	f := newFamily(t, k, SharedOptions{})
	s := f.opens()
	for range scaled(2, 5) {
		holds, leave := make(chan struct{}), make(chan struct{})
		holder := start(t, 0, func() {
			if err := s.Acquire(nil); err != nil {
				t.Error(err)
			}
			close(holds)
			<-leave
			s.Release()
		})
		<-holds
		first, second := f.comes(), f.comes()
		first.kill()
		if f.board.inside.Load() != 0 {
			t.Error("a process is inside with the one that holds the gate")
		}
		close(leave)
		holder.ends()
		second.says("holds")
		second.leaves()
	}
	f.kept()
}

// sharedOrder makes processes wait one after the other. It checks the order in
// which they get the gate if the kind promises one, and otherwise logs it.
func sharedOrder(t *testing.T, k SharedKind) {
	f := newFamily(t, k, SharedOptions{})
	s := f.opens()
	holds, leave := make(chan struct{}), make(chan struct{})
	holder := start(t, 0, func() {
		if err := s.Acquire(nil); err != nil {
			t.Error(err)
		}
		close(holds)
		<-leave
		s.Release()
	})
	<-holds
	place := map[uint32]int{}
	var all []*process
	for i := range 4 {
		p := f.comes()
		place[uint32(p.pid)] = i
		all = append(all, p)
	}
	close(leave)
	holder.ends()
	for _, p := range all { // in whatever order they come in
		if _, err := p.in.Write([]byte("leave\n")); err != nil {
			t.Fatal(err)
		}
	}
	var order []int
	for _, p := range all {
		p.says("holds")
		p.ends()
	}
	for _, pid := range f.board.order[:f.board.ordered] {
		order = append(order, place[pid])
	}
	f.kept()
	if len(order) != len(all) {
		t.Fatalf("%d processes came in, want %d", len(order), len(all))
	}
	t.Logf("order: %v. Processes came in as %v: %.2f of all pairs first come, first served", k.Order, order, firstComeFirstServed(order))
	if strings.HasPrefix(k.Order, "first come") && firstComeFirstServed(order) != 1 {
		t.Errorf("processes came in as %v", order)
	}
}

// sharedInterrupted interrupts two waiting threads while another process holds
// the gate: they must go on waiting until they are told to end, and then return
// at once.
func sharedInterrupted(t *testing.T, k SharedKind) {
	arrived := make(chan os.Signal, 1)
	signal.Notify(arrived, unix.SIGUSR2)
	defer signal.Stop(arrived)
	interrupts(t, unix.SIGUSR2)

	f := newFamily(t, k, SharedOptions{})
	s := f.opens()
	holder := f.spawn(job{Task: "once"})
	holder.line()
	holder.says("holds")

	var ended atomic.Bool
	var asked [2]atomic.Int32
	var returned [2]atomic.Bool
	var results [2]error
	both := team(t, 2, func(id int) {
		results[id] = s.Acquire(func() bool { asked[id].Add(1); return ended.Load() })
		returned[id].Store(true)
		if results[id] == nil {
			s.Release()
		}
	})
	for id, m := range both {
		for range scaled(10, 50) {
			before := asked[id].Load()
			// Signal until the thread has noticed, because the first signal may
			// come too early.
			if !poll(func() bool { m.signal(unix.SIGUSR2); return asked[id].Load() > before }) {
				t.Fatalf("thread %d does not notice signals: state %c, system call %q", id, m.state(), m.call())
			}
		}
		if returned[id].Load() {
			t.Fatalf("thread %d was interrupted before it was to end: %v", id, results[id])
		}
	}
	ended.Store(true)
	for id, m := range both {
		if !poll(func() bool { m.signal(unix.SIGUSR2); return returned[id].Load() }) {
			t.Fatalf("thread %d cannot be interrupted: state %c, system call %q", id, m.state(), m.call())
		}
		if !errors.Is(results[id], ErrInterrupted) {
			t.Errorf("thread %d: %v, want %v", id, results[id], ErrInterrupted)
		}
	}
	both.end()
	holder.leaves()
	f.held(s, func() {})
}

// sharedInterruptedAnywhere interrupts a thread at any point of Acquire, many
// times, while another process acquires and releases the gate. That process
// must not sleep for good, and must not hold the gate together with this one.
func sharedInterruptedAnywhere(t *testing.T, k SharedKind) {
	arrived := make(chan os.Signal, 1)
	signal.Notify(arrived, unix.SIGUSR2)
	defer signal.Stop(arrived)
	interrupts(t, unix.SIGUSR2)

	f := newFamily(t, k, SharedOptions{})
	s := f.opens()
	p := f.spawn(job{Task: "loop", Threads: 2, Inside: 20 * time.Microsecond})
	p.says("there")
	want := scaled(25, 1_000)
	var given, taken int
	var stop atomic.Bool
	m := start(t, 0, func() {
		defer stop.Store(true)
		for given < want || taken < want {
			switch err := s.Acquire(func() bool { return given <= taken }); {
			case err == nil:
				taken++
				f.board.enter()
				f.board.leave()
				s.Release()
			case errors.Is(err, ErrInterrupted):
				given++
			default:
				t.Error(err)
				return
			}
		}
	})
	for !stop.Load() {
		m.signal(unix.SIGUSR2)
		runtime.Gosched()
	}
	m.ends()
	f.all([]*process{p})
	f.end([]*process{p}, 0)
	t.Logf("taken %d times, given up %d times", taken, given)
}

// sharedThreads runs conformance tests with threads of one process, because the
// race detector sees only those.
func sharedThreads(t *testing.T, k SharedKind) {
	f := newFamily(t, k, SharedOptions{})
	s := f.opens()
	const threads = 4
	rounds := scaled(200, 2_000)
	counter := 0
	team(t, threads, func(int) {
		for range rounds {
			if err := s.Acquire(nil); err != nil {
				t.Error(err)
				return
			}
			counter++
			s.Release()
		}
	}).end()
	if counter != threads*rounds {
		t.Errorf("counted %d, want %d", counter, threads*rounds)
	}
}

func sharedNoAllocation(t *testing.T, k SharedKind) {
	s := newFamily(t, k, SharedOptions{}).opens()
	never := func() bool { return false }
	start(t, 0, func() {
		if n := testing.AllocsPerRun(100, func() {
			if err := s.Acquire(never); err != nil {
				t.Error(err)
			}
			s.Release()
		}); n != 0 {
			t.Errorf("%v allocations in Acquire and Release", n)
		}
	}).ends()
}

// sharedNothingLeft counts descriptors, mappings and semaphores in a parent and
// in a child.
func sharedNothingLeft(t *testing.T, k SharedKind) {
	dir := t.TempDir()
	for _, file := range []string{"", filepath.Join(dir, "accept.lock")} {
		before, mapped := descriptors(t), mappings(t)
		for range 10 {
			f := &family{TB: t, kind: k}
			var err error
			if f.owner, err = k.New(SharedOptions{File: file}); err != nil {
				t.Fatal(err)
			}
			s, err := OpenShared(f.owner.Passport(), f.descriptors())
			if err != nil {
				t.Fatal(err)
			}
			f.held(s, func() {})
			id := f.owner.Passport().Semaphore
			note(id)
			if id != 0 && !semaphore(t, id) {
				t.Error("the test does not see the semaphore")
			}
			if got := names(t, dir); got != "" {
				t.Errorf("files are left beside LockFile: %s", got)
			}
			if err := errors.Join(s.Close(), f.owner.Close()); err != nil {
				t.Fatal(err)
			}
			if id != 0 && semaphore(t, id) {
				t.Errorf("semaphore %d is still there after Close", id)
			}
		}
		if after := descriptors(t); after != before {
			t.Errorf("%d descriptors open, %d before", after, before)
		}
		if after := mappings(t); after != mapped {
			t.Errorf("%d mappings of a gate, %d before", after, mapped)
		}
	}
}

// TestSharedFile names a file that cannot be created.
func TestSharedFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "none", "accept.lock")
	for _, k := range []SharedKind{sharedFlockKind, sharedFcntlKind} {
		_, err := k.New(SharedOptions{File: file})
		if !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), file) {
			t.Errorf("%s: %v, want %v and the name", k.Name, err, os.ErrNotExist)
		}
	}
}

// names lists the files in a directory.
func names(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return strings.Join(all, " ")
}

// mappings counts the memory mappings of gates in this process.
func mappings(t *testing.T) int {
	t.Helper()
	all, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		t.Fatal(err)
	}
	return strings.Count(string(all), "lflab-gate")
}

// sharedNoDescriptors lets each point in parent and child run out of
// descriptors.
func sharedNoDescriptors(t *testing.T, k SharedKind) {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	short := func(spare uint64, fn func()) {
		low := unix.Rlimit{Cur: lowest(t) + spare, Max: limit.Max}
		if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &low); err != nil {
			t.Fatal(err)
		}
		fn()
		if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
			t.Fatal(err)
		}
	}
	before := descriptors(t)
	for spare := range uint64(3) {
		var owner *SharedOwner
		var err error
		short(spare, func() { owner, err = k.New(SharedOptions{}) })
		if err == nil {
			err = owner.Close()
		} else if !errors.Is(err, unix.EMFILE) {
			t.Errorf("New with %d descriptors to spare: %v", spare, err)
		}
		if after := descriptors(t); after != before {
			t.Fatalf("%d descriptors open after New with %d to spare (%v), %d before", after, spare, err, before)
		}
	}
	f := newFamily(t, k, SharedOptions{})
	before = descriptors(t)
	fds := f.descriptors()
	var s *Shared
	var err error
	short(0, func() { s, err = OpenShared(f.owner.Passport(), fds) })
	if err == nil {
		err = s.Close()
	} else if !errors.Is(err, unix.EMFILE) {
		t.Errorf("OpenShared with no descriptor to spare: %v", err)
	}
	if after := descriptors(t); after != before {
		t.Errorf("%d descriptors open after OpenShared with none to spare (%v), %d before", after, err, before)
	}
}

// sharedPassports sends passports through JSON. Wrong passports must be
// refused, and their descriptors closed.
func sharedPassports(t *testing.T, k SharedKind) {
	f := newFamily(t, k, SharedOptions{})
	text, err := json.Marshal(f.owner.Passport())
	if err != nil {
		t.Fatal(err)
	}
	var p Passport
	if err := json.Unmarshal(text, &p); err != nil || p != f.owner.Passport() {
		t.Errorf("passport %s is read as %v, %v", text, p, err)
	}
	before := descriptors(t)
	surplus, err := unix.FcntlInt(0, unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := OpenShared(p, append(f.descriptors(), surplus)); err == nil {
		t.Error("one descriptor too many: no error")
	}
	if _, err := OpenShared(Passport{Kind: "none", Files: p.Files}, f.descriptors()); err == nil {
		t.Error("passport of an unknown kind: no error")
	}
	if after := descriptors(t); after != before {
		t.Errorf("%d descriptors open after refusals, %d before", after, before)
	}
	if err := f.owner.Recover(0); err == nil {
		t.Error("recovery from process 0: no error")
	}
}

// TestSharedSemaphoreRemoved checks that a parent removes its semaphore when it
// closes the gate, and that waiting children get an error.
func TestSharedSemaphoreRemoved(t *testing.T) {
	f := &family{TB: t, kind: sharedSysVKind}
	var err error
	if f.owner, err = sharedSysVKind.New(SharedOptions{}); err != nil {
		t.Skipf("make a semaphore: %v", err)
	}
	note(f.owner.Passport().Semaphore)
	s, err := OpenShared(f.owner.Passport(), nil)
	if err != nil {
		t.Fatal(err)
	}
	f.held(s, func() {
		waiter := start(t, 1, func() {
			if err := s.Acquire(nil); !errors.Is(err, unix.EIDRM) && !errors.Is(err, unix.EINVAL) {
				t.Errorf("Acquire of a semaphore that is removed meanwhile: %v, want %v", err, unix.EIDRM)
			}
		})
		if !poll(func() bool { return waiter.sleepsIn(unix.SYS_SEMTIMEDOP, uintptr(f.owner.Passport().Semaphore)) }) {
			t.Error("the second thread does not wait")
		}
		if err := f.owner.Close(); err != nil {
			t.Error(err)
		}
		waiter.ends()
	})
	if _, err := OpenShared(f.owner.Passport(), nil); !errors.Is(err, unix.EINVAL) {
		t.Errorf("opening a semaphore that is removed: %v, want %v", err, unix.EINVAL)
	}
}

// TestSharedOrphaned lets a child, if possible of another user, remove what a
// killed parent has left.
func TestSharedOrphaned(t *testing.T) {
	for _, k := range SharedKinds() {
		f := &family{TB: t, kind: k}
		opt := SharedOptions{}
		if os.Getuid() == 0 {
			opt.UID = 65534
			f.user = &syscall.Credential{Uid: 65534, Gid: 65534}
		}
		var err error
		if f.owner, err = k.New(opt); err != nil {
			t.Skip(err)
		}
		note(f.owner.Passport().Semaphore)
		f.board, f.file = newBoard(t)
		f.spawn(job{Task: "orphaned"}).ends()
		if id := f.owner.Passport().Semaphore; id != 0 {
			if semaphore(t, id) {
				t.Errorf("%s: semaphore %d is still there", k.Name, id)
			}
			continue
		}
		if err := f.owner.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestSharedPOSIXDeaths puts the semaphore into each state that a process can
// leave by its death while another one sleeps. Without Recover that other
// process would sleep for good.
func TestSharedPOSIXDeaths(t *testing.T) {
	const dead, other = 1 << 22, 1<<22 + 1 // larger than any process ID
	cases := []struct {
		name  string
		woken bool   // the dead process slept first, and dies when it is woken
		left  uint32 // the word that the dead process leaves
	}{
		{"as the holder", false, dead | slept},
		{"between giving and waking", false, 0},
		{"being woken, with the gate free", true, 0},
		{"being woken, with the gate taken by a process that sees no waiter", true, other},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			f := newFamily(t, sharedPOSIXKind, SharedOptions{})
			s := f.opens()
			word := s.lock.(*sharedPOSIX).word
			word.Store(dead | slept)
			sleeps := func(fn func() error) *member {
				m := start(t, 0, func() {
					if err := fn(); err != nil {
						t.Error(err)
					}
				})
				if !poll(func() bool { return m.sleepsIn(unix.SYS_FUTEX, address(word)) }) {
					t.Fatal("the thread does not wait")
				}
				return m
			}
			// A thread that does nothing when it is woken stands for a process
			// that dies.
			dies := new(member)
			if c.woken {
				dies = sleeps(func() error {
					for word.Load() == dead|slept {
						if err := futex.WaitShared(word, dead|slept); err != nil {
							return err
						}
					}
					return nil
				})
			}
			waiter := sleeps(func() error { return s.Acquire(nil) })
			word.Store(c.left)
			if c.woken {
				futex.WakeShared(word, 1)
				dies.ends()
			}
			if !waiter.sleepsIn(unix.SYS_FUTEX, address(word)) {
				t.Error("the thread does not sleep any more: the death shows nothing")
			}
			if err := f.owner.Recover(dead); err != nil {
				t.Error(err)
			}
			if c.left == other { // the thread sets the bit, and the holder wakes it at its release
				if !poll(func() bool { return word.Load() == other|slept }) {
					t.Errorf("word %#x: the thread does not say that it waits on", word.Load())
				}
				s.Release()
			}
			waiter.ends()
			if got := word.Load(); got != uint32(os.Getpid())|slept {
				t.Errorf("word %#x, want this process, %#x, and %#x", got, os.Getpid(), slept)
			}
			s.Release()
		})
	}
}

// TestSharedPOSIXOthersKeep checks that the death of a process that holds
// nothing does not affect the holder.
func TestSharedPOSIXOthersKeep(t *testing.T) {
	f := newFamily(t, sharedPOSIXKind, SharedOptions{})
	s := f.opens()
	f.held(s, func() {
		dead := f.spawn(job{Task: "loop"})
		dead.kill()
		if got := s.lock.(*sharedPOSIX).word.Load(); got != uint32(os.Getpid()) {
			t.Errorf("word %#x, want this process, %#x", got, os.Getpid())
		}
	})
}

// TestSharedMemoryKeepsItsSize checks that a child cannot change the size of
// the memory that the others use.
func TestSharedMemoryKeepsItsSize(t *testing.T) {
	for _, k := range []SharedKind{sharedPOSIXKind, sharedPthreadKind} {
		f := newFamily(t, k, SharedOptions{})
		for _, size := range []int64{0, 1 << 20} {
			if err := f.owner.Files()[0].Truncate(size); !errors.Is(err, unix.EPERM) {
				t.Errorf("%s: truncate to %d: %v, want %v", k.Name, size, err, unix.EPERM)
			}
		}
	}
}

// TestSharedRecoveryTime measures the recovery once for each kind.
func TestSharedRecoveryTime(t *testing.T) {
	for _, k := range SharedKinds() {
		t.Run("gate="+k.Name, func(t *testing.T) {
			f := newFamily(t, k, SharedOptions{})
			times := f.recoveries(3, 0)
			for _, d := range times { // every duration above 0 is right
				if d <= 0 {
					t.Errorf("recovered in %v", d)
				}
			}
			t.Log(fmt.Sprint(times))
		})
	}
}
