package gate

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// Shared is a gate as one process among several has it. One thread of one
// process holds it at a time, and the death of a process, at whatever
// instruction, does not stop the others.
//
// A parent makes the object (SharedKind.New) and every child opens it:
//
//	owner, err := kind.New(gate.SharedOptions{})         // parent
//	start(owner.Files(), owner.Passport())               // the child inherits the one and is told the other
//	shared, err := gate.OpenShared(passport, fds)        // child
//	for shared.Acquire(ended) == nil {
//		fd := accept()
//		shared.Release()
//	}
//	wait4(pid); owner.Recover(pid)                       // parent, for every child that has died
//
// Any number of threads of a process may ask for it. A thread that holds it
// does not ask for it again, and lets go of it itself: the goroutine is locked
// to its thread in between.
type Shared struct {
	lock lock
	handover
}

// A lock is what a shared gate is made of, in one process.
type lock interface {
	acquire(ended func() bool) error
	release()
	Close() error
}

// ErrInterrupted is returned by Acquire when the wait was given up.
var ErrInterrupted = errors.New("interrupted in waiting for a gate")

// OpenShared opens a gate in a child, with the descriptors that the owner's
// Files have there, in their order. It takes the descriptors over, and has
// closed them when it returns, with an error or without.
//
// The process may have changed its user before, to that of the SharedOptions.
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
		return nil, fmt.Errorf("open gate %s: %d descriptors came with a passport for %d (pass what Files returns)", p.Kind, len(fds), p.Files)
	}
	l, err := k.open(p, fds)
	if err != nil {
		return nil, fmt.Errorf("open gate %s: %w", p.Kind, err)
	}
	return &Shared{lock: l}, nil
}

// Acquire blocks until the calling thread holds the gate. What threads of this
// process wrote ahead of their Release is visible after it, and so is what
// other processes wrote to memory that they share.
//
// A signal whose handler was installed without SA_RESTART ends the wait with
// ErrInterrupted if ended reports true after it; if not, or without such a
// function, the thread waits on. The signal that comes while the thread is on
// its way to the kernel is lost: who wants a thread back says so in what ended
// looks at, and interrupts it until it has returned. Other errors say that the
// gate is not to be had any more.
func (s *Shared) Acquire(ended func() bool) error {
	if err := s.lock.acquire(ended); err != nil {
		return err
	}
	s.in()
	return nil
}

// Release lets go of the gate, which the calling thread holds, and wakes who
// waits. It does not block.
func (s *Shared) Release() {
	s.out()
	s.lock.release()
}

// Close gives back what this process has of the gate, which none of its threads
// holds or waits for. To other processes the gate goes on.
func (s *Shared) Close() error { return s.lock.Close() }

// Orphaned removes from the system what only the parent can otherwise, which
// has died without Close. A child calls it when it knows that; the others are
// told that the gate is gone, and may call it as well.
func (s *Shared) Orphaned() error {
	if l, ok := s.lock.(interface{ orphaned() error }); ok {
		return l.orphaned()
	}
	return nil
}

// interrupted asks what may be nil.
func interrupted(ended func() bool) bool { return ended != nil && ended() }

// A SharedKind is one thing to make a shared gate of, known by its name. That
// is the value of Apache's AcceptMutex, where it has one. Its other values are
// no gates but ways for processes to wait side by side for a listener, and
// package lf/sock has those.
type SharedKind struct {
	Name   string
	Doc    string // one line: what it is made of, and what it is there to show
	Kernel string // the oldest Linux it works on, as "2.6"
	Order  string // which of the waiting comes next
	Death  string // who notices that the holder has died

	// New makes a gate, which nobody holds. Where the system refuses what it is
	// made of, the error says which call did.
	New func(SharedOptions) (*SharedOwner, error)

	open func(Passport, []int) (lock, error)
}

// SharedOptions are how to make a shared gate. The zero value will do.
type SharedOptions struct {
	// File is the file to lock, by kinds that lock one: the process's number is
	// added to the name, as in File.1234, and the name is gone when New
	// returns, the file when it is closed everywhere. What is left of File is
	// the file system. Empty means a file in memory.
	File string

	// UID and GID own the object, for children that do not run as the parent
	// does. 0 means that they do.
	UID, GID int
}

// SharedOwner is a shared gate as the parent has it, which does not pass it
// itself.
type SharedOwner struct {
	passport Passport
	files    []*os.File
	recover  func(pid int) // nil where the kernel does it
	close    func() error  // of what is no file
}

// Passport is what a child is told of a gate, beside the descriptors. It is
// to be passed on, as JSON say, and not to be looked at.
type Passport struct {
	Kind      string
	Files     int // number of descriptors
	Semaphore int `json:",omitempty"` // System V's number
}

// Passport is the same for every child.
func (o *SharedOwner) Passport() Passport { return o.passport }

// Files are what a child inherits, the same for every child, in this order.
// They remain the owner's.
func (o *SharedOwner) Files() []*os.File { return slices.Clone(o.files) }

// Recover gives back what a process held that has died, and wakes one of those
// that it may have been about to wake. It is called for every child that has
// died, however it did, when it has been waited for: threads of it may run up
// to then. It comes before another child is started, which might get the same
// number. It does not block.
func (o *SharedOwner) Recover(pid int) error {
	if pid < 1 {
		return fmt.Errorf("recover gate %s: %d is no process", o.passport.Kind, pid)
	}
	if o.recover != nil {
		o.recover(pid)
	}
	return nil
}

// Close removes the gate from the system, as far as processes do not have it
// open. Children that still wait may be told that it is gone.
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

// SharedKinds returns the known kinds of gates that processes share.
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
