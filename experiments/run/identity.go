package run

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"time"

	"lflab/experiments/record"
	"lflab/experiments/suite"
)

// setAsideDir holds trials that resumed runs did not count, in dated folders.
const setAsideDir = "set-aside"

// measuredAs returns a hash of the conditions of the cell's trials: load,
// server, program and machine. Trials of a cell under other conditions do not
// count beside them.
func (x *Experiment) measuredAs(cell record.Cell) string {
	type program struct {
		Command          []string
		Needs            string
		Source, Template []byte
		Files            map[string]string
		Parse            string
		With             suite.Match
		Name             string
		Serve            []suite.Flag
		CPUs             int
		CPU, Kernel      string // without the host's name, which is new in every container
	}
	all := struct {
		Load    []record.Phase
		Server  []suite.Flag
		DocRoot []suite.Sparse
		Program program
		Binary  string
	}{DocRoot: x.suite.DocRoot, Binary: x.Manifest.Binary}
	sub, _ := x.suite.Subject(cell)
	all.Server = x.serverFlags(sub)
	all.Program.CPUs, all.Program.CPU, all.Program.Kernel = x.host.CPUs, x.host.CPU, x.host.Kernel
	if sub != nil {
		p := &all.Program
		p.Name, p.Command, p.Needs, p.Source, p.Template, p.Files, p.With, p.Serve = sub.Name, sub.Command, x.found[sub.Name], sub.Source, sub.Template, sub.Files, sub.With, sub.Serve
		if sub.Parse != nil {
			p.Parse = sub.Parse.String()
		}
	}
	for _, p := range x.Manifest.Phases {
		all.Load = append(all.Load, inMode(x.phaseIn(p, cell), cell["mode"]))
	}
	text, err := json.Marshal(all)
	if err != nil {
		panic(err) // cannot happen: JSON can represent all of it
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:6])
}

// inMode returns the load in one mode, without the fields for readers.
func inMode(p record.Phase, mode string) record.Phase {
	if n, ok := p.ConnectionsByMode[mode]; ok {
		p.Connections = n
	}
	if r, ok := p.RateByMode[mode]; ok {
		p.Rate = r
	}
	p.Title, p.ConnectionsByMode, p.RateByMode, p.Axes = "", nil, nil, nil
	return p
}

// sortOut splits the trials of a results directory. It returns in done those
// that need not run again. It moves damaged trials and those measured under
// other conditions aside and notes the reason in the manifest. Failed trials are
// neither: they run again in place, unless a make-up counts instead.
func (x *Experiment) sortOut(r *record.Run) (done map[string]*record.Trial, err error) {
	done = map[string]*record.Trial{}
	now := time.Now()
	aside := func(id, why string) {
		where := filepath.Join(setAsideDir, now.UTC().Format("20060102T150405Z"))
		for _, ext := range []string{".json", ".hdr"} {
			name := id + ext
			if _, missing := os.Lstat(filepath.Join(r.Dir, record.TrialsDir, name)); missing != nil {
				continue
			}
			err = errors.Join(err, os.MkdirAll(filepath.Join(r.Dir, where), 0o755),
				os.Rename(filepath.Join(r.Dir, record.TrialsDir, name), filepath.Join(r.Dir, where, name)))
		}
		x.Manifest.SetAside = append(x.Manifest.SetAside, record.SetAside{When: now, Where: filepath.ToSlash(where), Trial: id, Why: why})
	}
	for _, d := range r.Damaged {
		aside(d.ID, "damaged: "+filepath.Base(d.Path)+": "+d.Err.Error())
	}
	lacking := map[string]bool{}
	for _, p := range r.Lacking(math.MaxInt) {
		lacking[record.TrialID(p.Cell, p.Repetition)] = true
	}
	for i := range r.Trials {
		t := &r.Trials[i]
		for j := range t.Phases {
			t.Phases[j].Histograms = nil // they are on disk, and large
		}
		switch {
		case x.otherwise(t):
			aside(t.ID, "measured under another load, server, program or machine")
		case !t.Failed || !lacking[record.TrialID(t.Cell, t.Repetition)]:
			done[t.ID] = t
		}
	}
	if err != nil {
		return nil, fmt.Errorf("set trials aside: %w", err)
	}
	return done, nil
}

// otherwise reports whether a trial was measured under other conditions. A
// trial of an older program does not name its conditions; then any change
// counts.
func (x *Experiment) otherwise(t *record.Trial) bool {
	if t.MeasuredAs == "" {
		return x.changed
	}
	return t.MeasuredAs != x.measuredAs(t.Cell)
}
