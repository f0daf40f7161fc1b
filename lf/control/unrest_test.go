package control

import (
	"context"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptrace"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// crowd runs clients, each with one connection at a time.
type crowd struct {
	t        *testing.T
	pause    time.Duration // after each answer
	stop     atomic.Bool
	all      sync.WaitGroup
	answered atomic.Int64

	mu     sync.Mutex
	failed map[string]error // by the connection's local port
}

// gather starts each clients that keep their connection, and as many that open
// a new one for each request.
func gather(t *testing.T, each int, pause time.Duration, addrs ...string) *crowd {
	c := &crowd{t: t, pause: pause, failed: map[string]error{}}
	for i := range 2 * each {
		transport := &http.Transport{DisableKeepAlives: i%2 == 1, MaxIdleConnsPerHost: 1}
		client := &http.Client{Transport: transport, Timeout: patience}
		url := "http://" + addrs[i/2%len(addrs)] + "/bytes?n=20000"
		c.all.Go(func() {
			defer transport.CloseIdleConnections()
			for !c.stop.Load() {
				c.ask(client, url)
				time.Sleep(c.pause)
			}
		})
	}
	return c
}

func (c *crowd) ask(client *http.Client, url string) {
	port := ""
	trace := &httptrace.ClientTrace{GotConn: func(info httptrace.GotConnInfo) {
		_, port, _ = net.SplitHostPort(info.Conn.LocalAddr().String())
	}}
	req, err := http.NewRequestWithContext(httptrace.WithClientTrace(context.Background(), trace), http.MethodGet, url, nil)
	if err != nil {
		panic(err)
	}
	res, err := client.Do(req)
	if err == nil {
		var n int64
		n, err = io.Copy(io.Discard, res.Body)
		res.Body.Close()
		if err == nil && (res.StatusCode != 200 || n != 20000) {
			err = fmt.Errorf("%s, %d bytes", res.Status, n)
		}
	}
	if err != nil {
		c.mu.Lock()
		c.failed[port] = err
		c.mu.Unlock()
		return
	}
	c.answered.Add(1)
}

// more waits until that many more requests have been answered.
func (c *crowd) more(requests int64) {
	c.t.Helper()
	goal := c.answered.Load() + requests
	until(c.t, "more requests to be answered", func() bool { return c.answered.Load() >= goal })
}

// failures returns the failures since its last call.
func (c *crowd) failures() map[string]error {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := maps.Clone(c.failed)
	clear(c.failed)
	return all
}

func (c *crowd) leave() {
	c.stop.Store(true)
	c.all.Wait()
}

// Keep-alive and closing clients use two listeners. Graceful restarts and
// other configurations lose no request, killed children lose only those of
// their own connections, and nothing is left at the end. One architecture has
// followers, the other has none.
func TestUnrest(t *testing.T) {
	for _, name := range []string{"leader", "event"} {
		t.Run("mpm="+name, func(t *testing.T) { unrest(t, name, 1, 1, 2, 2, 2*time.Millisecond) })
	}
}

// unrest restarts the server, then once with each of so many other
// configurations, and then kills children. There are clientsOfEach clients of
// each kind, which pause after an answer.
func unrest(t *testing.T, name string, restarts, others, kills, clientsOfEach int, pause time.Duration) {
	conf := func(rest string) string {
		threads := "StartServers 4\nThreadsPerChild 16\nMinSpareThreads 16\nMaxSpareThreads 64\nMaxRequestWorkers 96\nServerLimit 12\n"
		if name == "prefork" {
			threads = "StartServers 24\nMinSpareServers 4\nMaxSpareServers 40\nMaxRequestWorkers 64\nServerLimit 128\n"
		}
		return "MPM " + name + "\nListen 127.0.0.1:0\nListen 127.0.0.2:0\n" + threads + rest
	}
	before := objects(t)
	s := control(t, beat, conf(""))
	defer func() {
		if t.Failed() {
			t.Logf("the server's log: %s", s.log.String())
		}
	}()
	line, err := s.out.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	second := strings.TrimSpace(strings.TrimPrefix(line, "listening on "))
	b := s.look()
	descriptors := func() int {
		entries, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", s.cmd.Process.Pid))
		if err != nil {
			t.Fatal(err)
		}
		return len(entries) - len(s.children())
	}
	held := descriptors()
	clients := gather(t, clientsOfEach, pause, s.addr, second)
	defer clients.leave()
	clients.more(200)

	turn := func() {
		generation, old := b.Header().Generation.Load(), s.children()
		s.signal(unix.SIGUSR1)
		until(t, "the next generation", func() bool { return b.Header().Generation.Load() > generation })
		clients.more(100)
		until(t, "the old generation to end", func() bool { return !slices.ContainsFunc(old, alive) })
	}
	configurations := [...]string{
		"AcceptMutex sysvsem", "AcceptMutex pthread\nMaxConnectionsPerChild 500", "AcceptMutex posixsem\nKeepAliveTimeout 1",
		"AcceptMutex flock\nMaxKeepAliveRequests 10", "AcceptMutex fcntl\nGracefulRestartTimeout 10",
	}
	for i := range restarts + others {
		if i >= restarts {
			other := configurations[i-restarts]
			if name == "kernel" { // it takes no gate, because all its threads accept at once
				other = "KeepAliveTimeout " + strconv.Itoa(i)
			}
			s.configure(t, conf(other))
		}
		turn()
	}
	for port, err := range clients.failures() {
		t.Errorf("restarts lost a request from port %s: %v", port, err)
	}
	if log := s.log.String(); strings.Contains(log, "configuration refused") || strings.Contains(log, "are cut") {
		t.Errorf("not all restarts were in order: %s", log)
	}

	doomed := map[string]bool{}
	for range kills {
		children := s.children()
		if len(children) == 0 {
			until(t, "a child", func() bool { return len(s.children()) > 0 })
			continue
		}
		victim := children[rand.IntN(len(children))]
		if unix.Kill(victim, unix.SIGSTOP) != nil || !halted(t, victim) {
			continue // it has just ended
		}
		for _, port := range peersOf(t, victim) {
			doomed[port] = true
		}
		if err := unix.Kill(victim, unix.SIGKILL); err == unix.ESRCH {
			continue // it has ended meanwhile
		} else if err != nil {
			t.Fatal(err)
		}
		clients.more(100)
	}
	clients.more(500)
	for port, err := range clients.failures() {
		if !doomed[port] {
			t.Errorf("a request from port %s failed, which no killed child had: %v", port, err)
		}
	}
	clients.leave()
	s.configure(t, conf(""))
	turn2 := s.children()
	s.signal(unix.SIGUSR1)
	until(t, "the last generation", func() bool { return !slices.ContainsFunc(turn2, alive) })
	until(t, "the parent to hold as many descriptors as at first", func() bool { return descriptors() <= held })
	children := s.children()
	s.signal(unix.SIGTERM)
	if status := s.wait(); status != exitDone {
		t.Errorf("exit status %d: %s", status, s.log.String())
	}
	if slices.ContainsFunc(children, alive) {
		t.Errorf("children of %v are left", children)
	}
	s.leftNothing()
	nothingNew(t, before)
	t.Logf("%d requests answered, %d connections of killed children", clients.answered.Load(), len(doomed))
}

// halted waits until SIGSTOP has stopped all threads of a process, because they
// may accept until then. It returns false if the process ends.
func halted(t *testing.T, pid int) bool {
	t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); {
		if !alive(pid) {
			return false
		}
		tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", pid))
		if len(tasks) > 0 && !slices.ContainsFunc(tasks, func(task string) bool {
			stat, err := os.ReadFile(task)
			_, rest, _ := strings.Cut(string(stat), ") ")
			return err != nil || !strings.HasPrefix(rest, "T") // if a thread has ended, the process may be ending
		}) {
			return true
		}
	}
	t.Fatalf("process %d does not stop", pid)
	return false
}

// peersOf returns the ports of the clients whose connections a stopped process
// has.
func peersOf(t *testing.T, pid int) (ports []string) {
	t.Helper()
	inodes := map[string]bool{}
	links, err := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
	if err != nil {
		t.Fatal(err)
	}
	for _, link := range links {
		if target, err := os.Readlink(link); err == nil {
			if inode, ok := strings.CutPrefix(target, "socket:["); ok {
				inodes[strings.TrimSuffix(inode, "]")] = true
			}
		}
	}
	table, err := os.ReadFile("/proc/net/tcp")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(table)) {
		f := strings.Fields(line)
		if len(f) > 9 && inodes[f[9]] {
			_, hex, _ := strings.Cut(f[2], ":")
			if port, err := strconv.ParseUint(hex, 16, 16); err == nil && port > 0 {
				ports = append(ports, strconv.FormatUint(port, 10))
			}
		}
	}
	return ports
}

// objects returns the system objects that this user's processes could leave
// behind.
func objects(t *testing.T) map[string]bool {
	t.Helper()
	all := map[string]bool{}
	for _, table := range []string{"sem", "shm", "msg"} {
		text, err := os.ReadFile("/proc/sysvipc/" + table)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			if f := strings.Fields(line); len(f) > 1 && f[0] != "key" {
				all["System V "+table+" "+f[1]] = true
			}
		}
	}
	shared, _ := os.ReadDir("/dev/shm") // the directory may be missing
	for _, f := range shared {
		all["/dev/shm/"+f.Name()] = true
	}
	return all
}

// nothingNew waits until there are no other objects than before. It waits
// because other tests that run at the same time also make some.
func nothingNew(t *testing.T, before map[string]bool) {
	t.Helper()
	var left []string
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		left = nil
		for object := range objects(t) {
			if !before[object] {
				left = append(left, object)
			}
		}
		if len(left) == 0 {
			return
		}
	}
	t.Errorf("left behind: %q", left)
}
