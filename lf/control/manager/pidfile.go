package manager

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// PidFile names a file that holds the process number of the parent. The parent
// has a lock on the file while it lives (F_SETLK of fcntl(2)). The kernel tells
// who has the lock, so a number that a dead server has left, and that another
// process may have by now, is not believed.
type PidFile string

// PidLock is a PidFile that this process has taken.
type PidLock struct {
	name PidFile
	file *os.File // closing any descriptor of the file would release the lock
}

// Take locks the file and writes the number of this process into it. It returns
// an error if a running server has the file. It overwrites a number that was
// left over, and logs that. An empty name means no file.
func (p *PidLock) Take(name PidFile) error {
	if name == "" {
		return nil
	}
	f, err := name.Open(os.O_RDWR | os.O_CREATE)
	if err != nil {
		return err
	}
	lock := unix.Flock_t{Type: unix.F_WRLCK}
	if err := unix.FcntlFlock(f.Fd(), unix.F_SETLK, &lock); err != nil {
		defer f.Close()
		if pid := Holder(f); pid > 0 {
			return fmt.Errorf("PidFile %s: process %d is a running server (stop it with -k stop, or give this one another PidFile)", name, pid)
		}
		return fmt.Errorf("PidFile %s: lock it: %w", name, err)
	}
	if info, err := f.Stat(); err == nil && info.Size() > 0 {
		slog.Warn("overwriting the PidFile: the previous server was not stopped properly", "file", string(name))
	}
	// The number is written before the rest is cut off, and in one write, so
	// that no reader finds a part of it.
	text := fmt.Appendf(nil, "%d\n", os.Getpid())
	if _, err := f.WriteAt(text, 0); err != nil {
		return errors.Join(fmt.Errorf("PidFile: %w", err), f.Close())
	}
	if err := f.Truncate(int64(len(text))); err != nil {
		return errors.Join(fmt.Errorf("PidFile: %w", err), f.Close())
	}
	*p = PidLock{name, f}
	return nil
}

// Remove removes the file, unless another one has taken its place, and gives up
// the lock.
func (p *PidLock) Remove() {
	if p.file == nil {
		return
	}
	defer p.file.Close()
	ours, err := p.file.Stat()
	if err != nil {
		return
	}
	if there, err := os.Stat(string(p.name)); err != nil || !os.SameFile(ours, there) {
		return
	}
	if err := os.Remove(string(p.name)); err != nil {
		slog.Warn("cannot remove PidFile", "error", err)
	}
}

// ErrSpecial is returned for a PidFile that is a pipe, a socket, a device or a
// directory.
var ErrSpecial = errors.New("is not a regular file")

// Open opens the file. It never blocks: it returns ErrSpecial for any other file
// than a regular one, and does not open a device, because that alone may act.
func (f PidFile) Open(flag int) (*os.File, error) {
	special := func(info fs.FileInfo, err error) error {
		if err == nil && !info.Mode().IsRegular() {
			return fmt.Errorf("PidFile %s %w", f, ErrSpecial)
		}
		return nil
	}
	if err := special(os.Stat(string(f))); err != nil {
		return nil, err
	}
	file, err := os.OpenFile(string(f), flag|unix.O_NONBLOCK, 0o644) // it may have become a pipe
	if err != nil {
		return nil, fmt.Errorf("PidFile: %w", err)
	}
	if err := special(file.Stat()); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

// Read returns the number in the file. It does not check the process.
func (f PidFile) Read() (int, error) {
	file, err := f.Open(os.O_RDONLY)
	if err != nil {
		return 0, err
	}
	defer file.Close()
	return f.number(file)
}

// number reads the number in the opened file, which may be much too long.
func (f PidFile) number(file io.Reader) (int, error) {
	text, err := io.ReadAll(io.LimitReader(file, 4096))
	if err != nil {
		return 0, fmt.Errorf("PidFile: %w", err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil || pid < 1 {
		return 0, fmt.Errorf("PidFile %s: %.20q is not a process ID", f, text)
	}
	return pid, nil
}

// Server returns the number of the running server that has locked the file. It
// returns an error if there is none, or if the file holds another number.
func (f PidFile) Server() (int, error) {
	file, err := f.Open(os.O_RDONLY)
	if err != nil {
		return 0, err
	}
	defer file.Close()
	pid, err := f.number(file)
	if err != nil {
		return 0, err
	}
	switch has := Holder(file); {
	case has == 0:
		return 0, fmt.Errorf("PidFile %s: process %d is not a server that has locked it (the server has ended without removing it)", f, pid)
	case has != pid:
		return 0, fmt.Errorf("PidFile %s: it names process %d, but process %d has locked it (it was changed, or the server runs in a container)", f, pid, has)
	}
	return pid, nil
}

// Holder returns the process that has locked the file, or 0.
func Holder(f *os.File) int {
	lock := unix.Flock_t{Type: unix.F_WRLCK}
	if err := unix.FcntlFlock(f.Fd(), unix.F_GETLK, &lock); err != nil || lock.Type == unix.F_UNLCK {
		return 0
	}
	return int(lock.Pid)
}

// Signals holds the signal that -k sends for each argument.
var Signals = map[string]unix.Signal{
	"stop":          unix.SIGTERM,
	"restart":       unix.SIGHUP,
	"graceful":      unix.SIGUSR1,
	"graceful-stop": unix.SIGUSR2,
}

// SendSignal sends the signal for action, an argument of -k, to the parent. It
// refuses a process that has not locked the file.
func SendSignal(f PidFile, action string) error {
	signal, ok := Signals[action]
	if !ok {
		return fmt.Errorf("-k %q (want stop, restart, graceful or graceful-stop)", action)
	}
	pid, err := f.Server()
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("no server to %s: %w", action, err)
	}
	if err != nil {
		return err
	}
	if err := unix.Kill(pid, signal); err != nil {
		return fmt.Errorf("send %v to process %d: %w", signal, pid, err)
	}
	return nil
}

// ParentName is the name that ps shows for a parent.
const ParentName = "lflab-parent"
