package control

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"lflab/lf/control/manager"
	"lflab/lf/scoreboard"
)

// served is a running control process with the paths of its files.
type served struct {
	*process
	conf, pidFile, board string
}

// beat is the usual ParentOptions.Beat in these tests.
const beat = 50 * time.Millisecond

// control starts a control process. The configuration gets a port, a PidFile
// and a ScoreBoardFile.
func control(t testing.TB, beat time.Duration, conf string) *served {
	t.Helper()
	s := prepared(t, conf)
	s.process = run(t, order{Config: s.conf, Beat: beat})
	return s
}

// prepared writes the configuration but does not start the process.
func prepared(t testing.TB, conf string) *served {
	t.Helper()
	dir := t.TempDir()
	s := &served{conf: filepath.Join(dir, "conf"), pidFile: filepath.Join(dir, "pid"), board: filepath.Join(dir, "board")}
	if !strings.Contains(conf, "Listen ") {
		conf = "Listen 127.0.0.1:0\n" + conf
	}
	s.configure(t, conf)
	return s
}

// configure replaces the configuration.
func (s *served) configure(t testing.TB, conf string) {
	t.Helper()
	text := fmt.Sprintf("PidFile %s\nScoreBoardFile %s\n%s\n", s.pidFile, s.board, conf)
	if err := os.WriteFile(s.conf, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// children returns the pids of the parent's children.
func (s *served) children() (pids []int) {
	pid := s.cmd.Process.Pid
	tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, file := range tasks {
		text, _ := os.ReadFile(file) // the file is gone if the thread has ended
		for _, f := range strings.Fields(string(text)) {
			if child, err := strconv.Atoi(f); err == nil && alive(child) {
				pids = append(pids, child)
			}
		}
	}
	slices.Sort(pids)
	return pids
}

// alive reports whether the process exists and is no zombie.
func alive(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	_, rest, _ := strings.Cut(string(stat), ") ")
	return !strings.HasPrefix(rest, "Z") && !strings.HasPrefix(rest, "X")
}

// look maps the scoreboard.
func (s *served) look() *scoreboard.Board {
	s.t.Helper()
	b, err := scoreboard.OpenFile(s.board)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { b.Close() })
	return b
}

// settled waits until so many children serve and none finishes. It returns the
// scoreboard.
func (s *served) settled(children int) *scoreboard.Board {
	s.t.Helper()
	b := s.look()
	for end := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		sum := b.Summary()
		if sum.Processes == children && sum.Stopping == 0 && sum.Starting == 0 {
			return b
		}
		if time.Now().After(end) {
			s.t.Fatalf("waited %v for %d children to serve: %+v; the log says:\n%s", patience, children, sum, s.log.String())
		}
	}
}

// logged waits until the log contains text.
func (s *served) logged(text string) {
	s.t.Helper()
	for end := time.Now().Add(patience); !strings.Contains(s.log.String(), text); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			s.t.Fatalf("waited %v for the log to say %q; it says:\n%s", patience, text, s.log.String())
		}
	}
}

func kill(t testing.TB, pid int, signal syscall.Signal) {
	t.Helper()
	if err := unix.Kill(pid, signal); err != nil {
		t.Fatal(err)
	}
}

// C1: StartServers children serve, but no more than the limit.
func TestStartServers(t *testing.T) {
	t.Parallel()
	for conf, want := range map[string]int{
		"StartServers 3\nThreadsPerChild 4\nMinSpareThreads 1\nMaxSpareThreads 100":                                     3,
		"StartServers 9\nServerLimit 2\nThreadsPerChild 4\nMaxRequestWorkers 8\nMinSpareThreads 1\nMaxSpareThreads 100": 2,
		"MPM prefork\nStartServers 4\nMinSpareServers 1\nMaxSpareServers 20":                                            4,
	} {
		s := control(t, beat, conf)
		b := s.settled(want)
		if got := len(s.children()); got != want {
			t.Errorf("%s: %d children, want %d", conf, got, want)
		}
		if n := b.Summary().Idle; n == 0 {
			t.Errorf("%s: no idle thread in %d children", conf, want)
		}
		s.signal(unix.SIGTERM)
		if status := s.wait(); status != exitDone {
			t.Errorf("exit status %d: %s", status, s.log.String())
		}
		s.leftNothing()
	}
}

// leftNothing checks that a server that has ended has left nothing behind.
func (s *served) leftNothing() {
	s.t.Helper()
	for _, file := range []string{s.pidFile, s.board} {
		if _, err := os.Stat(file); err == nil {
			s.t.Errorf("%s is still there", file)
		}
	}
	if left := s.children(); len(left) > 0 {
		s.t.Errorf("children %v are left", left)
	}
}

// C3: While too many threads are idle, one child at a time is told to finish.
func TestSurplusRetires(t *testing.T) {
	t.Parallel()
	s := control(t, beat, "StartServers 6\nThreadsPerChild 4\nMinSpareThreads 4\nMaxSpareThreads 9\nMaxRequestWorkers 24")
	s.settled(2)
	retired := func() int { return strings.Count(s.log.String(), "retires") }
	until(t, "the log to tell of four", func() bool { return retired() >= 4 })
	if n := retired(); n != 4 {
		t.Errorf("%d children were told to retire, want 4: %s", n, s.log.String())
	}
}

// C4: Under unlimited load, there are no more children than MaxRequestWorkers
// allows. C5: The log says so once.
func TestNeverMoreThanTheLimit(t *testing.T) {
	t.Parallel()
	s := control(t, beat, "StartServers 1\nThreadsPerChild 2\nMinSpareThreads 2\nMaxSpareThreads 5\nMaxRequestWorkers 6\nServerLimit 3")
	s.settled(1)
	var busy []*peer
	for range 12 {
		p := s.dial()
		p.send("/sleep?ms=2500")
		busy = append(busy, p)
	}
	most := 0
	b := s.look()
	until(t, "all workers to be busy", func() bool {
		most = max(most, len(s.children()))
		return b.Summary().Busy == 6
	})
	for _, p := range busy {
		p.answer()
		p.Close()
		most = max(most, len(s.children()))
	}
	if most > 3 {
		t.Errorf("%d children, want 3 at most", most)
	}
	if n := strings.Count(s.log.String(), "MaxRequestWorkers is reached"); n != 1 {
		t.Errorf("said %d times: %s", n, s.log.String())
	}
}

// C7: A child that is killed is replaced, the log names the signal, and the
// others go on.
func TestKilledChildIsReplaced(t *testing.T) {
	t.Parallel()
	for _, signal := range []syscall.Signal{unix.SIGKILL, unix.SIGSEGV} {
		s := control(t, time.Second, "StartServers 3\nThreadsPerChild 2\nMinSpareThreads 6\nMaxSpareThreads 20")
		b := s.settled(3)
		time.Sleep(tooSoon) // so that the child has not died at once
		before := s.children()
		kill(t, before[1], signal)
		until(t, "another child in its place", func() bool {
			now := s.children()
			return len(now) == 3 && !slices.Contains(now, before[1]) && b.Summary().Starting == 0 && b.Summary().Processes == 3
		})
		if now := s.children(); !slices.Contains(now, before[0]) || !slices.Contains(now, before[2]) {
			t.Errorf("children %v before, %v after", before, now)
		}
		if got := s.dial().get("/hello"); got != "Hello, World!" {
			t.Errorf("/hello: %q", got)
		}
		s.logged("child died")
		s.logged(map[syscall.Signal]string{unix.SIGKILL: "signal killed", unix.SIGSEGV: "exit status 2"}[signal]) // the Go runtime catches the latter
	}
}

// Children that die at once are not replaced as fast as they die.
func TestDyingAtOnceIsHeldBack(t *testing.T) {
	t.Parallel()
	s := control(t, beat, "StartServers 2\nThreadsPerChild 2\nMinSpareThreads 4\nMaxSpareThreads 20")
	s.settled(2)
	// A child that has served does not count as dead at once, so children are
	// killed until one had not served. TestGrief tests the length of the pause.
	until(t, "the parent to hold back", func() bool {
		for _, pid := range s.children() {
			_ = unix.Kill(pid, unix.SIGKILL) // an error means that it is gone
		}
		return strings.Contains(s.log.String(), "children die at once")
	})
	b := s.look()
	until(t, "the server to come to life again", func() bool {
		sum := b.Summary()
		return sum.Processes >= 2 && sum.Idle >= 4 && sum.Starting == 0
	})
}

// C8: If no child can serve, the server ends and leaves the PidFile.
func TestFatalChildEndsTheServer(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("needs children of another user than the parent: only root can")
	}
	root := t.TempDir()
	if err := os.Chmod(root, 0o700); err != nil {
		t.Fatal(err)
	}
	s := prepared(t, fmt.Sprintf("StartServers 3\nThreadsPerChild 2\nMinSpareThreads 1\nMaxSpareThreads 9\nUser nobody\nDocumentRoot %s", root))
	out, status := once(t, s.conf)
	if status != exitError || !strings.Contains(out, "document root") || !strings.Contains(out, "no child can serve") {
		t.Errorf("exit status %d: %s", status, out)
	}
	if _, err := manager.PidFile(s.pidFile).Read(); err != nil {
		t.Error(err)
	}
}

// If children have served a DocumentRoot that is missing for a while, the
// server goes on, and children that start meanwhile serve, too.
func TestDocumentRootAwayForAMoment(t *testing.T) {
	t.Parallel()
	for _, what := range []string{"DocumentRoot", "CoreDumpDirectory"} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "dir")
			if err := os.Mkdir(dir, 0o755); err != nil {
				t.Fatal(err)
			}
			s := control(t, beat, fmt.Sprintf("StartServers 2\nThreadsPerChild 2\nMinSpareThreads 3\nMaxSpareThreads 9\n%s %s", what, dir))
			b := s.settled(2)
			if err := os.Rename(dir, dir+".away"); err != nil {
				t.Fatal(err)
			}
			kill(t, s.children()[0], unix.SIGKILL)
			if what == "DocumentRoot" {
				s.logged("files are not served until it can be")
			} else {
				s.logged("children die at once")
			}
			if got := s.dial().get("/hello"); got != "Hello, World!" {
				t.Errorf("/hello: %q", got)
			}
			if err := os.Rename(dir+".away", dir); err != nil {
				t.Fatal(err)
			}
			until(t, "two children", func() bool { sum := b.Summary(); return sum.Processes == 2 && sum.Starting == 0 })
		})
	}
}

// C9: TERM ends all children. A child that does not obey gets three SIGTERMs
// and then SIGKILL.
func TestStopIsBounded(t *testing.T) {
	if testing.Short() {
		t.Skip("takes the nine seconds that httpd gives a child: not with -short")
	}
	t.Parallel()
	s := control(t, time.Second, "StartServers 2\nThreadsPerChild 2\nMinSpareThreads 1\nMaxSpareThreads 9")
	s.settled(2)
	deaf := s.children()[0]
	kill(t, deaf, unix.SIGSTOP)
	began := time.Now()
	s.signal(unix.SIGTERM)
	if status := s.wait(); status != exitDone {
		t.Errorf("exit status %d", status)
	}
	if took := time.Since(began); took < 8*time.Second { // the steps add up to 9 s
		t.Errorf("took %v", took)
	}
	if n := strings.Count(s.log.String(), "sending SIGTERM"); n != 3 {
		t.Errorf("%d SIGTERMs: %s", n, s.log.String())
	}
	if !strings.Contains(s.log.String(), "killing it") {
		t.Error("the log says nothing of SIGKILL")
	}
	s.leftNothing()
}

// W4: A stop at once cuts the connections in service and does not wait for
// them.
func TestHardStopCuts(t *testing.T) {
	t.Parallel()
	s := control(t, beat, "StartServers 2\nThreadsPerChild 2\nMinSpareThreads 1\nMaxSpareThreads 9")
	b := s.settled(2)
	busy, slow := s.dial(), s.dial()
	busy.send("/sleep?ms=60000") // longer than the test waits for the end
	slow.send("/bytes?n=100000000")
	until(t, "both to be in service", func() bool { return b.Summary().Busy == 2 })
	s.signal(unix.SIGTERM)
	if status := s.wait(); status != exitDone {
		t.Errorf("exit status %d", status)
	}
	if log := s.log.String(); strings.Contains(log, "does not end") {
		t.Errorf("a child was reminded: %s", log)
	}
	s.leftNothing()
}

// C10: HUP resets the counters, USR1 keeps them, and both begin a new
// generation.
func TestGenerations(t *testing.T) {
	t.Parallel()
	s := control(t, beat, "StartServers 2\nThreadsPerChild 2\nMinSpareThreads 1\nMaxSpareThreads 9")
	b := s.settled(2)
	connections := func() (n uint64) {
		for slot := range b.Slots() {
			for i := range b.Rows() {
				n += b.Row(slot, i).Connections.Load()
			}
		}
		return n
	}
	for range 10 {
		p := s.dial()
		p.get("/hello")
		p.Close()
	}
	until(t, "10 connections", func() bool { return connections() == 10 })
	for want, signal := range []syscall.Signal{unix.SIGUSR1, unix.SIGHUP} {
		old := s.children()
		s.signal(signal)
		until(t, "the next generation", func() bool {
			return b.Header().Generation.Load() == uint32(want+1) && !slices.ContainsFunc(old, alive)
		})
		s.settled(2)
		if n := connections(); signal == unix.SIGUSR1 && n != 10 || signal == unix.SIGHUP && n != 0 {
			t.Errorf("after %v: %d connections", signal, n)
		}
		if got := s.dial().get("/hello"); got != "Hello, World!" {
			t.Errorf("/hello: %q", got)
		}
		if signal == unix.SIGUSR1 {
			// The last /hello is counted, too.
			until(t, "11 connections", func() bool { return connections() == 11 })
			for slot := range b.Slots() {
				for i := range b.Rows() {
					_ = b.Row(slot, i)
				}
			}
			continue
		}
	}
}

// C11: After WINCH the server accepts no more connections and finishes requests
// in flight.
func TestGracefulStop(t *testing.T) {
	t.Parallel()
	s := control(t, beat, "StartServers 2\nThreadsPerChild 2\nMinSpareThreads 1\nMaxSpareThreads 9")
	b := s.settled(2)
	idle, busy := s.dial(), s.dial()
	idle.get("/hello")
	busy.send("/sleep?ms=3000")
	until(t, "the request to be in flight", func() bool { return b.Summary().Busy >= 1 && strings.Contains(board(b), "W") })
	s.signal(unix.SIGWINCH)
	s.refuses()
	if res, body := busy.answer(); res.StatusCode != 200 || body != "slept\n" {
		t.Errorf("the request in flight: %s, %q", res.Status, body)
	}
	if status := s.wait(); status != exitDone {
		t.Errorf("exit status %d: %s", status, s.log.String())
	}
	s.leftNothing()
}

// board returns the letters of all rows that are in use.
func board(b *scoreboard.Board) string { return b.Status().Scoreboard }

// C11: GracefulShutdownTimeout bounds a graceful stop, and TERM cuts it short.
func TestGracefulStopIsBounded(t *testing.T) {
	t.Parallel()
	for _, term := range []bool{false, true} {
		timeout := 1
		if term {
			timeout = 0 // no limit
		}
		s := control(t, beat, fmt.Sprintf("StartServers 1\nThreadsPerChild 2\nMinSpareThreads 1\nMaxSpareThreads 9\nGracefulShutdownTimeout %d", timeout))
		b := s.settled(1)
		busy := s.dial()
		busy.send("/sleep?ms=60000")
		until(t, "the request to be in flight", func() bool { return b.Summary().Busy == 1 })
		s.signal(unix.SIGWINCH)
		s.refuses()
		if term {
			s.signal(unix.SIGTERM)
		}
		// The request would last longer than the test waits for the end.
		if status := s.wait(); status != exitDone {
			t.Errorf("exit status %d: %s", status, s.log.String())
		}
		s.leftNothing()
	}
}

// L10: A graceful restart without traffic ends every old child, in whichever
// system call it waits.
func TestIdleGracefulRestart(t *testing.T) {
	t.Parallel()
	everyKind(t, func(t *testing.T, name string) {
		t.Parallel()
		s := control(t, time.Second, "MPM "+name+"\nStartServers 2\n"+threadsOf(name))
		s.settled(2)
		old := s.children()
		s.signal(unix.SIGUSR1)
		until(t, "the old children to be gone", func() bool { return !slices.ContainsFunc(old, alive) })
		s.settled(2)
		if got := s.dial().get("/hello"); got != "Hello, World!" {
			t.Errorf("/hello: %q", got)
		}
	})
}

// threadsOf returns directives for small children of that architecture.
func threadsOf(name string) string {
	if name == "prefork" {
		return "MinSpareServers 1\nMaxSpareServers 20"
	}
	return "ThreadsPerChild 2\nMinSpareThreads 1\nMaxSpareThreads 50"
}

// A bad configuration at a restart changes nothing, whether the parser, the
// sockets or a child refuses it.
func TestBadConfigurationAtRestart(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	const good = "StartServers 2\nThreadsPerChild 2\nMinSpareThreads 1\nMaxSpareThreads 9\n"
	s := control(t, beat, "Listen 127.0.0.1:0\n"+good)
	s.settled(2)
	before := s.children()
	for _, c := range []struct{ conf, why string }{
		{"Listen 127.0.0.1:0\nThreadsPerChildren 2", "ThreadsPerChildren"},
		{"Listen 127.0.0.1:0\nListen " + taken.Addr().String() + "\n" + good, "address already in use"},
		{"Listen 127.0.0.1:0\n<User daemon>\nListen 127.0.0.2:0\n</User>\n" + good, "cannot add it"},
		{"Listen 127.0.0.1:0\nOrder random\n" + good, "random"},
	} {
		s.configure(t, c.conf)
		s.signal(unix.SIGUSR1)
		s.logged(c.why)
		if now := s.children(); !slices.Equal(now, before) {
			t.Errorf("%s: children %v, before %v", c.why, now, before)
		}
		if got := s.dial().get("/hello"); got != "Hello, World!" {
			t.Errorf("/hello: %q", got)
		}
	}
	if n := strings.Count(s.log.String(), "keeps its present one"); n != 4 {
		t.Errorf("said %d times: %s", n, s.log.String())
	}
}

// If the first child of a new generation cannot open the DocumentRoot, although
// the parent could, the old generation goes on.
func TestChildRefusesConfigurationAtRestart(t *testing.T) {
	t.Parallel()
	gone := filepath.Join(t.TempDir(), "root")
	if err := os.Mkdir(gone, 0o755); err != nil {
		t.Fatal(err)
	}
	const good = "StartServers 2\nThreadsPerChild 2\nMinSpareThreads 1\nMaxSpareThreads 9\nListen 127.0.0.1:0\n"
	s := control(t, beat, good)
	s.settled(2)
	before := s.children()
	// The children's user may not search the directory, but the parent's may.
	if os.Geteuid() != 0 {
		t.Skip("needs children of another user than the parent: only root can")
	}
	if err := os.Chmod(gone, 0o700); err != nil {
		t.Fatal(err)
	}
	s.configure(t, good+"User nobody\nDocumentRoot "+gone)
	s.signal(unix.SIGUSR1)
	s.logged("keeps its present one")
	if !strings.Contains(s.log.String(), "permission denied") {
		t.Errorf("the log does not say why: %s", s.log.String())
	}
	b := s.settled(2)
	if now := s.children(); !slices.Equal(now, before) || b.Header().Generation.Load() != 0 {
		t.Errorf("children %v of generation %d, before %v", now, b.Header().Generation.Load(), before)
	}
	// A good configuration is taken afterwards.
	s.configure(t, good)
	s.signal(unix.SIGUSR1)
	until(t, "the next generation", func() bool { return !slices.ContainsFunc(before, alive) })
	s.settled(2)
	if got := s.dial().get("/hello"); got != "Hello, World!" {
		t.Errorf("/hello: %q", got)
	}
}

// If the control process is killed, its children finish their connections and
// end.
func TestOrphansFinish(t *testing.T) {
	t.Parallel()
	s := control(t, beat, "StartServers 2\nThreadsPerChild 2\nMinSpareThreads 1\nMaxSpareThreads 9")
	b := s.settled(2)
	busy := s.dial()
	busy.send("/sleep?ms=3000")
	until(t, "the request to be in flight", func() bool { return b.Summary().Busy == 1 })
	children := s.children()
	s.signal(unix.SIGKILL)
	s.wait()
	if _, body := busy.answer(); body != "slept\n" {
		t.Errorf("the request in flight: %q", body)
	}
	until(t, "the children to end", func() bool { return !slices.ContainsFunc(children, alive) })
}

// once runs a control process that must end by itself, and returns its output
// and exit status.
func once(t *testing.T, conf string) (said string, status int) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, exe)
	cmd.Env = append(os.Environ(), serverEnv+"="+fmt.Sprintf(`{"Config":%q,"Beat":%d}`, conf, beat))
	out, _ := cmd.CombinedOutput() // the exit status shows it
	return string(out), cmd.ProcessState.ExitCode()
}

func writeFile(path, text string) error { return os.WriteFile(path, []byte(text), 0o644) }
