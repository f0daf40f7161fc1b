package control

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"sync"

	"golang.org/x/sys/unix"

	"lflab/lf/httpd"
)

// Messages to a snapshots' socket. It answers tellSnapshots with the snapshots
// taken since the last time, a JSON array of httpd.Counters, in one datagram.
const (
	takeSnapshot  = "take"
	tellSnapshots = "tell"
)

// mostSnapshots bounds the snapshots that are kept; the oldest go first.
const mostSnapshots = 16

// snapshots reads the server's counters at the moment when it is asked to, for
// a client that measures. Asking by HTTP would need a thread of the server,
// which may have none to spare in the middle of a load. Instead it waits on a
// Unix datagram socket, on a thread of its own. A snapshot is written out only
// when it is asked for, after the load.
type snapshots struct {
	name  string // of the socket in the abstract name space, with "@" for its first byte
	fd    int
	ended sync.WaitGroup
}

// listenForSnapshots opens the socket. serve starts to use it.
func listenForSnapshots() (*snapshots, error) {
	// The system call, because package crypto/rand sets a timer, which makes the
	// runtime wait for timers and descriptors on one of the server's threads.
	var unique [8]byte
	if _, err := unix.Getrandom(unique[:], 0); err != nil {
		return nil, fmt.Errorf("name the socket for snapshots: %w", err)
	}
	s := &snapshots{name: fmt.Sprintf("@lflab-%d-%x", os.Getpid(), unique)}
	var err error
	if s.fd, err = unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0); err != nil {
		return nil, fmt.Errorf("open the socket for snapshots: %w", err)
	}
	if err := unix.Bind(s.fd, &unix.SockaddrUnix{Name: s.name}); err != nil {
		return nil, errors.Join(fmt.Errorf("name the socket for snapshots: %w", err), unix.Close(s.fd))
	}
	return s, nil
}

// serve obeys messages until close.
func (s *snapshots) serve(server *httpd.Server) {
	s.ended.Go(func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		taken := make([]httpd.Snapshot, 0, mostSnapshots)
		message := make([]byte, len(takeSnapshot)+1)
		for {
			n, from, err := unix.Recvfrom(s.fd, message, 0)
			switch {
			case err == unix.EINTR:
			case err != nil || n == 0 && from == nil: // shut down
				return
			case string(message[:n]) == takeSnapshot:
				now := server.Snapshot()
				if len(taken) == mostSnapshots {
					taken = append(taken[:0], taken[1:]...)
				}
				taken = append(taken, now)
			case string(message[:n]) == tellSnapshots:
				s.tell(server, taken, from)
				taken = taken[:0]
			}
		}
	})
}

// tell sends the snapshots to a client. The client may be gone, or may not
// read.
func (s *snapshots) tell(server *httpd.Server, taken []httpd.Snapshot, to unix.Sockaddr) {
	written := []httpd.Counters{}
	for _, one := range taken {
		written = append(written, server.Counters(one))
	}
	text, err := json.Marshal(written)
	if err != nil {
		panic(fmt.Sprintf("encode the snapshots: %v", err))
	}
	if err := unix.Sendto(s.fd, text, unix.MSG_DONTWAIT, to); err != nil {
		slog.Warn("cannot send snapshots of the counters", "bytes", len(text), "error", err)
	}
}

// close ends serve and waits for it. It may be called on nil, and once.
func (s *snapshots) close() error {
	if s == nil {
		return nil
	}
	err := unix.Shutdown(s.fd, unix.SHUT_RDWR) // wakes the thread
	s.ended.Wait()
	return errors.Join(err, unix.Close(s.fd))
}
