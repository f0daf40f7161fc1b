package control

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"lflab/lf/control/manager"
	"lflab/lf/scoreboard"
	"lflab/lf/serve"
	"lflab/lf/thread"
	"lflab/sync/gate"
)

// mutexes returns the values of AcceptMutex.
func mutexes() []string {
	all := []string{"none", "epollexclusive", "reuseport"}
	for _, k := range gate.SharedKinds() {
		all = append(all, k.Name)
	}
	return all
}

// L8: If children are killed, one of which waits for connections and holds the
// accept mutex, the others go on accepting. That holds for each mutex, with
// more than one listener.
func TestKilledHolderStopsNobody(t *testing.T) {
	t.Parallel()
	for _, mutex := range mutexes() {
		for _, name := range []string{"leader", "prefork"} {
			t.Run("mutex="+mutex+"/mpm="+name, func(t *testing.T) {
				t.Parallel()
				before := objects(t)
				s := control(t, beat, "MPM "+name+"\nListen 127.0.0.1:0\nListen 127.0.0.2:0\nAcceptMutex "+mutex+"\nStartServers 3\nMinSpareServers 3\n"+threadsOf(name))
				s.settled(3)
				line, err := s.out.ReadString('\n')
				if err != nil {
					t.Fatal(err)
				}
				second := strings.TrimSpace(strings.TrimPrefix(line, "listening on "))
				for _, victim := range s.children() { // one of them holds it
					kill(t, victim, unix.SIGKILL)
					for _, addr := range []string{s.addr, second} {
						p := dial(t, addr)
						if got := p.get("/hello"); got != "Hello, World!" {
							t.Errorf("/hello: %q", got)
						}
						p.Close()
					}
				}
				s.signal(unix.SIGTERM)
				if status := s.wait(); status != exitDone {
					t.Errorf("exit status %d: %s", status, s.log.String())
				}
				s.leftNothing()
				nothingNew(t, before)
			})
		}
	}
}

// L9, E8, P1: A child ends after MaxConnectionsPerChild connections, however
// many requests each had, and no client notices. 0 means never.
func TestConnectionsPerChild(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"leader", "worker", "event", "prefork", "kernel"} {
		t.Run("mpm="+name, func(t *testing.T) {
			t.Parallel()
			const most = 20
			conf := "MPM " + name + "\nStartServers 1\nMinSpareServers 1\nMaxConnectionsPerChild "
			s := control(t, beat, conf+fmt.Sprint(most)+"\n"+threadsOf(name))
			b := s.settled(1)
			first := s.children()
			kept := s.dial()
			for range 50 { // one connection
				kept.get("/hello")
			}
			kept.Close()
			for range most - 2 {
				p := s.dial()
				p.get("/hello")
				p.Close()
			}
			if now := s.children(); !slices.Contains(now, first[0]) {
				t.Errorf("after %d connections the child is gone: children %v, then %v", most-1, first, now)
			}
			// If a child was busy at a decision, the parent has started another
			// one, which takes a part of the connections.
			made := uint64(most - 1)
			until(t, "the first child to be gone", func() bool {
				p := s.dial()
				if got := p.get("/hello"); got != "Hello, World!" {
					t.Errorf("/hello: %q", got)
				}
				p.Close()
				made++
				// If the first child still lives afterwards, no other one has
				// been in slot 0. If all threads accept at once, each may have
				// one connection more.
				had := uint64(0)
				for i := range b.Rows() {
					had += b.Row(0, i).Connections.Load()
				}
				gone := !alive(first[0])
				if !gone && had > most+2 {
					t.Fatalf("the child lives after %d connections, of %d", had, most)
				}
				return gone
			})
			var all uint64
			until(t, "the counters", func() bool {
				all = 0
				for slot := range b.Slots() {
					for i := range b.Rows() {
						all += b.Row(slot, i).Connections.Load()
					}
				}
				return all >= made-1
			})
			s.configure(t, "Listen 127.0.0.1:0\n"+conf+"0\n"+threadsOf(name))
			old := s.children()
			s.signal(unix.SIGUSR1)
			until(t, "the next generation", func() bool { return !slices.ContainsFunc(old, alive) })
			s.settled(1)
			last := s.children()
			for range 4 * most {
				p := s.dial()
				p.get("/hello")
				p.Close()
			}
			if now := s.children(); slices.ContainsFunc(last, func(pid int) bool { return !slices.Contains(now, pid) }) {
				t.Errorf("with 0 a child was replaced: children %v, then %v", last, now)
			}
		})
	}
}

// The threads of different children are pinned to different CPUs, so children
// of one thread do not all share the first CPU.
func TestPinnedChildren(t *testing.T) {
	t.Parallel()
	cpus := thread.CPUs()
	s := control(t, beat, "MPM kernel\nPinThreads On\nStartServers 2\nThreadsPerChild 3\nMinSpareThreads 1\nMaxSpareThreads 20\nServerLimit 2\nMaxRequestWorkers 6")
	b := s.settled(2)
	for slot := range 2 {
		for id := range 3 {
			var may unix.CPUSet
			if err := unix.SchedGetaffinity(int(b.Row(slot, id).TID.Load()), &may); err != nil {
				t.Fatal(err)
			}
			if want := cpus[(3*slot+id)%len(cpus)]; may.Count() != 1 || !may.IsSet(want) {
				t.Errorf("thread %d of slot %d may run on %d CPUs, want CPU %d alone", id, slot, may.Count(), want)
			}
		}
	}
	if got := s.dial().get("/hello"); got != "Hello, World!" {
		t.Errorf("/hello: %q", got)
	}
}

// L12: A child that runs out of descriptors exits with childSick. Another one
// takes its place, and the server goes on.
func TestChildWithoutDescriptorsIsReplaced(t *testing.T) {
	t.Parallel()
	s := control(t, beat, "MPM leader\nStartServers 1\n"+threadsOf("leader"))
	b := s.settled(1)
	sick := s.children()[0]
	limit := unix.Rlimit{Cur: 3, Max: 3}
	if err := unix.Prlimit(sick, unix.RLIMIT_NOFILE, &limit, nil); err != nil {
		t.Fatal(err)
	}
	// The thread that waits in accept4 already has a descriptor for the next
	// connection.
	s.dial().get("/hello")
	p := s.dial()
	if got := p.get("/hello"); got != "Hello, World!" { // the next child answers
		t.Errorf("/hello: %q", got)
	}
	until(t, "the sick child to be gone", func() bool { return !alive(sick) })
	s.logged("exit status 7")
	if b.Summary().Processes == 0 {
		t.Error("no child is left")
	}
}

// C12: Each letter appears on the scoreboard.
func TestLetters(t *testing.T) {
	t.Parallel()
	s := control(t, beat, "MPM event\nDeferAccept Off\nStartServers 1\nThreadsPerChild 4\nMinSpareThreads 1\nMaxSpareThreads 20\nServerLimit 4\nMaxRequestWorkers 8")
	b := s.settled(1)
	shows := func(letter string) {
		t.Helper()
		for end := time.Now().Add(patience); !strings.Contains(board(b), letter); {
			if time.Now().After(end) {
				t.Fatalf("%s is not in %s", letter, board(b))
			}
		}
	}
	shows("_")
	shows(".")
	busy := s.dial()
	busy.send("/sleep?ms=60000")
	shows("W")
	// While one child finishes, others start. That is over so soon that only
	// some restarts show it.
	seen := make(chan bool, 1)
	go func() { seen <- seesStart(b) }()
	for looking := true; looking; {
		generation := b.Header().Generation.Load()
		s.signal(unix.SIGUSR1)
		until(t, "the next generation", func() bool { return b.Header().Generation.Load() > generation })
		select {
		case found := <-seen:
			if looking = false; !found {
				t.Error("S is never seen")
			}
		default:
		}
	}
	shows("G")
	s.signal(unix.SIGTERM)
	s.wait()

	// With worker a connection stays with its thread, which waits with it.
	s = control(t, beat, "MPM worker\nDeferAccept Off\nStartServers 1\nThreadsPerChild 4\nMinSpareThreads 1\nMaxSpareThreads 20")
	b = s.settled(1)
	p := s.dial()
	if _, err := io.WriteString(p, "GET /hel"); err != nil {
		t.Fatal(err)
	}
	shows("R")
	if _, err := io.WriteString(p, "lo HTTP/1.1\r\nHost: a\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	p.answer()
	shows("K")
	// The server reads a refused body for a while, because closing at once
	// could destroy the answer.
	if _, err := io.WriteString(p, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999\r\n\r\nabc"); err != nil {
		t.Fatal(err)
	}
	if res, _ := p.answer(); res.StatusCode != 413 {
		t.Errorf("a body of 100 MB: %s", res.Status)
	}
	shows("C")
}

// seesStart watches the rows until one shows a thread that starts.
func seesStart(b *scoreboard.Board) bool {
	for end := time.Now().Add(patience); time.Now().Before(end); {
		for slot := range b.Slots() {
			for i := range b.Rows() {
				if b.Row(slot, i).State.Load() == uint32(serve.Starting) {
					return true
				}
			}
		}
	}
	return false
}

// The four commands reach the server through its PidFile. The errors for a
// PidFile that is missing and for one with another process's number differ.
func TestCommands(t *testing.T) {
	t.Parallel()
	s := control(t, beat, "StartServers 1\n"+threadsOf("leader"))
	b := s.settled(1)
	file := manager.PidFile(s.pidFile)
	for i, action := range []string{"graceful", "restart"} {
		if err := manager.SendSignal(file, action); err != nil {
			t.Fatal(err)
		}
		until(t, action, func() bool { return b.Header().Generation.Load() == uint32(i+1) })
		s.settled(1)
	}
	if err := manager.SendSignal(file, "pause"); err == nil || !strings.Contains(err.Error(), "pause") {
		t.Errorf("an unknown command: %v", err)
	}
	// The file holds the number of another server, which has not locked it.
	other := control(t, beat, "StartServers 1\n"+threadsOf("leader"))
	other.settled(1)
	if err := writeFile(s.pidFile, fmt.Sprintln(other.cmd.Process.Pid)); err != nil {
		t.Fatal(err)
	}
	if err := manager.SendSignal(file, "stop"); err == nil || !strings.Contains(err.Error(), fmt.Sprint("process ", s.cmd.Process.Pid, " has locked it")) {
		t.Errorf("another server's number: %v", err)
	}
	if err := writeFile(s.pidFile, fmt.Sprintln(s.cmd.Process.Pid)); err != nil {
		t.Fatal(err)
	}
	// A second server refuses to take the file over.
	second := prepared(t, "Listen 127.0.0.1:0\nStartServers 1\n"+threadsOf("leader"))
	second.pidFile = s.pidFile
	second.configure(t, "Listen 127.0.0.1:0\nStartServers 1\n"+threadsOf("leader"))
	if out, status := once(t, second.conf); status != exitError || !strings.Contains(out, "is a running server") {
		t.Errorf("a second server with the same PidFile: status %d, %s", status, out)
	}
	if err := manager.SendSignal(file, "graceful-stop"); err != nil {
		t.Fatal(err)
	}
	if status := s.wait(); status != exitDone {
		t.Errorf("exit status %d", status)
	}
	if err := manager.SendSignal(file, "stop"); err == nil || !strings.Contains(err.Error(), "no server to stop") {
		t.Errorf("without a server: %v", err)
	}
	// The file holds the number of a process that is no server.
	if err := writeFile(s.pidFile, "1\n"); err != nil {
		t.Fatal(err)
	}
	if err := manager.SendSignal(file, "stop"); err == nil || !strings.Contains(err.Error(), "process 1 is not a server that has locked it") {
		t.Errorf("somebody else's number: %v", err)
	}
	if err := writeFile(s.pidFile, "stop\n"); err != nil {
		t.Fatal(err)
	}
	if err := manager.SendSignal(file, "stop"); err == nil || !strings.Contains(err.Error(), "is not a process ID") {
		t.Errorf("no number: %v", err)
	}
}

// A bad configuration at the start is refused with its place and reason, exit
// status 1, and no child.
func TestBadConfigurationAtStart(t *testing.T) {
	t.Parallel()
	for conf, why := range map[string]string{
		"Listen 127.0.0.1:0\nStartServer 2":                       `conf:5: unknown directive "StartServer"`,
		"ThreadsPerChild 2":                                       "no Listen",
		"Listen 127.0.0.1:0\nThreadsPerChild many":                "conf:5: ThreadsPerChild many",
		"Listen 127.0.0.1:0\nAcceptMutex semaphore":               "conf:5: AcceptMutex semaphore",
		"Listen 127.0.0.1:7777\nListen 127.0.0.1:7777":            "conf:5: Listen 127.0.0.1:7777",
		"Listen 127.0.0.1:0\nMPM winnt":                           "winnt",
		"Listen 192.0.2.1:80\nStartServers 1\nThreadsPerChild 2":  "192.0.2.1:80",
		"Listen 127.0.0.1:0\nScoreBoardFile /no/such/place/board": "/no/such/place/board",
	} {
		s := prepared(t, "# Listen \n"+conf)
		out, status := once(t, s.conf)
		if status != exitError || !strings.Contains(out, why) {
			t.Errorf("%q: status %d, %q, want %q in it", conf, status, out, why)
		}
		if strings.Contains(out, "server is up") {
			t.Errorf("%q: the server came up: %s", conf, out)
		}
		s.process = &process{t: t}
		if _, err := manager.PidFile(s.pidFile).Read(); err == nil {
			t.Errorf("%q: a PidFile was left", conf)
		}
	}
}
