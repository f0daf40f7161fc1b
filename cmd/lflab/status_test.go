package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"lflab/lf/scoreboard"
	"lflab/lf/serve"
)

func runStatus(ctx context.Context, stdout io.Writer, args ...string) error {
	cmd := newStatusCommand(stdout)
	cmd.SetArgs(args)
	cmd.SetOut(io.Discard)
	cmd.SetErr(io.Discard)
	cmd.SilenceUsage, cmd.SilenceErrors = true, true
	return cmd.ExecuteContext(ctx)
}

// newBoard makes the scoreboard of a server with one idle thread. Two of its
// processes work, and the third finishes.
func newBoard(t *testing.T, file string) *scoreboard.Board {
	t.Helper()
	b, err := scoreboard.Create(4, 3, file)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() })
	h := b.Header()
	h.MPM.Set("leader")
	h.Primitive.Set("futex")
	h.Generation.Store(2)
	for slot, states := range [][]serve.State{
		{serve.Writing, serve.Writing, serve.Leading}, {serve.Writing, serve.Reading, serve.KeepAlive}, {serve.Writing, serve.Dead, serve.Dead},
	} {
		p := b.Seat(slot, 3, 2)
		p.PID.Store(int32(os.Getpid()))
		p.Connections.Store(int32(slot))
		for i, s := range states {
			b.Row(slot, i).Set(s)
		}
	}
	b.Row(0, 0).Requests.Store(40)
	b.Slot(2).Quiescing.Store(1)
	return b
}

// The status is read from the server's memory, found by its PID file or its
// ScoreBoardFile, without a request.
func TestStatusOfMemory(t *testing.T) {
	dir := t.TempDir()
	pid, file := filepath.Join(dir, "pid"), filepath.Join(dir, "board")
	if err := os.WriteFile(pid, []byte(strconv.Itoa(os.Getpid())+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	newBoard(t, file)
	for _, way := range []string{"--pid-file=" + pid, "--scoreboard=" + file} {
		var out bytes.Buffer
		if err := runStatus(t.Context(), &out, way); err != nil {
			t.Fatal(err)
		}
		self := os.Getpid()
		for _, want := range []string{
			"leader on futex · lflab/", "generation 2\n", "threads      5 busy, 1 idle, 1 finish\n", "requests     40, ",
			fmt.Sprintf("0-2  %d     2     1     0", self), fmt.Sprintf("1-2  %d     3     0     1", self), "stopping\n",
			"0-2\nWW_\n  ^\n1-2\nWRK\n2-2\nG..\n",
		} {
			if !strings.Contains(out.String(), want) {
				t.Errorf("%s: no %q in\n%s", way, want, out.String())
			}
		}
	}
}

// Errors say what is wrong and what to do.
func TestStatusErrors(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	gone := exec.Command("true")
	if err := gone.Run(); err != nil {
		t.Skipf("run true: %v", err)
	}
	old := filepath.Join(dir, "old")
	newBoard(t, old)
	image, err := os.ReadFile(old)
	if err != nil {
		t.Fatal(err)
	}
	image[40]++ // the parent's start time, so that it names another process
	left := write("left", string(image))

	answer := func(code int, text string) string {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(code)
			_, _ = io.WriteString(w, text)
		}))
		t.Cleanup(s.Close)
		return s.URL
	}
	tests := map[string]struct {
		args []string
		want []string
	}{
		"no number":       {[]string{"--pid-file", write("text", "none\n")}, []string{`"none\n" is not a process ID`}},
		"has ended":       {[]string{"--pid-file", write("gone", strconv.Itoa(gone.Process.Pid))}, []string{"does not run", "ended without removing"}},
		"left behind":     {[]string{"--scoreboard", left}, []string{"has ended", "remove the file"}},
		"no board":        {[]string{"--scoreboard", write("short", "x")}, []string{"not a scoreboard"}},
		"not found":       {[]string{answer(404, "")}, []string{"404 Not Found", "status page"}},
		"forbidden":       {[]string{answer(403, "")}, []string{"403 Forbidden", "mod_status must allow it"}},
		"another page":    {[]string{answer(200, "<html>")}, []string{"not a status page for programs", "/server-status?auto"}},
		"nothing to hear": {[]string{"http://127.0.0.1:1"}, []string{"nobody listens", "lflab serve"}},
	}
	for name, tt := range tests {
		err := runStatus(t.Context(), io.Discard, tt.args...)
		if err == nil {
			t.Errorf("%s: no error", name)
			continue
		}
		for _, want := range tt.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v, want %q", name, err, want)
			}
		}
	}
	for _, args := range [][]string{{"--interval", "1ms"}, {"http://a b"}, {"gopher://x"}, {"x", "--pid-file", "y"}, {"--watch", "--json", "-"}} {
		var usage usageError
		if err := runStatus(t.Context(), io.Discard, args...); !errors.As(err, &usage) {
			t.Errorf("%v: %v, want wrong usage", args, err)
		}
	}
}

// countingServer starts a status page that counts 100 requests and 50 hand-offs
// more at each look.
func countingServer(t *testing.T) (url string, looks *atomic.Int64) {
	t.Helper()
	looks = new(atomic.Int64)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n := looks.Add(1)
		if r.URL.Path != "/server-status" || r.URL.RawQuery != "auto" {
			t.Errorf("asked for %s", r.URL)
		}
		fmt.Fprintf(w, "ServerMPM: leader\nUptime: 100\nTotal Accesses: %d\nTotal Handoffs: %d\nBusyWorkers: 1\nIdleWorkers: 1\n"+
			"ThreadLimit: 2\nSlots: 0:7:0:1:%d:%d\nScoreboard: _W\nLeaderFollower: L-\n", 100*n, 50*n, 100*n, 50*n)
	}))
	t.Cleanup(s.Close)
	return s.URL, looks
}

// lines calls done when text has been written to it so many times.
type lines struct {
	all  bytes.Buffer
	text string
	left int
	done context.CancelFunc
}

func (l *lines) Write(p []byte) (int, error) {
	if l.left -= strings.Count(string(p), l.text); l.left <= 0 {
		l.done()
	}
	return l.all.Write(p)
}

func (l *lines) String() string { return l.all.String() }

// The first look shows averages, each later one the rates since the look
// before. Without a terminal, they follow below each other.
func TestStatusWatch(t *testing.T) {
	url, _ := countingServer(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	out := &lines{text: "leader", left: 4, done: cancel}
	if err := runStatus(ctx, out, url, "--watch", "--interval", "10ms"); err != nil {
		t.Fatal(err)
	}
	blocks := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n\nleader")
	if len(blocks) != 4 || strings.Contains(out.String(), "\x1b") {
		t.Fatalf("%d blocks in\n%.2000q", len(blocks), out.String())
	}
	if want := "requests     100, 1.00/s on average\n"; !strings.Contains(blocks[0], want) {
		t.Errorf("no %q in\n%s", want, blocks[0])
	}
	for i, b := range blocks[1:] {
		var requests, rate float64
		_, after, _ := strings.Cut(b, "requests     ")
		if _, err := fmt.Sscanf(after, "%f, %f/s\n", &requests, &rate); err != nil || requests != float64(100*(i+2)) {
			t.Errorf("%v, %v requests in\n%s", err, requests, b)
		}
		// The server counts 100 requests in 10 ms. On a busy machine a look may
		// be late, and the next one then follows sooner.
		if rate <= 1 || rate > 1e6 || strings.Contains(b, "on average") {
			t.Errorf("%v requests/s in\n%s", rate, b)
		}
	}
}

// Watching goes on while the server is gone.
func TestStatusOutlives(t *testing.T) {
	var looks atomic.Int64
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if looks.Add(1) == 2 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		_, _ = io.WriteString(w, "ServerMPM: worker\nScoreboard: _\n")
	}))
	defer s.Close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	out := &lines{text: "worker", left: 2, done: cancel}
	if err := runStatus(ctx, out, s.URL, "--watch", "--interval", "10ms"); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "503 Service Unavailable") {
		t.Errorf("nothing of the failure in\n%s", out.String())
	}
}

// terminal opens a pseudo terminal whose tty has 12 lines.
func openTerminal(t *testing.T) (master, tty *os.File) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("no pseudo-terminal: %v", err)
	}
	t.Cleanup(func() { master.Close() })
	fd := int(master.Fd())
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Skipf("unlock the pseudo-terminal: %v", err)
	}
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	tty, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("no pseudo-terminal: %v", err)
	}
	t.Cleanup(func() { tty.Close() })
	if err := unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: 12, Col: 100}); err != nil {
		t.Fatal(err)
	}
	return master, tty
}

// On a terminal, looks replace each other and do not scroll, the leader is
// marked, and the cursor is visible again at the end.
func TestStatusOnATerminal(t *testing.T) {
	t.Setenv("TERM", "xterm")
	t.Setenv("NO_COLOR", "")
	master, tty := openTerminal(t)
	url, looks := countingServer(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	read := make(chan string)
	go func() {
		var all bytes.Buffer
		for part := make([]byte, 4096); !strings.Contains(all.String(), "\x1b[?25h"); {
			n, err := master.Read(part)
			if all.Write(part[:n]); err != nil {
				break
			}
			if looks.Load() >= 3 {
				cancel()
			}
		}
		read <- all.String()
	}()
	if err := runStatus(ctx, tty, url, "--watch", "--interval", "10ms"); err != nil {
		t.Fatal(err)
	}
	out := <-read
	if !strings.HasPrefix(out, "\x1b[?25l\x1b[H\x1b[2J") || !strings.HasSuffix(out, "\x1b[?25h") {
		t.Errorf("begins %.20q, ends %q", out, out[max(0, len(out)-20):])
	}
	screens := strings.Split(out, "\x1b[H")[2:]
	if len(screens) < 3 {
		t.Errorf("%d looks", len(screens))
	}
	for _, s := range screens[:len(screens)-1] {
		if n := strings.Count(s, "\n"); n > 11 {
			t.Errorf("%d lines on a terminal of 12", n)
		}
		if !strings.Contains(s, "\x1b[37;1;7m_\x1b[0m") || !strings.Contains(s, "\x1b[33;1mW\x1b[0m") {
			t.Errorf("the leader does not stand out in %q", s)
		}
	}

	t.Setenv("NO_COLOR", "1")
	var plain bytes.Buffer
	view := newStatusView(tty)
	view.w = &plain
	if line := view.letter('W', true); line != "W" {
		t.Errorf("with NO_COLOR: %q", line)
	}
}
