package run

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"lflab/experiments/record"
)

const oneLoad = `
title = "One load"
question = "Does it stay one?"
repeat = 3
[axes]
mpm = ["one"]
mode = ["close", "keepalive"]
[server]
threads = 3
[[phase]]
name = "open"
connections = 2
rate = { close = 100, keepalive = 200 }
duration = "40ms"
`

// A run resumed under another load or server measures the affected trials again
// and no others. The old ones are set aside, and so are damaged ones.
func TestResumeNeverMixes(t *testing.T) {
	t.Parallel()
	_, noneLeft := pids(t)
	path, dir := writeSuite(t, oneLoad), filepath.Join(t.TempDir(), "out")
	x, err := New(openFile(t, path), Options{Dir: dir, NoMakeups: true, Serve: fakeCommand(t)})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	x.opts.Progress = func(p Progress) {
		if p.Done == 4 {
			cancel()
		}
	}
	before, err := x.Run(ctx)
	if !errors.Is(err, ErrInterrupted) || len(before.Trials) != 4 {
		t.Fatalf("%v", err)
	}
	began := map[string]*record.Trial{}
	for i := range before.Trials {
		began[before.Trials[i].ID] = &before.Trials[i]
	}
	var text string
	for _, c := range []struct {
		name     string
		from, to string
		again    func(*record.Trial) bool // which of the existing trials run again
	}{
		{"a title", "One load", "A load", func(*record.Trial) bool { return false }},
		{"a rate of one mode", "close = 100", "close = 150", func(tr *record.Trial) bool { return tr.Cell["mode"] == "close" }},
		{"a server's setting", "threads = 3", "threads = 4", func(*record.Trial) bool { return true }},
		{"a duration", "40ms", "50ms", func(*record.Trial) bool { return true }},
		{"a damaged trial", "", "", func(tr *record.Trial) bool { return tr.ID == before.Trials[0].ID }},
	} {
		now, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if text = strings.Replace(string(now), c.from, c.to, 1); c.from == "" {
			if err := os.Truncate(filepath.Join(dir, record.TrialsDir, before.Trials[0].ID+".json"), 30); err != nil {
				t.Fatal(err)
			}
		} else if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		} else if _, err := Resume(dir, Options{NoMakeups: true, Serve: fakeCommand(t)}); err == nil || !strings.Contains(err.Error(), "--force goes on all the same, and measures again what was measured otherwise") {
			t.Errorf("%s: resumed without --force: %v", c.name, err)
		}
		x, err := Resume(dir, Options{Force: true, NoMakeups: true, Serve: fakeCommand(t)})
		if err != nil {
			t.Fatal(err)
		}
		r, err := x.Run(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if len(r.Trials) != 6 || len(r.Damaged) > 0 {
			t.Fatalf("%s: %d trials, %v", c.name, len(r.Trials), r.Damaged)
		}
		last := r.Manifest.Resumed[len(r.Manifest.Resumed)-1]
		for i := range r.Trials {
			tr := &r.Trials[i]
			if tr.MeasuredAs != x.measuredAs(tr.Cell) {
				t.Errorf("%s: a trial of %v was measured as something else", c.name, tr.Cell)
			}
			old, was := began[tr.ID]
			if again := was && !old.Started.Equal(tr.Started); was && again != c.again(old) {
				t.Errorf("%s: trial of %v was measured again: %v", c.name, tr.Cell, again)
			}
			i := slices.IndexFunc(r.Manifest.SetAside, func(a record.SetAside) bool { return a.Trial == tr.ID && !a.When.Before(last) })
			if aside := i >= 0; was && aside != c.again(old) {
				t.Errorf("%s: trial of %v is set aside: %v", c.name, tr.Cell, aside)
			} else if aside {
				if _, err := os.Stat(filepath.Join(dir, r.Manifest.SetAside[i].Where, tr.ID+".json")); err != nil {
					t.Error(err)
				}
			}
			began[tr.ID] = tr
		}
	}
	noneLeft()
}

// CheckOut refuses a directory to which results cannot be written.
func TestCheckOut(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	others := filepath.Join(dir, "others")
	if err := errors.Join(os.WriteFile(file, nil, 0o644), os.Mkdir(others, 0o755), os.WriteFile(filepath.Join(others, "thesis.tex"), nil, 0o644),
		os.Mkdir(filepath.Join(dir, "empty"), 0o755), os.Mkdir(filepath.Join(dir, "run"), 0o755),
		os.WriteFile(filepath.Join(dir, "run", record.ManifestFile), []byte("{}"), 0o644), os.Symlink("nowhere/at/all", filepath.Join(dir, "dangling"))); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		file:                           " is a file (name another one with --out)",
		filepath.Join(file, "in"):      ": not a directory",
		others:                         " holds other files, thesis.tex for one",
		filepath.Join(dir, "dangling"): " is a link that leads nowhere",
		filepath.Join(dir, "run"):      " holds a run already (--resume ",
		"/proc/lflab-results":          " cannot be written to: ",
		filepath.Join(dir, "empty"):    "",
		filepath.Join(dir, "new/one"):  "",
	} {
		err := record.CheckOut(path)
		if (err == nil) != (want == "") || err != nil && (!strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path)) {
			t.Errorf("%s: %v, want %q", path, err, want)
		}
		if left, _ := filepath.Glob(filepath.Join(path, "*")); want == "" && len(left) > 0 {
			t.Errorf("%s: %v is left", path, left)
		}
	}
}
