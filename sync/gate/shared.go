package gate

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// Shared is one process's access to a gate that several processes share. One
// thread of one process holds the gate at a time. The death of a process, at
// whatever instruction, does not stop the others.
//
// A parent makes the object (SharedKind.New) and every child opens it:
//
//	owner, err := kind.New(gate.SharedOptions{})         // parent
//	start(owner.Files(), owner.Passport())               // the child inherits the files and is sent the passport
//	shared, err := gate.OpenShared(passport, fds)        // child
//	for shared.Acquire(ended) == nil {
//		fd := accept()
//		shared.Release()
//	}
//	wait4(pid); owner.Recover(pid)                       // parent, for every child that has died
//
// Any number of threads of a process may ask for the gate. A thread that holds
// it must not acquire it again, and must release it itself: the goroutine must
// be locked to its thread in between.
type Shared struct {
	lock lock
	handover
}

// A lock is one process's handle on the object behind a shared gate.
type lock interface {
	acquire(ended func() bool) error
	release()
	Close() error
}

// ErrInterrupted is returned by Acquire when it gave up waiting.
var ErrInterrupted = errors.New("interrupted while waiting for a gate")

// OpenShared opens a gate in a child. fds are the child's descriptors of the
// owner's Files, in the same order. OpenShared always closes them, with an
// error or without.
//
// The process may have changed its user to that of the SharedOptions before.
// Kinds that lock a file need /proc.
func OpenShared(p Passport, fds []int) (s *Shared, err error) {
	defer func() {
		for _, fd := range fds {
			if errClose := unix.Close(fd); errClose != nil {
				err = errors.Join(err, fmt.Errorf("close descriptor %d of gate %s: %w", fd, p.Kind, errClose))
			}
		}
		if err != nil && s != nil {
			err = errors.Join(err, s.Close())
			s = nil
		}
	}()
	k, err := LookupShared(p.Kind)
	if err != nil {
		return nil, err
	}
	if len(fds) != p.Files {
		return nil, fmt.Errorf("open gate %s: got %d descriptors, the passport says %d (pass what Files returns)", p.Kind, len(fds), p.Files)
	}
	l, err := k.open(p, fds)
	if err != nil {
		return nil, fmt.Errorf("open gate %s: %w", p.Kind, err)
	}
	return &Shared{lock: l}, nil
}

// Acquire blocks until the calling thread holds the gate. It then sees what
// threads of this process wrote before their Release, and what other processes
// wrote to memory that they share.
//
// After a signal whose handler was installed without SA_RESTART, Acquire calls
// ended. If ended reports true it returns ErrInterrupted; otherwise, or if
// ended is nil, it waits on. A signal that comes before the thread is in the
// kernel has no effect. So a caller that wants the thread back first makes
// ended report true and then sends signals until Acquire has returned. Any
// other error means that the gate is lost.
func (s *Shared) Acquire(ended func() bool) error {
	if err := s.lock.acquire(ended); err != nil {
		return err
	}
	s.in()
	return nil
}

// Release gives up the gate, which the calling thread must hold, and wakes a
// thread that waits. It does not block.
func (s *Shared) Release() {
	s.out()
	s.lock.release()
}

// Close frees what this process has of the gate. None of its threads may hold
// the gate or wait for it. The gate remains for other processes.
func (s *Shared) Close() error { return s.lock.Close() }

// Orphaned removes the system object that otherwise only the parent removes. A
// child calls it when it knows that the parent has died without Close. The
// other children then get an error from Acquire, and may call Orphaned as well.
func (s *Shared) Orphaned() error {
	if l, ok := s.lock.(interface{ orphaned() error }); ok {
		return l.orphaned()
	}
	return nil
}

// interrupted calls ended, which may be nil.
func interrupted(ended func() bool) bool { return ended != nil && ended() }

// A SharedKind is one way to build a shared gate. Its name is the value of
// Apache's AcceptMutex where Apache has one. The other values of AcceptMutex
// are not locks but ways in which processes wait for a listener at the same
// time; package lf/sock has those.
type SharedKind struct {
	Name   string
	Doc    string // one line: what it is made of, and what it shows
	Kernel string // the oldest Linux it works on, as "2.6"
	Order  string // which of the waiting threads comes next
	Death  string // who notices that the holder has died

	// New makes a gate that no process holds. If the system refuses a call that
	// the gate needs, the error names that call.
	New func(SharedOptions) (*SharedOwner, error)

	open func(Passport, []int) (lock, error)
}

// SharedOptions say how to make a shared gate. The zero value is usable.
type SharedOptions struct {
	// File names the file to lock, for kinds that lock one. New appends the
	// process ID, as in File.1234, and unlinks the file before it returns. So
	// File only selects the file system. Empty means a file in memory.
	File string

	// UID and GID own the object, for children that run as another user. 0
	// means the parent's.
	UID, GID int
}

// SharedOwner is the parent's handle on a shared gate. The parent does not
// acquire the gate.
type SharedOwner struct {
	passport Passport
	files    []*os.File
	recover  func(pid int) // nil where the kernel does it
	close    func() error  // frees what is not a file; may be nil
}

// Passport tells a child about a gate, beside the descriptors. The parent
// passes it on, for example as JSON, and need not read it.
type Passport struct {
	Kind      string
	Files     int // number of descriptors
	Semaphore int `json:",omitempty"` // the number of the System V semaphore
}

// Passport returns the passport, which is the same for every child.
func (o *SharedOwner) Passport() Passport { return o.passport }

// Files returns the files that every child must inherit, in this order. They
// still belong to the owner.
func (o *SharedOwner) Files() []*os.File { return slices.Clone(o.files) }

// Recover gives back what a dead process held, and wakes a thread that the
// process may have been about to wake. Call it for every dead child, after
// waiting for it, because its threads may run until then, and before starting
// another child, which might get the same process ID. It does not block.
func (o *SharedOwner) Recover(pid int) error {
	if pid < 1 {
		return fmt.Errorf("recover gate %s: process ID %d is not positive", o.passport.Kind, pid)
	}
	if o.recover != nil {
		o.recover(pid)
	}
	return nil
}

// Close removes the gate from the system, except where processes still have it
// open. Children that wait may get an error.
func (o *SharedOwner) Close() error {
	var errs []error
	if o.close != nil {
		errs = append(errs, o.close())
	}
	for _, f := range o.files {
		if err := f.Close(); err != nil {
			errs = append(errs, fmt.Errorf("close file of gate %s: %w", o.passport.Kind, err))
		}
	}
	return errors.Join(errs...)
}

// SharedKinds returns the known kinds of shared gates.
func SharedKinds() []SharedKind { return slices.Clone(sharedKinds) }

// LookupShared returns the kind of that name. The error for an unknown name
// lists the known ones.
func LookupShared(name string) (SharedKind, error) {
	var known []string
	for _, k := range sharedKinds {
		if k.Name == name {
			return k, nil
		}
		known = append(known, k.Name)
	}
	return SharedKind{}, fmt.Errorf("unknown shared gate %q (known: %s)", name, strings.Join(known, ", "))
}
