package run

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"time"

	"lflab/experiments/record"
)

// interruptedSuite uses files of every kind: trials and the run's temporary
// files. Its plan has four trials for each repetition.
const interruptedSuite = `
title = "Interrupted"
question = "What is left?"
repeat = 3
[axes]
mpm = ["one", "two"]
mode = ["close", "keepalive"]
[server]
docroot = "{docroot}"
[docroot]
big = "1MiB"
[[phase]]
name = "closed"
connections = 4
duration = "30ms"
`

// withoutDocRoot is the suite for disks too small for its served file.
var withoutDocRoot = strings.NewReplacer("[server]\ndocroot = \"{docroot}\"\n[docroot]\nbig = \"1MiB\"\n", "").Replace(interruptedSuite)

// lifetimes is a results directory with the runners that start and end in it.
type lifetimes struct {
	t               *testing.T
	suite, dir, tmp string
	plan            []record.Planned // nil before the first manifest
	planned         int
	trials          map[string]time.Time
}

func newLifetimes(t *testing.T, text, dir string) *lifetimes {
	l := &lifetimes{t: t, suite: writeSuite(t, text), dir: dir, tmp: t.TempDir(), planned: 4 * openFile(t, writeSuite(t, text)).Repeat, trials: map[string]time.Time{}}
	return l
}

// start starts a runner that begins the run or resumes it.
func (l *lifetimes) start(env ...string) (runner *exec.Cmd, stderr *strings.Builder) {
	l.t.Helper()
	args := []string{"fake-runner", "new", l.suite, l.dir}
	if _, err := os.Stat(filepath.Join(l.dir, record.ManifestFile)); err == nil {
		args = []string{"fake-runner", "resume", l.dir}
	}
	runner, stderr = exec.Command(os.Args[0], args...), &strings.Builder{}
	runner.Env = runnerEnv(l.t, append(env, "TMPDIR="+l.tmp)...)
	runner.Stderr = stderr
	if err := runner.Start(); err != nil {
		l.t.Fatal(err)
	}
	return runner, stderr
}

// check reads the results after a runner's end: they must be whole and of one
// plan, with complete trials unchanged. It returns the number of new trials.
func (l *lifetimes) check() (added int) {
	l.t.Helper()
	r, err := record.Open(l.dir)
	if errors.Is(err, fs.ErrNotExist) && l.plan == nil {
		return 0 // the runner ended before its manifest
	}
	if err != nil {
		l.t.Fatal(err)
	}
	if l.plan == nil {
		l.plan = r.Manifest.Plan
	}
	if !reflect.DeepEqual(r.Manifest.Plan, l.plan) || len(l.plan) != l.planned {
		l.t.Errorf("the plan is another one: %v, was %v", r.Manifest.Plan, l.plan)
	}
	for i := range r.Trials {
		tr := &r.Trials[i]
		if began, seen := l.trials[tr.ID]; seen && !began.Equal(tr.Started) {
			l.t.Errorf("trial %s was run again", tr.ID)
		} else if !seen {
			added++
		}
		if tr.Failed || len(tr.Phases) != 1 || tr.Phases[0].Histograms["latency"] == nil {
			l.t.Errorf("trial %s is not whole: %s", tr.ID, tr.Failure)
		}
		l.trials[tr.ID] = tr.Started
	}
	if len(r.Trials) != len(l.trials) {
		l.t.Errorf("%d trials are there of %d that were complete", len(r.Trials), len(l.trials))
	}
	return added
}

// finish runs to the end and looks for leftovers.
func (l *lifetimes) finish() {
	l.t.Helper()
	runner, stderr := l.start()
	if err := runner.Wait(); err != nil {
		l.t.Fatalf("%v: %s", err, stderr.String())
	}
	l.check()
	if len(l.trials) != l.planned {
		l.t.Errorf("%d of %d trials", len(l.trials), l.planned)
	}
	if left, _ := os.ReadDir(l.tmp); len(left) > 0 {
		l.t.Errorf("%v is left among the temporary files", left)
	}
	err := filepath.WalkDir(l.dir, func(path string, d fs.DirEntry, err error) error {
		if strings.HasPrefix(d.Name(), ".new-") {
			l.t.Errorf("%s is left", path)
		}
		return err
	})
	if err != nil {
		l.t.Error(err)
	}
	if r, err := record.OpenRecords(l.dir); err != nil || r.Manifest.Interrupted || r.Manifest.Ended.IsZero() {
		l.t.Errorf("%v, interrupted %v, ended %v", err, r.Manifest.Interrupted, r.Manifest.Ended)
	}
}

// A run that is ended at any moment, in order or not, can go on: with the same
// plan and all trials except the current one.
func TestInterruptedAnywhere(t *testing.T) {
	t.Parallel()
	interruptAnywhere(t, interruptedSuite, 3)
}

func interruptAnywhere(t *testing.T, suite string, lives int) {
	count, noneLeft := pids(t)
	l := newLifetimes(t, suite, filepath.Join(t.TempDir(), "out"))
	rng := rand.New(rand.NewPCG(20261121, 1))
	for life := range lives {
		sig := syscall.SIGKILL
		if life%3 == 2 {
			sig = syscall.SIGINT
		}
		before, servers := count(), rng.IntN(4)
		runner, stderr := l.start()
		ended := make(chan error, 1)
		go func() { ended <- runner.Wait() }()
		deadline := time.After(60 * time.Second)
		for alive := true; alive && count() < before+servers; {
			select {
			case err := <-ended:
				ended <- err
				alive = false // it finished the plan
			case <-deadline:
				t.Fatalf("life %d: the runner does not come to its server %d: %s", life, servers, stderr.String())
			case <-time.After(time.Millisecond):
			}
		}
		time.Sleep(time.Duration(rng.Int64N(int64(80 * time.Millisecond)))) // a random moment within a trial or between two
		_ = runner.Process.Signal(sig)                                      // it may have ended
		err := <-ended
		noneLeft()
		started, added := count()-before, l.check()
		t.Logf("life %d, %v: %d servers, %d trials more: %v", life, sig, started, added, err)
		if started > added+1 {
			t.Errorf("life %d: %d servers were started, and %d trials are there for it", life, started, added)
		}
	}
	l.finish()
	noneLeft()
}

// The same holds if the disk is full: whichever file cannot be written,
// existing files stay as they were.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	fullDisk(t, []int{-1000, 0, 1000})
}

// fullDisk limits the size of files to what a manifest needs plus the given
// number of bytes, in one run after the other.
func fullDisk(t *testing.T, beyond []int) {
	count, noneLeft := pids(t)
	l := newLifetimes(t, withoutDocRoot, filepath.Join(t.TempDir(), "out"))
	first, _ := l.start("FAKE_FSIZE=100") // not enough for the manifest
	if err := first.Wait(); err == nil || count() > 0 {
		t.Errorf("%d servers were started without a manifest: %v", count(), err)
	}
	l.check()
	first, stderr := l.start()
	for deadline := time.Now().Add(60 * time.Second); count() < 3; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("the runner does not get to its third trial: %s", stderr.String())
		}
	}
	_ = first.Process.Kill()
	_ = first.Wait() // it was killed
	if l.check() < 2 {
		t.Errorf("%d trials", len(l.trials))
	}
	manifest, err := os.Stat(filepath.Join(l.dir, record.ManifestFile))
	if err != nil {
		t.Fatal(err)
	}
	room := int(manifest.Size()) + 1000 // for the manifest of a resumed run
	failed, began := 0, count()
	for _, more := range beyond {
		size := max(room+more, 1)
		before := count()
		runner, stderr := l.start(fmt.Sprintf("FAKE_FSIZE=%d", size))
		err := runner.Wait()
		noneLeft()
		if err != nil {
			failed++
			if !strings.Contains(stderr.String(), "file too large") {
				t.Errorf("files of %d bytes: %v: %s", size, err, stderr.String())
			}
		}
		if started, added := count()-before, l.check(); started > added+1 {
			t.Errorf("files of %d bytes: %d servers were started, and %d trials are there for it", size, started, added)
		} else {
			t.Logf("files of %d bytes: %d servers, %d trials more: %v", size, started, added, err)
		}
	}
	if 2*failed < len(beyond) || count() == began {
		t.Errorf("%d of %d runs met the end of the disk, with %d trials", failed, len(beyond), count()-began)
	}
	l.finish()
	noneLeft()
}

// The same with a file system that is really full.
func TestFullFileSystem(t *testing.T) {
	t.Parallel()
	disk := t.TempDir()
	size := func(bytes string) string { return "size=" + bytes }
	if err := syscall.Mount("lflab-test", disk, "tmpfs", 0, size("96k")); err != nil {
		t.Skipf("mount a small file system: %v (be root)", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(disk, 0); err != nil {
			t.Error(err)
		}
	})
	_, noneLeft := pids(t)
	l := newLifetimes(t, interruptedSuite, filepath.Join(disk, "out"))
	for life := range 3 {
		runner, stderr := l.start()
		if err := runner.Wait(); err == nil || !strings.Contains(stderr.String(), "no space left on device") {
			t.Fatalf("the disk is not full: %v: %s", err, stderr.String())
		}
		noneLeft()
		if added := l.check(); life == 0 && added == 0 {
			t.Error("no trial was kept")
		}
	}
	if err := syscall.Mount("lflab-test", disk, "tmpfs", syscall.MS_REMOUNT, size("32m")); err != nil {
		t.Fatal(err)
	}
	l.finish()
	noneLeft()
}
