package control

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"lflab/lf/mpm"
)

// The server tells systemd when children serve, when it reads its configuration
// again, and when it stops.
func TestReadiness(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notify")
	heard, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer heard.Close()
	heard.SetReadDeadline(time.Now().Add(patience))
	t.Setenv("NOTIFY_SOCKET", path)
	s := control(t, beat, "StartServers 2\nThreadsPerChild 2\nMinSpareThreads 1\nMaxSpareThreads 9")
	next := func() string {
		t.Helper()
		b := make([]byte, 4096)
		n, err := heard.Read(b)
		if err != nil {
			t.Fatal(err)
		}
		return string(b[:n])
	}
	if got, want := next(), fmt.Sprintf("READY=1\nMAINPID=%d", s.cmd.Process.Pid); got != want {
		t.Errorf("heard %q, want %q", got, want)
	}
	s.signal(unix.SIGUSR1)
	if got := next(); !strings.HasPrefix(got, "RELOADING=1\nMONOTONIC_USEC=") {
		t.Errorf("heard %q", got)
	}
	if got := next(); !strings.HasPrefix(got, "READY=1") {
		t.Errorf("heard %q", got)
	}
	s.configure(t, "Nonsense 1")
	s.signal(unix.SIGUSR1)
	if got := next() + next(); !strings.HasPrefix(got, "RELOADING=1") || !strings.Contains(got, "READY=1") {
		t.Errorf("heard %q", got) // it goes on, and tells systemd that it is ready
	}
	s.signal(unix.SIGTERM)
	if got := next(); got != "STOPPING=1" {
		t.Errorf("heard %q", got)
	}
	s.wait()
}

// A server of one process tells systemd the same.
func TestReadinessAlone(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "notify")
	heard, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer heard.Close()
	heard.SetReadDeadline(time.Now().Add(patience))
	s := runAs(t, order{MPM: "leader"}, func(cmd *exec.Cmd) { cmd.Env = append(cmd.Env, "NOTIFY_SOCKET="+path) })
	next := func() string {
		t.Helper()
		b := make([]byte, 4096)
		n, err := heard.Read(b)
		if err != nil {
			t.Fatal(err)
		}
		return string(b[:n])
	}
	if got, want := next(), fmt.Sprintf("READY=1\nMAINPID=%d", s.cmd.Process.Pid); got != want {
		t.Errorf("heard %q, want %q", got, want)
	}
	s.signal(unix.SIGTERM)
	if got := next(); got != "STOPPING=1" {
		t.Errorf("heard %q", got)
	}
	if status := s.wait(); status != exitDone {
		t.Errorf("exit status %d: %s", status, s.log.String())
	}
}

// passSocket makes the command pass a listening socket as systemd does.
func passSocket(t *testing.T, l net.Listener) func(*exec.Cmd) {
	t.Helper()
	file, err := l.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	return func(cmd *exec.Cmd) {
		// LISTEN_PID must be the pid of the process that executes the server.
		cmd.Args = []string{"/bin/sh", "-c", `LISTEN_PID=$$ exec "$0"`, cmd.Path}
		cmd.Path = "/bin/sh"
		cmd.Env = append(cmd.Env, "LISTEN_FDS=1")
		cmd.ExtraFiles = []*os.File{file}
	}
}

// A server of one process serves on a socket that a service manager has opened,
// and leaves it listening when it stops.
func TestPassedSocketAlone(t *testing.T) {
	everyKind(t, func(t *testing.T, name string) {
		t.Parallel()
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		if kind, err := mpm.Lookup(name); err == nil && kind.ReusePort {
			cmd := exec.Command(os.Args[0])
			cmd.Env = append(os.Environ(), fmt.Sprintf("%s={\"MPM\":%q,\"At\":%q}", serverEnv, name, l.Addr()))
			passSocket(t, l)(cmd)
			out, err := cmd.CombinedOutput()
			if err == nil || !strings.Contains(string(out), "has passed one socket, and 6 are needed") {
				t.Errorf("%v: %s", err, out)
			}
			return
		}
		s := runAs(t, order{MPM: name, At: l.Addr().String()}, passSocket(t, l))
		if got := s.dial().get("/hello"); got != "Hello, World!" {
			t.Errorf("/hello: %q", got)
		}
		s.signal(unix.SIGTERM)
		if status := s.wait(); status != exitDone {
			t.Errorf("exit status %d: %s", status, s.log.String())
		}
		c, err := net.DialTimeout("tcp", l.Addr().String(), patience)
		if err != nil {
			t.Fatalf("the service manager's socket does not listen any more: %v", err)
		}
		c.Close()
	})
}

// A server of one process warns of a passed socket that it does not need.
func TestUnnamedSocketAlone(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	s := runAs(t, order{MPM: "leader"}, passSocket(t, l))
	s.signal(unix.SIGTERM)
	s.wait()
	if got := s.log.String(); !strings.Contains(got, "that no Listen names") || !strings.Contains(got, l.Addr().String()) {
		t.Errorf("the log says %q", got)
	}
}

// The server serves on a socket that a service manager has opened, and leaves
// it listening when it stops.
func TestPassedSocket(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	file, err := l.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	s := prepared(t, fmt.Sprintf("Listen %s\nStartServers 2\nThreadsPerChild 2\nMinSpareThreads 1\nMaxSpareThreads 9", l.Addr()))
	// LISTEN_PID must be the pid of the process that executes the server.
	cmd := exec.Command("/bin/sh", "-c", `LISTEN_PID=$$ exec "$0"`, exe)
	cmd.Env = append(os.Environ(), "LISTEN_FDS=1", serverEnv+"="+fmt.Sprintf(`{"Config":%q,"Beat":%d}`, s.conf, beat))
	cmd.ExtraFiles = []*os.File{file}
	var log bytes.Buffer
	cmd.Stderr = &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = cmd.Process.Kill() // an error means that it has ended
		_ = cmd.Wait()
	}()
	if got := dial(t, l.Addr().String()).get("/hello"); got != "Hello, World!" {
		t.Errorf("/hello: %q", got)
	}
	if err := cmd.Process.Signal(unix.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("the server: %v; %s", err, log.String())
	}
	c, err := net.DialTimeout("tcp", l.Addr().String(), patience)
	if err != nil {
		t.Fatalf("the service manager's socket does not listen any more: %v", err)
	}
	c.Close()
}
