package control

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"lflab/lf/directive"
	"lflab/lf/mpm"
)

// settingsOf returns the settings of a file with that text.
func settingsOf(t *testing.T, text string) *directive.Settings {
	t.Helper()
	file := filepath.Join(t.TempDir(), "conf")
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	s, _, err := Resolve(file, nil, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Rehearse names what would prevent a server from starting, and nothing else.
func TestRehearse(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	dir := t.TempDir()
	text := filepath.Join(dir, "text")
	if err := os.WriteFile(text, []byte("not a scoreboard"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		conf, want string
		level      directive.Level
	}{
		{"Listen 127.0.0.1:0", "", 0},
		{"Listen 127.0.0.1:0\nPidFile " + dir + "/pid\nScoreBoardFile " + dir + "/board", "", 0},
		{"Listen " + taken.Addr().String(), "is in use (ss", directive.Error},
		{"Listen 192.0.2.1:8080", "is not an address of this machine", directive.Error}, // RFC 5737
		{"Listen 127.0.0.1:0\nPidFile " + dir + "/none/pid", "PidFile " + dir + "/none/pid: cannot be made", directive.Error},
		{"Listen 127.0.0.1:0\nScoreBoardFile " + dir + "/none/board", "cannot be made", directive.Error},
		{"Listen 127.0.0.1:0\nScoreBoardFile " + text, "would not be replaced", directive.Error},
		{"Listen 127.0.0.1:0\nPidFile /proc/pid", "cannot be made in /proc", directive.Error},
		{"Listen 127.0.0.1:0\nPidFile /dev/full", "is not a regular file", directive.Error},
		{"Listen 127.0.0.1:0\nAcceptMutex flock\nLockFile " + dir + "/lock", "", 0},
		{"Listen 127.0.0.1:0\nAcceptMutex flock\nLockFile " + dir + "/none/lock", "LockFile " + dir + "/none/lock: cannot be made", directive.Error},
		{"Listen 127.0.0.1:0\nAcceptMutex fcntl\nLockFile " + text + "/lock", "not a directory", directive.Error},
	} {
		notes := Rehearse(settingsOf(t, "StartServers 2\n"+c.conf+"\n"))
		if c.want == "" && len(notes) > 0 {
			t.Errorf("%q: %v", c.conf, notes)
		}
		if c.want != "" && (len(notes) != 1 || notes[0].Level != c.level || !strings.Contains(notes[0].String(), c.want)) {
			t.Errorf("%q: %v, want %v %q", c.conf, notes, c.level, c.want)
		}
	}
	for _, k := range mpm.Kinds() {
		if k.MaxThreads == 1 {
			continue // is nothing but children
		}
		if notes := Rehearse(settingsOf(t, "ControlProcess Off\nMPM "+k.Name+"\nListen 127.0.0.1:0\n")); len(notes) > 0 {
			t.Errorf("%s in one process: %v", k.Name, notes)
		}
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("something was left in %v (%v)", entries, err)
	}
}

// An address, PidFile or scoreboard in use by a running server is no error,
// because that server may be restarted with the settings.
func TestRehearseBesideARunningServer(t *testing.T) {
	t.Parallel()
	s := control(t, beat, "StartServers 1\nThreadsPerChild 2\nMinSpareThreads 1\nMaxSpareThreads 9")
	s.settled(1)
	notes := Rehearse(settingsOf(t, fmt.Sprintf("Listen %s\nPidFile %s\nScoreBoardFile %s\nStartServers 1\n", s.addr, s.pidFile, s.board)))
	if len(notes) != 3 {
		t.Errorf("%v", notes)
	}
	for _, n := range notes {
		if n.Level != directive.Warning || !strings.Contains(n.String(), fmt.Sprintf("process %d", s.cmd.Process.Pid)) {
			t.Errorf("%v: %v", n.Level, n)
		}
	}
	if got := s.dial().get("/hello"); got != "Hello, World!" {
		t.Errorf("/hello: %q", got)
	}
}

// Rehearse checks directories as the children's user, because root may enter
// directories that this user may not.
func TestRehearseAsTheUserOfChildren(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("needs children of another user: only root can")
	}
	open, closed := t.TempDir(), t.TempDir()
	for dir := open; dir != "/" && dir != os.TempDir(); dir = filepath.Dir(dir) {
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(closed, 0o700); err != nil {
		t.Fatal(err)
	}
	for dir, errors := range map[string]int{open: 0, closed: 2} {
		notes := Rehearse(settingsOf(t, "Listen 127.0.0.1:0\nUser nobody\nDocumentRoot "+dir+"\nCoreDumpDirectory "+dir+"\n"))
		if len(notes) != errors {
			t.Errorf("%s: %v", dir, notes)
		}
	}
	low := settingsOf(t, "Listen 127.0.0.1:81\n")
	err := as(&User{Name: "nobody", UID: 65534, GID: 65534}, func() error {
		if notes := Rehearse(low); len(notes) != 1 || !strings.Contains(notes[0].String(), "is not allowed for this user") {
			return fmt.Errorf("%v", notes)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	if os.Geteuid() != 0 || unix.Access(closed, unix.R_OK) != nil {
		t.Error("the process is another user now")
	}
}

// The number of descriptors that Rehearse demands is enough for a start, and
// close to what is open then. That holds for each architecture and way to share
// sockets, in one process and in several.
func TestRehearsedDescriptorsSuffice(t *testing.T) {
	t.Parallel()
	type variant struct{ name, conf string }
	var all []variant
	for _, k := range mpm.Kinds() {
		all = append(all, variant{k.Name, "MPM " + k.Name + "\nStartServers 2\nMaxRequestWorkers 50\nMinSpareThreads 1\nMinSpareServers 1\n"})
	}
	lines := strings.Repeat("Listen 127.0.0.1:0\n", 20)
	for _, more := range []string{"AcceptMutex flock\n", "AcceptMutex reuseport\n", "Accept uring\n", "Accept epoll\n", "DocumentRoot /\n", lines} {
		all = append(all, variant{"leader/" + strings.Fields(more)[1], "MPM leader\nStartServers 4\nMinSpareThreads 1\nMaxRequestWorkers 100\n" + more})
	}
	for _, v := range all {
		t.Run(v.name, func(t *testing.T) {
			t.Parallel()
			s := prepared(t, v.conf)
			settings, _, err := Resolve(s.conf, nil, nil, nil)
			if err != nil {
				t.Fatal(err)
			}
			plan, err := PlanOf(settings)
			if err == nil {
				err = plan.resolve()
			}
			if err != nil {
				t.Fatal(err)
			}
			files := plan.files(false)
			need := files.start
			s.process = run(t, order{Config: s.conf, Beat: beat, Files: need})
			s.settled(min(plan.Groups[0].Start, plan.Groups[0].Children))
			if got := s.dial().get("/hello"); got != "Hello, World!" {
				t.Errorf("/hello: %q", got)
			}
			most := 0
			for _, pid := range append(s.children(), s.cmd.Process.Pid) {
				entries, _ := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
				most = max(most, len(entries))
			}
			unseen := 0 // descriptors taken by threads that wait in accept(2)
			if k, err := mpm.Lookup(plan.Groups[0].Server.MPM); err == nil && k.AllAccept {
				unseen = plan.Groups[0].Threads
			}
			if most > need || most < need-unseen-max(parentOwn, childOwn) {
				t.Errorf("%d descriptors are open in one process, %d were said to be needed", most, need)
			}
			if log := s.log.String(); strings.Contains(log, "too many open files") {
				t.Errorf("the log: %s", log)
			}
		})
	}
}
