//go:build long

package run

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"lflab/experiments/record"
	"lflab/experiments/suite"
)

// TestApacheSuite adds to TestApacheAnswers whole trials of the suite apache's
// servers. They answer under the probe as ours do, end when told to, and leave
// nothing behind.
func TestApacheSuite(t *testing.T) {
	s, err := suite.Open("apache")
	if err != nil {
		t.Fatal(err)
	}
	for i := range s.Subjects {
		sub := &s.Subjects[i]
		t.Run(sub.Name, func(t *testing.T) {
			if _, err := exec.LookPath(sub.Needs); err != nil {
				t.Skip(err)
			}
			// www-data must be able to enter it, which rules out t.TempDir.
			temp, err := os.MkdirTemp("", "lflab-test-")
			if err != nil {
				t.Fatal(err)
			}
			defer os.RemoveAll(temp)
			if err := os.Chmod(temp, 0o755); err != nil {
				t.Fatal(err)
			}
			out := t.TempDir()
			t.Setenv("TMPDIR", temp)
			x, err := New(s, Options{Dir: filepath.Join(out, "out"), Repeat: 1, Scale: 0.6, Only: []string{"mpm=" + sub.Name}, NoMakeups: true})
			if err != nil {
				t.Fatal(err)
			}
			defer x.Close()
			x.opts.Progress = func(p Progress) { noneServes(t, temp) }
			r, err := x.Run(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			checkApache(t, r)
			noneServes(t, temp)
			if err := x.Close(); err != nil {
				t.Fatal(err)
			}
			if left, _ := os.ReadDir(temp); len(left) > 0 {
				t.Errorf("%v is left in %s", left, temp)
			}
		})
	}
}

func checkApache(t *testing.T, r *record.Run) {
	t.Helper()
	if len(r.Trials) != 2 {
		t.Fatalf("%d trials", len(r.Trials))
	}
	for _, tr := range r.Trials {
		if tr.Failed || len(tr.Phases) != 3 {
			t.Fatalf("trial %+v", tr)
		}
		for _, p := range tr.Phases {
			if len(p.Errors) > 0 {
				t.Errorf("%s, %s: errors %v", tr.Cell["mode"], p.Name, p.Errors)
			}
		}
		if r.Manifest.Skipped != nil {
			continue // the probe is not allowed here
		}
		p := tr.Phases[2].Probe
		if p != nil && tr.Phases[2].Requests == 0 {
			continue // on a busy machine, all answers may come after a short phase
		}
		if p == nil || p.D == nil || p.Counts["requests"] == 0 {
			t.Fatalf("%s: %d requests, of which the probe saw %+v", tr.Cell["mode"], tr.Phases[2].Requests, p)
		}
		if tr.Cell["mode"] != "close" {
			continue
		}
		handoffs := p.PerConnection["handoffs"]
		passes := p.Shape == "worker" || p.Shape == "event"
		if passes && handoffs < 0.5 || !passes && handoffs > 0.1 {
			t.Errorf("%s: %.2f hand-offs per connection", p.Shape, handoffs)
		}
	}
}

// noneServes waits until no process has the directory in its command line.
func noneServes(t *testing.T, dir string) {
	t.Helper()
	serving := func() []string {
		files, err := filepath.Glob("/proc/[0-9]*/cmdline")
		if err != nil {
			t.Fatal(err)
		}
		return slices.DeleteFunc(files, func(f string) bool {
			text, _ := os.ReadFile(f)
			return !strings.Contains(string(text), dir)
		})
	}
	for deadline := time.Now().Add(10 * time.Second); len(serving()) > 0; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%v still serve from %s", serving(), dir)
		}
	}
}

// TestSpareOfApache adds to TestStep: Debian's Apache sleeps as our handler
// does and is counted as our servers are. It has a control process and two
// children with sixteen workers each.
func TestSpareOfApache(t *testing.T) {
	s, err := suite.Open("spare")
	if err != nil {
		t.Fatal(err)
	}
	for i := range s.Subjects {
		sub := &s.Subjects[i]
		t.Run(sub.Name, func(t *testing.T) {
			if _, err := exec.LookPath(sub.Needs); err != nil {
				t.Skip(err)
			}
			x, err := New(s, Options{Dir: t.TempDir(), Repeat: 1, Scale: 0.05, Only: []string{"mpm=" + sub.Name}, NoMakeups: true})
			if err != nil {
				t.Fatal(err)
			}
			defer x.Close()
			r, err := x.Run(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			tr := r.Trials[0]
			if tr.Failed || len(tr.Phases) != 1 || tr.Phases[0].Series == nil {
				t.Fatalf("trial %+v", tr)
			}
			p := tr.Phases[0]
			if len(p.Errors) > 0 || p.Service.Count > 0 && p.Service.P50 < 100e6 {
				t.Errorf("errors %v, median service time %v ns of a handler that takes 100 ms", p.Errors, p.Service.P50)
			}
			if seen := p.Series; seen.Processes[0] != 3 || seen.Threads[0] < 3+2*16 || seen.Busy[0]+seen.Idle[0] != 32 && seen.Busy[0] != record.Unanswered {
				t.Errorf("first seen: %d processes with %d threads, %d workers busy and %d idle", seen.Processes[0], seen.Threads[0], seen.Busy[0], seen.Idle[0])
			}
		})
	}
}
