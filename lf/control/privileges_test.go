package control

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"os/user"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// another returns an ordinary user for children. It skips unless run by root.
func another(t *testing.T) *user.User {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root can start processes of another user")
	}
	u, err := user.Lookup("nobody")
	if err != nil {
		t.Skipf("needs a user to change to: %v", err)
	}
	return u
}

// The parent binds a port below 1024 as root. Its children run as another user,
// have no capabilities, can gain none, and cannot become root again.
func TestChildrenHaveNoPrivileges(t *testing.T) {
	t.Parallel()
	u := another(t)
	port := 0
	for p := 1023; p > 900 && port == 0; p-- {
		if l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", p)); err == nil {
			l.Close()
			port = p
		}
	}
	s := control(t, beat, fmt.Sprintf("Listen 127.0.0.1:%d\nUser nobody\nStartServers 2\nThreadsPerChild 2\nMinSpareThreads 1\nMaxSpareThreads 9", port))
	s.settled(2)
	if !strings.HasSuffix(s.addr, ":"+strconv.Itoa(port)) {
		t.Errorf("listens on %s, want port %d", s.addr, port)
	}
	if got := s.dial().get("/hello"); got != "Hello, World!" {
		t.Errorf("/hello: %q", got)
	}
	for _, pid := range s.children() {
		tasks, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
		if err != nil || len(tasks) < 2 {
			t.Fatalf("threads of child %d: %v, %v", pid, tasks, err)
		}
		for _, task := range tasks {
			status := statusOf(t, fmt.Sprintf("/proc/%d/task/%s/status", pid, task.Name()))
			for field, want := range map[string]string{
				"Uid": strings.Repeat(u.Uid+" ", 3) + u.Uid, "Gid": strings.Repeat(u.Gid+" ", 3) + u.Gid,
				"CapInh": zeroes, "CapPrm": zeroes, "CapEff": zeroes, "CapBnd": zeroes, "CapAmb": zeroes,
				"NoNewPrivs": "1",
			} {
				if status[field] != want {
					t.Errorf("thread %s of child %d: %s is %s, want %s", task.Name(), pid, field, status[field], want)
				}
			}
			if strings.Contains(" "+status["Groups"]+" ", " 0 ") {
				t.Errorf("thread %s of child %d is in groups %s", task.Name(), pid, status["Groups"])
			}
		}
	}
	s.signal(unix.SIGTERM)
	if status := s.wait(); status != exitDone {
		t.Errorf("exit status %d: %s", status, s.log.String())
	}
	s.leftNothing()
}

const zeroes = "0000000000000000"

// statusOf returns the fields of a status file in /proc, with single spaces.
func statusOf(t *testing.T, path string) map[string]string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	fields := map[string]string{}
	for lines := bufio.NewScanner(f); lines.Scan(); {
		name, value, _ := strings.Cut(lines.Text(), ":")
		fields[name] = strings.Join(strings.Fields(value), " ")
	}
	return fields
}

// Children of two users serve different listeners, and only those.
func TestSectionsOfUsers(t *testing.T) {
	t.Parallel()
	another(t)
	second, err := user.Lookup("daemon")
	if err != nil {
		t.Skipf("needs a second user: %v", err)
	}
	mine, theirs := t.TempDir(), t.TempDir()
	for dir, text := range map[string]string{mine: "main", theirs: "section"} {
		if err := os.WriteFile(dir+"/who", []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		open(t, dir)
	}
	s := control(t, beat, fmt.Sprintf(`Listen 127.0.0.1:0
User nobody
DocumentRoot %s
StartServers 1
ThreadsPerChild 2
MinSpareThreads 1
MaxSpareThreads 9
<User daemon>
  Listen 127.0.0.1:0
  DocumentRoot %s
  StartServers 2
</User>`, mine, theirs))
	s.settled(3)
	line, err := s.out.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	addr := strings.TrimSpace(strings.TrimPrefix(line, "listening on "))
	if got := s.dial().get("/who"); got != "main" {
		t.Errorf("the main part serves %q", got)
	}
	if got := dial(t, addr).get("/who"); got != "section" {
		t.Errorf("the section serves %q", got)
	}
	of := map[string]int{}
	for _, pid := range s.children() {
		uid, _, _ := strings.Cut(statusOf(t, fmt.Sprintf("/proc/%d/status", pid))["Uid"], " ")
		of[uid]++
	}
	if of[second.Uid] != 2 || len(of) != 2 {
		t.Errorf("children by user: %v", of)
	}
}

// open lets everybody search the directories above dir.
func open(t *testing.T, dir string) {
	t.Helper()
	for d := dir; d != os.TempDir() && d != "/"; d = d[:strings.LastIndexByte(d, '/')] {
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
}

// Without root the server cannot change the user. It says so and runs.
func TestOrdinaryUserKeepsItsUser(t *testing.T) {
	t.Parallel()
	if os.Geteuid() == 0 {
		t.Skip("root can change the user: this is about who cannot")
	}
	s := control(t, beat, "User nobody\nStartServers 1\nThreadsPerChild 2\nMinSpareThreads 1\nMaxSpareThreads 9")
	s.settled(1)
	if got := s.dial().get("/hello"); got != "Hello, World!" {
		t.Errorf("/hello: %q", got)
	}
}
