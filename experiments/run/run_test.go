package run

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"lflab/experiments/record"
	"lflab/experiments/stats"
)

func runSmall(t *testing.T, text string, o Options) (*record.Run, error) {
	t.Helper()
	if o.Dir == "" {
		o.Dir = filepath.Join(t.TempDir(), "out")
	}
	o.Serve = fakeCommand(t)
	o.NoMakeups = true
	x, err := New(openSuite(t, text), o)
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	return x.Run(t.Context())
}

func TestAWholeRun(t *testing.T) {
	t.Parallel()
	count, noneLeft := pids(t)
	var seen []Progress
	r, err := runSmall(t, smallSuite, Options{Seed: 42, Command: "lflab run small", Progress: func(p Progress) { seen = append(seen, p) }})
	if err != nil {
		t.Fatal(err)
	}
	if n := count(); n != 8 {
		t.Errorf("%d servers were started for 8 trials", n)
	}
	noneLeft()

	var files []string
	err = filepath.WalkDir(r.Dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			rel, _ := filepath.Rel(r.Dir, path)
			files = append(files, rel)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"bench.txt", "manifest.json", "summary.csv"}
	for _, p := range r.Manifest.Plan {
		want = append(want, "trials/"+p.ID+".hdr", "trials/"+p.ID+".json")
	}
	slices.Sort(want)
	if slices.Sort(files); !slices.Equal(files, want) {
		t.Errorf("the directory holds\n%q, want\n%q", files, want)
	}

	m := r.Manifest
	if m.Suite != "small" || m.Seed != 42 || m.Repeat != 2 || len(m.Plan) != 8 || m.Binary == "" || m.Command != "lflab run small" ||
		m.Before.Kernel == "" || m.After.MonotonicNs <= m.Before.MonotonicNs || m.Ended.Before(m.Started) || m.Calibration == nil || m.CalibrationAfter.SyscallNs <= m.Calibration.SyscallNs || m.Interrupted || len(m.Skipped) != 0 {
		t.Errorf("manifest %+v", m)
	}
	if len(m.Phases) != 2 || m.Phases[1].Rate != 400 || m.Phases[1].RateByMode["keepalive"] != 800 || m.Phases[0].DurationS != 0.03 {
		t.Errorf("phases %+v", m.Phases)
	}
	if len(r.Trials) != 8 || len(seen) != 9 || seen[0].Trial != nil || seen[8].Done != 8 || seen[8].Left != 0 {
		t.Errorf("%d trials, progress %+v", len(r.Trials), seen)
	}
	// On a busy machine all answers of a short phase may come after it, or its
	// end may be read before the server has worked. This does not happen in all
	// phases.
	var all [2]record.PhaseResult
	for i := range r.Trials {
		checkTrial(t, &r.Trials[i], i)
		for j, p := range r.Trials[i].Phases {
			sum := &all[j%2]
			sum.Requests += p.Requests
			sum.CPUPerRequest += p.CPUPerRequest
			sum.VoluntaryPerRequest += p.VoluntaryPerRequest
			sum.GeneratorCPUPerReq += p.GeneratorCPUPerReq
			sum.Utilisation += p.Utilisation
		}
	}
	for j, sum := range all {
		if sum.Requests == 0 || sum.CPUPerRequest <= 0 || sum.VoluntaryPerRequest <= 0 || sum.GeneratorCPUPerReq <= 0 || sum.Utilisation <= 0 {
			t.Errorf("all phases %d together: %+v", j, sum)
		}
	}
}

func checkTrial(t *testing.T, tr *record.Trial, order int) {
	t.Helper()
	if tr.Order != order || tr.Failed || tr.Suite != "small" || len(tr.Phases) != 2 || tr.DurationS <= 0 {
		t.Errorf("trial %+v", tr)
		return
	}
	for _, arg := range []string{"--mpm=" + tr.Cell["mpm"], "--threads=3", "--lab", "--listen=127.0.0.1:0", "--grace=2s"} {
		if !slices.Contains(tr.Command, arg) {
			t.Errorf("command %q has no %s", tr.Command, arg)
		}
	}
	for i, p := range tr.Phases {
		if p.Utilisation < 0 || p.Utilisation > 1 {
			t.Errorf("%s: %+v", p.Name, p)
		}
		if p.Requests > 0 && (p.Latency.Count == 0 || p.Service.Count == 0 || p.SendLag.Count == 0) {
			t.Errorf("%s: latency %+v, service time %+v, send lag %+v", p.Name, p.Latency, p.Service, p.SendLag)
		}
		if sum := p.UserCPUPerRequest + p.SystemCPUPerRequest; sum < 0.999*p.CPUPerRequest || sum > 1.001*p.CPUPerRequest {
			t.Errorf("%s: user and system time are %g of %g us", p.Name, sum, p.CPUPerRequest)
		}
		if p.Counts["wakes_issued"] != 2*p.Counts["requests"] || p.Counts["BusyWorkers"] != 0 || p.Counts["connections_open"] != 0 {
			t.Errorf("%s: counts %v of %d requests", p.Name, p.Counts, p.Requests)
		}
		if h := p.Histograms["latency"]; h == nil || stats.NewDist(h) != p.Latency || (p.Histograms["service"] != nil) != (p.OfferedRate > 0) {
			t.Errorf("%s: the histogram says %+v, the record %+v", p.Name, stats.NewDist(h), p.Latency)
		}
		if recorded := p.H != nil && p.G == nil && p.GNone == nil && p.Histograms["H"] != nil && p.H.Count == 1000; recorded != (i == 1) {
			t.Errorf("%s: H %+v, D %+v, G %+v", p.Name, p.H, p.D, p.G)
		}
	}
	if want := map[string]float64{"close": 400, "keepalive": 800}[tr.Cell["mode"]]; tr.Phases[1].OfferedRate != want || tr.Phases[0].OfferedRate != 0 {
		t.Errorf("offered %g and %g, want 0 and %g", tr.Phases[0].OfferedRate, tr.Phases[1].OfferedRate, want)
	}
	var gates []string
	for _, g := range tr.Gates {
		gates = append(gates, g.Phase+"."+g.Name)
		if g.Detail == "" {
			t.Errorf("gate %s says nothing", g.Name)
		}
	}
	if want := []string{"closed.errors", "closed.hidden_waits", "closed.generator_cpu", "closed.steady", "closed.other_load", "closed.stolen", "closed.throttled",
		"open.errors", "open.hidden_waits", "open.offered_rate", "open.send_lag", "open.generator_cpu", "open.flight_lost", "open.window", "open.steady", "open.other_load", "open.stolen", "open.throttled", ".clock_step"}; !slices.Equal(gates, want) {
		t.Errorf("gates %q, want %q", gates, want)
	}
}

// Faults of a server fail its trial, and the other trials go on.
func TestFaultyServers(t *testing.T) {
	t.Parallel()
	_, noneLeft := pids(t)
	one := strings.NewReplacer(`"one", "two"`, `"one", "refuses", "mumbles", "dies", "stays", "errs", "forgets"`, `"close", "keepalive"`, `"keepalive"`,
		"close = 400, ", "", "repeat = 2", "repeat = 1").Replace(smallSuite)
	r, err := runSmall(t, one, Options{Seed: 2})
	if err != nil {
		t.Fatal(err)
	}
	noneLeft()
	if len(r.Trials) != 7 {
		t.Fatalf("%d trials", len(r.Trials))
	}
	for i := range r.Trials {
		tr := &r.Trials[i]
		switch mpm := tr.Cell["mpm"]; mpm {
		case "one":
			if tr.Failed {
				t.Errorf("one failed: %s", tr.Failure)
			}
		case "errs", "forgets":
			gate := map[string]string{"errs": "errors", "forgets": "flight_lost"}[mpm]
			if tr.Failed || tr.Clean() || !slices.ContainsFunc(tr.Gates, func(g record.Gate) bool { return g.Name == gate && !g.OK }) {
				t.Errorf("%s: failed %v, gates %+v", mpm, tr.Failed, tr.Gates)
			}
		default:
			want := map[string]string{
				"refuses": "ended (exit status 2) before it wrote a line; its standard error ends: refuses: no such mpm",
				"mumbles": `says "good morning" first`,
				"dies":    "dies: out of luck",
				"stays":   "did not end within 5s of SIGTERM and was killed",
			}[mpm]
			if !tr.Failed || tr.Clean() || !strings.Contains(tr.Failure, want) {
				t.Errorf("%s: failed %v, %q, want %q", mpm, tr.Failed, tr.Failure, want)
			}
		}
	}
}

func TestHopelessRunGivesUp(t *testing.T) {
	t.Parallel()
	count, _ := pids(t)
	text := strings.Replace(smallSuite, `"one", "two"`, `"refuses"`, 1)
	r, err := runSmall(t, text, Options{})
	if err == nil || !strings.Contains(err.Error(), "all of the first 3 trials failed") || !strings.Contains(err.Error(), "no such mpm") {
		t.Errorf("error %v", err)
	}
	if count() != 3 || r == nil || len(r.Trials) != 3 {
		t.Errorf("%d servers were started", count())
	}
}

func TestOtherServersAndCommands(t *testing.T) {
	_, noneLeft := allPids(t)
	text := strings.Replace(smallSuite, "flight = true", "", 1) + `
[[subject]]
name = "two"
command = ['` + os.Args[0] + `', "fake-other", "{port}"]
`
	r, err := runSmall(t, text, Options{Only: []string{"mpm=two"}, Repeat: 1})
	if err != nil {
		t.Fatal(err)
	}
	noneLeft()
	if len(r.Trials) != 2 || r.Trials[0].Failed || r.Trials[0].Phases[0].CPUPerRequest <= 0 || r.Trials[0].Command[1] != "fake-other" {
		t.Errorf("trials %+v", r.Trials)
	}

	r, err = runSmall(t, `
title = "Figures"
question = "How long?"
repeat = 2
[axes]
primitive = ["x", "longer"]
place = ["same"]
[[subject]]
name = "x"
needs = "no-such-program-anywhere"
command = ["no-such-program-anywhere"]
parse = '(?P<mean>\d+)'
[[subject]]
name = "*"
command = ["{self}", "fake-figure", "{place}", "{primitive}"]
parse = '(?P<mean>\d+) ns one way mean, p50 (?P<p50>\d+) ns'
[[phase]]
name = "handoff"
`, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{`x: there is no program "no-such-program-anywhere" on PATH`}; !slices.Equal(r.Manifest.Skipped, want) {
		t.Errorf("skipped %q", r.Manifest.Skipped)
	}
	if got := r.Manifest.Axes[0].Values; !slices.Equal(got, []string{"longer"}) || len(r.Trials) != 2 {
		t.Errorf("axis %q, %d trials", got, len(r.Trials))
	}
	for _, tr := range r.Trials {
		if tr.Failed || len(tr.Phases) != 1 || tr.Phases[0].H == nil || *tr.Phases[0].H != (stats.Dist{Mean: 1006, P50: 1700}) {
			t.Errorf("trial %+v", tr)
		}
	}
}

func TestSubjectInC(t *testing.T) {
	if _, err := exec.LookPath("cc"); err != nil {
		t.Skip("there is no C compiler on PATH")
	}
	for _, c := range []struct{ source, skipped string }{
		{"int main(void) { return 0; }", ""},
		{"int main(void) { return undeclared; }", "undeclared"},
	} {
		text := strings.Replace(smallSuite, "flight = true", "", 1) + "[[subject]]\nname = 'two'\ncc = 'two.c'\ncommand = ['{bin}', '{port}']\n"
		path := writeSuite(t, text)
		if err := os.WriteFile(filepath.Join(filepath.Dir(path), "two.c"), []byte(c.source), 0o644); err != nil {
			t.Fatal(err)
		}
		x, err := New(openFile(t, path), Options{NoMakeups: true, Serve: fakeCommand(t), Dir: t.TempDir()})
		if err != nil {
			t.Fatal(err)
		}
		bin := x.built["two"]
		if c.skipped == "" {
			if out, err := exec.Command(bin).CombinedOutput(); err != nil {
				t.Errorf("the compiled program: %v, %s", err, out)
			}
		} else if len(x.Manifest.Skipped) != 1 || !strings.Contains(x.Manifest.Skipped[0], c.skipped) || len(x.Manifest.Plan) != 4 {
			t.Errorf("skipped %q, %d trials", x.Manifest.Skipped, len(x.Manifest.Plan))
		}
		if err := x.Close(); err != nil {
			t.Error(err)
		}
		if _, err := os.Stat(filepath.Dir(bin)); bin != "" && err == nil {
			t.Errorf("%s is left", bin)
		}
	}
	t.Setenv("PATH", t.TempDir())
	path := writeSuite(t, smallSuite+"[[subject]]\nname = 'two'\ncc = 'two.c'\ncommand = ['{bin}', '{port}']\n")
	if err := os.WriteFile(filepath.Join(filepath.Dir(path), "two.c"), []byte("int main(void) { return 0; }"), 0o644); err != nil {
		t.Fatal(err)
	}
	x, err := New(openFile(t, path), Options{NoMakeups: true, Serve: fakeCommand(t)})
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	if want := []string{"two: compile two.c: there is no C compiler (cc) on PATH"}; !slices.Equal(x.Manifest.Skipped, want) {
		t.Errorf("skipped %q", x.Manifest.Skipped)
	}
}

// A context that ends at any moment costs the current trial and nothing else.
func TestInterruptAndResume(t *testing.T) {
	t.Parallel()
	count, noneLeft := pids(t)
	path := writeSuite(t, strings.Replace(smallSuite, "repeat = 2", "repeat = 1", 1))
	for i := range 3 { // there are 4 trials: a next one to interrupt always exists
		dir := filepath.Join(t.TempDir(), "out")
		x, err := New(openFile(t, path), Options{Dir: dir, Seed: 9, NoMakeups: true, Serve: fakeCommand(t)})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		x.opts.Progress = func(p Progress) {
			switch {
			case p.Done < i:
			case i == 0: // before the first server
				cancel()
			default: // some moments after the next server has started
				started := count()
				go func() {
					for count() == started && ctx.Err() == nil {
						time.Sleep(time.Millisecond)
					}
					time.Sleep(time.Duration(i-1) * 30 * time.Millisecond)
					cancel()
				}()
			}
		}
		r, err := x.Run(ctx)
		cancel()
		if !errors.Is(err, ErrInterrupted) {
			t.Fatalf("interrupted after %d trials: %v", i, err)
		}
		noneLeft()
		if !r.Manifest.Interrupted || len(r.Trials) < i || len(r.Trials) == len(r.Manifest.Plan) {
			t.Errorf("interrupted %v, %d trials are kept after %d", r.Manifest.Interrupted, len(r.Trials), i)
		}
		complete(t, dir, r, func() error {
			x, err := Resume(dir, Options{NoMakeups: true, Serve: fakeCommand(t)})
			if err != nil {
				return err
			}
			_, err = x.Run(t.Context())
			return err
		})
	}
	noneLeft()
}

// complete resumes a run and checks that its complete trials stay unchanged.
func complete(t *testing.T, dir string, before *record.Run, resume func() error) {
	t.Helper()
	kept := map[string]string{}
	for i := range before.Trials {
		b, err := os.ReadFile(filepath.Join(dir, record.TrialsDir, before.Trials[i].ID+".json"))
		if err != nil {
			t.Fatal(err)
		}
		kept[before.Trials[i].ID] = string(b)
	}
	if err := resume(); err != nil {
		t.Fatalf("resume: %v", err)
	}
	r, err := record.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Trials) != len(r.Manifest.Plan) || r.Manifest.Interrupted || len(r.Manifest.Resumed) != 1 || !r.Manifest.Started.Equal(before.Manifest.Started) {
		t.Errorf("%d of %d trials, manifest %+v", len(r.Trials), len(r.Manifest.Plan), r.Manifest)
	}
	for i := range r.Trials {
		b, err := os.ReadFile(filepath.Join(dir, record.TrialsDir, r.Trials[i].ID+".json"))
		if err != nil {
			t.Fatal(err)
		}
		if old, ok := kept[r.Trials[i].ID]; ok && old != string(b) {
			t.Errorf("trial %s was run again", r.Trials[i].ID)
		}
		if r.Trials[i].Order != i {
			t.Errorf("trial %s has place %d in the run, not %d", r.Trials[i].ID, r.Trials[i].Order, i)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "summary.csv")); err != nil {
		t.Error(err)
	}
}

// The same with real signals to a real process: one that lets it clean up and
// one that does not.
func TestSignals(t *testing.T) {
	t.Parallel()
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGKILL} {
		count, noneLeft := pids(t)
		path, dir := writeSuite(t, smallSuite), filepath.Join(t.TempDir(), "out")
		runner := exec.Command(os.Args[0], "fake-runner", "new", path, dir)
		runner.Env = runnerEnv(t)
		var stderr strings.Builder
		runner.Stderr = &stderr
		if err := runner.Start(); err != nil {
			t.Fatal(err)
		}
		for deadline := time.Now().Add(30 * time.Second); count() < 3; time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("the runner does not get to its third trial: %s", stderr.String())
			}
		}
		if err := runner.Process.Signal(sig); err != nil {
			t.Fatal(err)
		}
		err := runner.Wait()
		var exit *exec.ExitError
		if !errors.As(err, &exit) || (sig == syscall.SIGINT && (exit.ExitCode() != 1 || !strings.Contains(stderr.String(), "interrupted after"))) {
			t.Errorf("%v: the runner ended with %v: %s", sig, err, stderr.String())
		}
		noneLeft()
		before, err := record.Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		if len(before.Trials) < 2 || before.Manifest.Interrupted != (sig == syscall.SIGINT) {
			t.Errorf("%v: %d trials kept, interrupted %v", sig, len(before.Trials), before.Manifest.Interrupted)
		}
		complete(t, dir, before, func() error {
			again := exec.Command(os.Args[0], "fake-runner", "resume", dir)
			again.Env = runnerEnv(t)
			out, err := again.CombinedOutput()
			if err != nil {
				return fmt.Errorf("%w: %s", err, out)
			}
			return nil
		})
		noneLeft()
	}
}

func TestResumeRunsFailedTrialsAgain(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "out")
	r, err := runSmall(t, strings.Replace(smallSuite, "repeat = 2", "repeat = 1", 1), Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	failed := r.Trials[1]
	failed.Failed, failed.Failure = true, "made up"
	if err := failed.Save(dir); err != nil {
		t.Fatal(err)
	}
	x, err := Resume(dir, Options{NoMakeups: true, Serve: fakeCommand(t)})
	if err != nil {
		t.Fatal(err)
	}
	var again []string
	x.opts.Progress = func(p Progress) {
		if p.Trial != nil {
			again = append(again, p.Trial.ID)
		}
	}
	if _, err := x.Run(t.Context()); err != nil || !slices.Equal(again, []string{failed.ID}) {
		t.Errorf("run again: %q, %v", again, err)
	}
}

func TestResumeRefusesAnotherExperiment(t *testing.T) {
	t.Parallel()
	path, dir := writeSuite(t, smallSuite), filepath.Join(t.TempDir(), "out")
	x, err := New(openFile(t, path), Options{Dir: dir, Repeat: 1, Only: []string{"mode=close"}, NoMakeups: true, Serve: fakeCommand(t)})
	if err != nil {
		t.Fatal(err)
	}
	r, err := x.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := x.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "holds a run already (--resume "+dir) {
		t.Errorf("a second run into the directory: %v", err)
	}

	r.Manifest.Binary = "0123456789abcdef"
	if err := record.WriteManifest(dir, &r.Manifest); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(strings.Replace(smallSuite, `"two"`, `"two", "three"`, 1)), 0o644); err != nil {
		t.Fatal(err)
	}
	_, err = Resume(dir, Options{NoMakeups: true, Serve: fakeCommand(t)})
	for _, want := range []string{"the suite small (was ", "the program (was 0123456789ab, is ", "--force"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("resuming another experiment: %v, want %q", err, want)
		}
	}
	x, err = Resume(dir, Options{Force: true, NoMakeups: true, Serve: fakeCommand(t)})
	if err != nil {
		t.Fatal(err)
	}
	after, err := x.Run(t.Context())
	if err != nil || len(after.Trials) != 3 || after.Manifest.Binary == r.Manifest.Binary || len(after.Manifest.Only) != 1 {
		t.Errorf("forced: %v, manifest %+v", err, after.Manifest)
	}
	if _, err := Resume(t.TempDir(), Options{}); err == nil || !strings.Contains(err.Error(), "is "+os.TempDir()) {
		t.Errorf("resuming nothing: %v", err)
	}
}

func TestOneRunAtATime(t *testing.T) {
	dir := t.TempDir()
	unlock, err := record.Lock(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := record.Lock(dir); err == nil || !strings.Contains(err.Error(), "another run is writing to it") {
		t.Errorf("second lock: %v", err)
	}
	unlock()
	if unlock, err = record.Lock(dir); err != nil {
		t.Fatal(err)
	}
	unlock()
}

// Resume unpacks a packed run.
func TestResumeUnpacks(t *testing.T) {
	t.Parallel()
	r, err := runSmall(t, strings.Replace(smallSuite, "repeat = 2", "repeat = 1", 1), Options{})
	if err != nil {
		t.Fatal(err)
	}
	last := r.Trials[len(r.Trials)-1]
	if err := os.Remove(filepath.Join(r.Dir, record.TrialsDir, last.ID+".json")); err != nil {
		t.Fatal(err)
	}
	if err := record.Pack(r.Dir); err != nil {
		t.Fatal(err)
	}
	before, err := record.Open(r.Dir)
	if err != nil || len(before.Trials) != 3 {
		t.Fatalf("%v, %d trials", err, len(before.Trials))
	}
	x, err := Resume(r.Dir, Options{NoMakeups: true, Serve: fakeCommand(t)})
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	after, err := x.Run(t.Context())
	if err != nil || len(after.Trials) != 4 {
		t.Fatalf("%v", err)
	}
	if _, err := os.Stat(filepath.Join(r.Dir, "trials.zip.zst")); err == nil {
		t.Error("archive and files are both there")
	}
	for i := range before.Trials {
		if !after.Trials[i].Started.Equal(before.Trials[i].Started) {
			t.Errorf("trial %s was run again", before.Trials[i].ID)
		}
	}
}
