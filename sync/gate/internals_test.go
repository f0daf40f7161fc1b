package gate

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// internals describes what the tests know of a kind beyond the Gate interface.
type internals struct {
	spins bool // waiting threads use a CPU
	fifo  bool // first come, first served, as long as no signal comes
	opens bool // uses descriptors

	// queued reports whether the thread, which has been started to acquire the
	// gate, waits for it.
	queued func(Gate, *member) bool

	// remains reports whether kernel objects other than descriptors still
	// exist.
	remains func(testing.TB, Gate) bool
}

var internalsOf = map[string]internals{
	"tas": {
		spins: true,
		// The gate does not show who waits, so it is enough that the thread
		// runs: it has nothing else to do.
		queued: func(_ Gate, m *member) bool { return m.state() == 'R' },
	},
	"ticket": {
		spins: true,
		fifo:  true,
		// The holder and the threads before this one have drawn one number
		// each.
		queued: func(g Gate, m *member) bool {
			t := g.(*ticket)
			return t.next.Load()-t.serving.Load() == uint32(m.id)+1
		},
	},
	"mcs": {
		spins: true,
		fifo:  true,
		queued: func(g Gate, m *member) bool {
			q := g.(*mcs)
			return q.tail.Load() == &q.places[m.id] && q.places[m.id-1].next.Load() == &q.places[m.id]
		},
	},
	"futexmutex": {
		queued: func(g Gate, m *member) bool { return m.sleepsIn(unix.SYS_FUTEX, address(&g.(*futexMutex).word)) },
	},
	"pi": {
		fifo:   true,
		queued: func(g Gate, m *member) bool { return m.sleepsIn(unix.SYS_FUTEX, address(&g.(*pi).word)) },
	},
	"semop": {
		fifo:    true,
		queued:  func(g Gate, m *member) bool { return m.sleepsIn(unix.SYS_SEMTIMEDOP, uintptr(g.(*semop).id)) },
		remains: func(t testing.TB, g Gate) bool { return semaphore(t, g.(*semop).id) },
	},
	"flock": {
		opens:  true,
		queued: func(g Gate, m *member) bool { return m.sleepsIn(unix.SYS_FLOCK, uintptr(g.(*flock).files[m.id])) },
	},
	"ofd": {
		opens:  true,
		queued: func(g Gate, m *member) bool { return m.sleepsIn(unix.SYS_FCNTL, uintptr(g.(*ofd).files[m.id])) },
	},
	"pipe": {
		opens:  true,
		queued: func(g Gate, m *member) bool { return m.sleepsIn(unix.SYS_READ, uintptr(g.(*pipe).read)) },
	},
	"robust": {
		opens:  true,
		queued: func(g Gate, m *member) bool { return m.sleepsIn(unix.SYS_FUTEX, address(g.(*robust).lock.Word())) },
	},
}

// semaphore reports whether the system has that System V semaphore.
func semaphore(t testing.TB, id int) bool {
	t.Helper()
	all, err := os.ReadFile("/proc/sysvipc/sem")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(all)) {
		var key, semid int
		if _, err := fmt.Sscan(line, &key, &semid); err == nil && semid == id {
			return true
		}
	}
	return false
}
