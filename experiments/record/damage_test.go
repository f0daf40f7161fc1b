package record

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"lflab/experiments/stats"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// handmade writes a results directory of four trials without running anything.
func handmade(t *testing.T) *Run {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "out")
	if err := os.MkdirAll(filepath.Join(dir, TrialsDir), 0o755); err != nil {
		t.Fatal(err)
	}
	cells := []Cell{{"mpm": "one", "mode": "close"}, {"mpm": "two", "mode": "close"}}
	r := &Run{Dir: dir, Manifest: Manifest{
		Format: ManifestFormat, Suite: "made", Title: "Made", Question: "?", Seed: 1, Repeat: 2, Scale: 1,
		Axes: []Axis{{Name: "mpm", Values: []string{"one", "two"}}, {Name: "mode", Values: []string{"close"}}}, Plan: NewPlan(cells, 2, 1),
		Phases: []Phase{{Name: "closed", Connections: 4, DurationS: 0.25}},
	}}
	if err := WriteManifest(dir, &r.Manifest); err != nil {
		t.Fatal(err)
	}
	for i, p := range r.Manifest.Plan {
		h := hdrhistogram.New(1, 60e9, 3)
		for v := range int64(100) {
			if err := h.RecordValue(20000 + 100*v); err != nil {
				t.Fatal(err)
			}
		}
		began := time.Date(2026, 1, 2, 3, 4, 5+i, 678e6, time.UTC)
		tr := Trial{ID: p.ID, Suite: "made", Cell: p.Cell, Repetition: p.Repetition, Order: i, Started: began, DurationS: 0.5,
			Gates: []Gate{{Name: "errors", Phase: "closed", OK: true, Detail: "every request was answered"}},
			Phases: []PhaseResult{{Name: "closed", Requests: 100, Started: began.Add(100 * time.Millisecond), DurationS: 0.25, RequestsPerSecond: 400,
				Latency: stats.NewDist(h), Histograms: map[string]*hdrhistogram.Histogram{"latency": h}}}}
		if err := tr.Save(dir); err != nil {
			t.Fatal(err)
		}
		r.Trials = append(r.Trials, tr)
	}
	return r
}

// A damaged trial costs only itself. The message says what to do with which
// file.
func TestDamagedTrials(t *testing.T) {
	made := handmade(t)
	tr := &made.Trials[1]
	record, histograms := filepath.Join(made.Dir, tr.jsonName()), filepath.Join(made.Dir, tr.hdrName())
	read := func(path string) string {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	good, log := read(record), read(histograms)
	other := read(filepath.Join(made.Dir, made.Trials[0].jsonName()))
	otherLog := read(filepath.Join(made.Dir, made.Trials[0].hdrName()))
	change := func(text, from, to string) string {
		if !strings.Contains(text, from) {
			t.Fatalf("%q is not in %s", from, text)
		}
		return strings.Replace(text, from, to, 1)
	}
	put := func(text string) func(string) error {
		return func(path string) error { return os.WriteFile(path, []byte(text), 0o644) }
	}
	for _, c := range []struct {
		name, file string
		damage     func(path string) error
		want       string
	}{
		{"empty", record, put(""), "the file is empty"},
		{"truncated", record, put(good[:len(good)/2]), "it is no JSON from byte "},
		{"one byte short", record, put(strings.TrimRight(good, "\n")[:len(good)-3]), "it is no JSON"},
		{"garbage", record, put("\x00\xff\x17ELF"), "it is no JSON from byte 1"},
		{"two records", record, put(good + good), "it is no JSON"},
		{"null", record, put("null"), "which have another name"},
		{"a list", record, put("[]"), "it has an array, and an object is due there"},
		{"wrong type", record, put(change(good, `"repetition":`, `"repetition":"two","x":`)), "it has a string in repetition, and a whole number is due there"},
		{"too large a number", record, put(change(good, `"requests_per_second":400`, `"requests_per_second":1e999`)), "it has 1e999 in phases.requests_per_second, which is not a number that fits there"},
		{"NaN", record, put(change(good, `"requests_per_second":400`, `"requests_per_second":NaN`)), "it is no JSON"},
		{"negative rate", record, put(change(good, `"requests_per_second":400`, `"requests_per_second":-400`)), "phase closed: requests_per_second is -400"},
		{"missing fields", record, put(fmt.Sprintf(`{"id":%q,"suite":"made","cell":{"mpm":%q,"mode":"close"},"repetition":%d}`, tr.ID, tr.Cell["mpm"], tr.Repetition)), "it has neither failed nor measured anything"},
		{"not judged", record, put(change(good, `"gates":[`, `"gates":[],"x":[`)), "it was not judged"},
		{"another suite's", record, put(change(good, `"suite":"made"`, `"suite":"maid"`)), `it is a trial of suite "maid", not of "made"`},
		{"another trial's", record, put(other), "which has another name"},
		{"another cell", record, put(change(good, `"mode":"close"`, `"mode":"open"`)), "which have another name"},
		{"another phase", record, put(change(good, `"name":"closed"`, `"name":"open"`)), `its phase "open" is none of the suite's`},
		{"a median above all", record, put(change(good, `"p50":`, `"p50":9e99,"x":`)), "above its maximum"},
		{"a directory", record, func(path string) error { return os.Mkdir(path, 0o755) }, "it is a directory"},
		{"a pipe", record, func(path string) error { return syscall.Mkfifo(path, 0o644) }, "it is no regular file"},
		{"a link in a circle", record, func(path string) error { return os.Symlink(filepath.Base(path), path) }, "too many levels of symbolic links"},
		{"no histograms", histograms, func(string) error { return nil }, "there is no such file, and the record has latencies"},
		{"empty log", histograms, put(""), "it is not the log of trial " + tr.ID},
		{"half a log", histograms, put(log[:len(log)-40]), ""},
		{"another trial's log", histograms, put(otherLog), "it is not the log of trial " + tr.ID},
		{"a log without its histogram", histograms, put(log[:strings.Index(log, "Tag=")]), "closed.latency is missing"},
		{"a histogram twice", histograms, put(log + log[strings.Index(log, "Tag="):]), `its histogram "closed.latency" is there twice`},
		{"a foreign tag", histograms, put(change(log, "Tag=closed", "Tag=open")), `its histogram "open.latency" is of no phase`},
		{"a directory for a log", histograms, func(path string) error { return os.Mkdir(path, 0o755) }, "it is a directory"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := errors.Join(os.RemoveAll(c.file), c.damage(c.file)); err != nil {
				t.Fatal(err)
			}
			r, err := Open(made.Dir)
			if err != nil {
				t.Fatal(err)
			}
			if len(r.Trials) != 3 || len(r.Damaged) != 1 || r.Damaged[0].ID != tr.ID {
				t.Fatalf("%d trials, damaged: %v", len(r.Trials), r.Damaged)
			}
			for _, want := range []string{c.file + ": ", c.want, "(this trial does not count; lflab run --resume measures it again)"} {
				if got := r.Damaged[0].String(); !strings.Contains(got, want) {
					t.Errorf("says %q, want %q", got, want)
				}
			}
			if err := r.WriteTables(); err != nil {
				t.Error(err)
			}
			if err := errors.Join(os.RemoveAll(record), os.RemoveAll(histograms), put(good)(record), put(log)(histograms)); err != nil {
				t.Fatal(err)
			}
		})
	}
	if err := os.Remove(record); err != nil {
		t.Fatal(err)
	}
	if r, err := Open(made.Dir); err != nil || len(r.Trials) != 3 || len(r.Damaged) != 0 {
		t.Errorf("a trial that was not run yet: %v, %v", err, r.Damaged)
	}
}

// Whatever bytes of a file change, Open returns and loses no other trial.
func TestDamagedBytes(t *testing.T) {
	t.Parallel()
	made := handmade(t)
	rng := rand.New(rand.NewPCG(20261130, 1))
	for _, name := range []string{made.Trials[0].jsonName(), made.Trials[0].hdrName()} {
		path := filepath.Join(made.Dir, name)
		good, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for range 150 {
			bad := bytes.Clone(good)
			for range 1 + rng.IntN(4) {
				bad[rng.IntN(len(bad))] = byte(rng.Uint32())
			}
			if rng.IntN(4) == 0 {
				bad = bad[:rng.IntN(len(bad))]
			}
			if err := os.WriteFile(path, bad, 0o644); err != nil {
				t.Fatal(err)
			}
			r, err := Open(made.Dir)
			if err != nil || len(r.Trials)+len(r.Damaged) != 4 || len(r.Damaged) > 1 {
				t.Fatalf("%v: %v\n%q", err, r, bad)
			}
		}
		if err := os.WriteFile(path, good, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func TestDamagedManifest(t *testing.T) {
	made := handmade(t)
	path := filepath.Join(made.Dir, ManifestFile)
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, content, want string }{
		{"none", "", "is " + made.Dir + " a results directory of lflab run?"},
		{"half", `{"suite": "sm`, "it is no JSON from byte 13"},
		{"another JSON", `{"name": "x", "version": "1.0"}`, "has no suite, no plan or no phases (is "},
		{"a list", `[]`, "it has an array, and an object is due there"},
		{"newer", strings.Replace(string(good), `"format": 3`, `"format": 4`, 1), "has format 4, and this lflab reads formats up to 3 (use "},
		{"newer, with other types", `{"format": 7, "suite": {"name": "made"}}`, "has format 7, and this lflab reads formats up to 3"},
		{"a plan that leads elsewhere", strings.Replace(string(good), made.Trials[0].ID, "../../../etc/x", 1), `has the name "../../../etc/x", which is not that of its cell`},
	} {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		if c.content != "" {
			if err := os.WriteFile(path, []byte(c.content), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		_, err := Open(made.Dir)
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v, want %q and %s", c.name, err, c.want, path)
		}
		if err := os.WriteFile(path, good, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	first := bytes.Replace(good, []byte("\"format\": 3,"), nil, 1) // a manifest before formats were numbered
	if err := os.WriteFile(path, first, 0o644); err != nil || bytes.Equal(first, good) {
		t.Fatal(err)
	}
	if r, err := Open(made.Dir); err != nil || len(r.Trials) != 4 {
		t.Errorf("the first format: %v", err)
	}
}

// An unreadable archive costs its trials, and Unpack does not overwrite it.
func TestDamagedArchive(t *testing.T) {
	made := handmade(t)
	if err := Pack(made.Dir); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(made.Dir, archiveFile)
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{"empty": {}, "half": good[:len(good)/2], "garbage": []byte("PK\x03\x04 no zstd")} {
		if err := os.WriteFile(path, content, 0o644); err != nil {
			t.Fatal(err)
		}
		r, err := Open(made.Dir)
		if err != nil || len(r.Trials) != 0 || len(r.Damaged) != 1 || !strings.Contains(r.Damaged[0].String(), path+": ") || !strings.Contains(r.Damaged[0].String(), "put a copy of it there") {
			t.Errorf("%s: %v, %v", name, err, r.Damaged)
		}
		if err := r.WriteTables(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err := Unpack(made.Dir); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s is unpacked: %v", name, err)
		}
		if left, err := os.ReadFile(path); err != nil || !bytes.Equal(left, content) {
			t.Errorf("%s was changed", name)
		}
	}
}

// Other programs compute rates from a log's intervals. The intervals are those
// of the phases, one after the other.
func TestIntervalsAreThePhases(t *testing.T) {
	made := handmade(t)
	for i := range made.Trials {
		text, err := os.ReadFile(filepath.Join(made.Dir, made.Trials[i].hdrName()))
		if err != nil {
			t.Fatal(err)
		}
		log := hdrhistogram.NewHistogramLogReader(bytes.NewReader(text))
		h, err := log.NextIntervalHistogram()
		if err != nil {
			t.Fatal(err)
		}
		p := &made.Trials[i].Phases[0]
		if got, want := time.UnixMilli(h.StartTimeMs()), p.Started; !got.Equal(want) {
			t.Errorf("trial %d: its phase began at %v by the log, at %v by the record", i, got.UTC(), want)
		}
		if rate := float64(h.TotalCount()) / float64(h.EndTimeMs()-h.StartTimeMs()) * 1000; rate != p.RequestsPerSecond {
			t.Errorf("trial %d: %v/s by the log, %v/s by the record", i, rate, p.RequestsPerSecond)
		}
	}
}

// Open returns each record as it was written, whatever it holds.
func TestRecordsAreReadAsWritten(t *testing.T) {
	made := handmade(t)
	r, err := Open(made.Dir)
	if err != nil || len(r.Damaged) > 0 {
		t.Fatal(err, r.Damaged)
	}
	for i := range r.Trials {
		a, err := json.Marshal(&made.Trials[i])
		if err != nil {
			t.Fatal(err)
		}
		if b, err := json.Marshal(&r.Trials[i]); err != nil || !bytes.Equal(a, b) {
			t.Errorf("%s\n%s", a, b)
		}
	}
}
