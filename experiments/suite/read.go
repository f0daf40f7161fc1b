package suite

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/BurntSushi/toml"
)

// file is the form of a suite on disk.
type file struct {
	Title    string
	Question string
	Claim
	Repeat  int
	Axes    map[string][]any
	Server  map[string]any
	Without []map[string]any
	DocRoot map[string]any
	Phase   []filePhase
	Subject []fileSubject
	Ratio   []fileRatio
	Rule    []fileRule
	Changed []Change
}

type filePhase struct {
	Name, Title, Path string
	Connections, Rate any // a number, or a table of numbers by mode
	Generators, Burst any
	Arrivals, Spacing string
	Warmup, Duration  string
	Flight, Overload  bool
	Probe             string
	Handoff, Place    string
	Background        *Background
	Step              *fileStep
}

type fileSubject struct {
	Name, Needs, CC, Parse string
	Config, Shape, Ready   string
	Command                []string
	Files                  map[string]string
	Serve, With            map[string]any
}

// Read reads and checks a suite. Every error names the file, the line or the
// key, the value, and what is allowed.
func Read(fsys fs.FS, name string) (*Suite, error) {
	text, err := fs.ReadFile(fsys, name)
	if err != nil {
		return nil, fmt.Errorf("read suite: %w", err)
	}
	if err := tooDeep(text); err != nil {
		return nil, fmt.Errorf("suite %s:%w", name, err)
	}
	var f file
	md, err := toml.Decode(string(text), &f)
	if err != nil {
		var syntax toml.ParseError
		if errors.As(err, &syntax) {
			return nil, fmt.Errorf("suite %s:%d: %s", name, syntax.Position.Line, syntax.Message)
		}
		if m := mismatch.FindStringSubmatch(err.Error()); m != nil {
			return nil, fmt.Errorf("suite %s:%s: %s: got %s, want %s", name, m[1], m[2], tomlName(m[3]), tomlName(m[4]))
		}
		return nil, fmt.Errorf("suite %s: %s", name, strings.TrimPrefix(err.Error(), "toml: "))
	}
	r := reader{file: name, text: text, fsys: fsys}
	s := &Suite{Name: strings.TrimSuffix(path.Base(name), ".toml"), forms: map[string]map[string]Phase{}}
	if err := r.unknown(md); err != nil {
		return nil, err
	}
	for _, step := range []func(*Suite, *file, toml.MetaData) error{r.head, r.axes, r.without, r.docRoot, r.server, r.subjects, r.phases, r.ratios, r.claim, r.rules, r.changed} {
		if err := step(s, &f, md); err != nil {
			return nil, err
		}
	}
	sum := sha256.New()
	sum.Write(text)
	for _, sub := range s.Subjects {
		sum.Write(sub.Source)
		sum.Write(sub.Template)
	}
	s.Digest = hex.EncodeToString(sum.Sum(nil))
	return s, nil
}

// mismatch matches package toml's error for a value of the wrong type.
var mismatch = regexp.MustCompile(`line (\d+) \(last key "([^"]*)"\): incompatible types: TOML value has type (\S+); destination has type (\S+)`)

// tomlName returns TOML's name for values of a Go type.
func tomlName(goType string) string {
	switch {
	case strings.HasPrefix(goType, "int"):
		return "a whole number"
	case strings.HasPrefix(goType, "float"):
		return "a number"
	case strings.HasPrefix(goType, "bool"):
		return "true or false"
	case strings.HasPrefix(goType, "[]"), goType == "slice", goType == "array":
		return "a list"
	case strings.HasPrefix(goType, "map"), goType == "table":
		return "a table"
	}
	return "a " + goType
}

type reader struct {
	file string
	text []byte
	fsys fs.FS
}

func (r *reader) refuse(key string, value any, allowed string) error {
	text := fmt.Sprint(value)
	switch value.(type) {
	case string, []string:
		text = fmt.Sprintf("%q", value)
	}
	return fmt.Errorf("suite %s: %s: %s is not allowed (allowed: %s)", r.file, key, text, allowed)
}

func (r *reader) missing(key, allowed string) error {
	return fmt.Errorf("suite %s: %s: missing (allowed: %s)", r.file, key, allowed)
}

// allowedKeys lists the keys of each table, except tables with free keys.
var allowedKeys = map[string]string{
	"":                 "title, question, hypothesis, claim, refuted_if, cpus, margin, figures, repeat, [axes], [[without]], [server], [docroot], [[phase]], [[subject]], [[ratio]], [[rule]], [[changed]]",
	"changed":          "date, what, why",
	"phase":            "name, title, path, connections, generators, rate, arrivals, spacing, burst, warmup, duration, overload, flight, probe, background, step; or name, title, handoff, place",
	"phase.background": "idle, slow-senders, slow-readers, blocking, path, unread",
	"phase.step":       "before, after, every, idle",
	"ratio":            "title, metric, phase, to, most",
	"rule":             "title, kind, metric, phase, of, to, to_metric, to_phase, where, each, below, above, differs, within, margin, unit, unit_phase, along, towards, axis",
	"subject":          "name, command, needs, cc, config, files, serve, with, shape, ready, parse",
}

func (r *reader) unknown(md toml.MetaData) error {
	for _, key := range md.Undecoded() {
		table := strings.Join(key[:len(key)-1], ".")
		allowed, known := allowedKeys[table]
		if !known {
			continue // a table by mode, which is checked with its phase
		}
		return fmt.Errorf("suite %s: unknown key %q (allowed here: %s)", r.file, key.String(), allowed)
	}
	return nil
}

func (r *reader) head(s *Suite, f *file, md toml.MetaData) error {
	switch {
	case strings.TrimSpace(f.Title) == "":
		return r.missing("title", "a line that names the experiment")
	case strings.TrimSpace(f.Question) == "":
		return r.missing("question", "a sentence that says what is asked")
	case !md.IsDefined("repeat"):
		return r.missing("repeat", "1 to 1000 trials of each cell; 6 is the fewest with a 95 % interval, 9 leave room for trials that do not count")
	case f.Repeat < 1 || f.Repeat > 1000:
		return r.refuse("repeat", f.Repeat, "1 to 1000")
	}
	s.Title, s.Question, s.Repeat = f.Title, f.Question, f.Repeat
	return nil
}

var (
	word    = regexp.MustCompile(`^[a-z][a-z0-9-]*$`)
	aValue  = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._:-]*$`)
	keyWord = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)
)

const (
	wordRule  = "lower-case letters, digits and dashes, a letter first"
	valueRule = "a string, number or boolean of letters, digits, '.', '_', ':' and '-'"
)

// Flags of `lflab serve` that the runner sets itself.
var reserved = []string{"listen", "grace", "lab", "config"}

// mostCells is more than anyone would wait for, and few enough to plan at once.
const mostCells = 10_000

func (r *reader) axes(s *Suite, f *file, md toml.MetaData) error {
	cells := 1
	for _, key := range md.Keys() { // in the order of the file, which the map does not keep
		if len(key) != 2 || key[0] != "axes" {
			continue
		}
		name, values := key[1], f.Axes[key[1]]
		at := "axes." + name
		switch {
		case !word.MatchString(name):
			return r.refuse("axes", name, wordRule)
		case slices.Contains(reserved, name):
			return r.refuse("axes", name, "any flag of lflab serve but "+strings.Join(reserved, ", ")+", which the runner sets")
		case len(values) == 0:
			return r.refuse(at, []string{}, "at least one value")
		}
		axis := Axis{Name: name}
		for _, v := range values {
			value, ok := scalar(v)
			if !ok {
				return r.refuse(at, v, valueRule)
			}
			if slices.Contains(axis.Values, value) {
				return r.refuse(at, value, "each value once")
			}
			if allowed := runnerAxes[name]; allowed != nil && !slices.Contains(allowed, value) {
				return r.refuse(at, value, strings.Join(allowed, ", "))
			}
			axis.Values = append(axis.Values, value)
		}
		s.Axes = append(s.Axes, axis)
		if cells *= len(axis.Values); cells > mostCells {
			return r.refuse("axes", cells, fmt.Sprintf("%d cells at most, the product of the numbers of values", mostCells))
		}
	}
	if len(s.Axes) == 0 {
		return r.missing("axes", `at least one, as in mpm = ["leader", "worker"]`)
	}
	return nil
}

func (r *reader) server(s *Suite, f *file, md toml.MetaData) error {
	for _, key := range md.Keys() {
		if len(key) != 2 || key[0] != "server" {
			continue
		}
		name := key[1]
		if s.Axis(name) != nil {
			return r.refuse("server."+name, f.Server[name], "either here or in [axes], not both")
		}
		flag, err := r.flag(s, "server", name, f.Server[name])
		if err != nil {
			return err
		}
		s.Server = append(s.Server, flag)
	}
	return nil
}

// flag reads a flag of `lflab serve`.
func (r *reader) flag(s *Suite, at, name string, v any) (Flag, error) {
	value, ok := scalar(v)
	if v == "{cpus}" || v == "{docroot}" && s.DocRoot != nil {
		value, ok = v.(string), true
	}
	switch {
	case !word.MatchString(name):
		return Flag{}, r.refuse(at, name, wordRule)
	case slices.Contains(reserved, name):
		return Flag{}, r.refuse(at, name, "any flag of lflab serve but "+strings.Join(reserved, ", ")+", which the runner sets")
	case !ok:
		return Flag{}, r.refuse(at+"."+name, v, valueRule+"; or {cpus}; or, where the suite has [docroot], {docroot}")
	}
	return Flag{name, value}, nil
}

// docRoot reads the files that are made for the run.
func (r *reader) docRoot(s *Suite, f *file, md toml.MetaData) error {
	for _, name := range slices.Sorted(maps.Keys(f.DocRoot)) {
		size, ok := bytesOf(f.DocRoot[name])
		switch {
		case !aValue.MatchString(name):
			return r.refuse("docroot", name, "names of files: letters, digits, '.', '_', ':' and '-'")
		case !ok:
			return r.refuse("docroot."+name, f.DocRoot[name], `0 to 16 GiB, in bytes or as in "64KiB", "1GiB"`)
		}
		s.DocRoot = append(s.DocRoot, Sparse{name, size})
	}
	return nil
}

// bytesOf parses a size.
func bytesOf(v any) (int64, bool) {
	const most = 16 << 30
	switch v := v.(type) {
	case int64:
		return v, v >= 0 && v <= most
	case string:
		for i, unit := range []string{"KiB", "MiB", "GiB"} {
			if digits, ok := strings.CutSuffix(v, unit); ok {
				n, err := strconv.ParseInt(digits, 10, 64)
				shift := 10 * (i + 1)
				return n << shift, err == nil && n >= 0 && n <= most>>shift
			}
		}
	}
	return 0, false
}

// scalar formats a value as in the suite.
func scalar(v any) (string, bool) {
	switch v.(type) {
	case string, int64, float64, bool:
		text := fmt.Sprint(v)
		x, isNumber := v.(float64)
		return text, aValue.MatchString(text) && !(isNumber && math.IsNaN(x))
	}
	return "", false
}

func (r *reader) duration(key, value string, least time.Duration) (time.Duration, error) {
	d, err := time.ParseDuration(value)
	if err != nil || d < least || d > time.Hour {
		return 0, r.refuse(key, value, fmt.Sprintf("a duration of %v to 1h, as in \"550ms\"", least))
	}
	return d, nil
}

// seconds reads a duration as seconds.
func (r *reader) seconds(key, value string, least time.Duration) (float64, error) {
	d, err := r.duration(key, value, least)
	return d.Seconds(), err
}

// readNumber reads a number, or a table of numbers by mode. Of a table it also
// returns the smallest.
func readNumber[T int | float64](r *reader, s *Suite, key string, v any, lo, hi float64) (least T, byMode map[string]T, err error) {
	one := func(at string, v any) (T, error) {
		var x float64
		switch n := v.(type) {
		case int64:
			x = float64(n)
		case float64:
			x = n
		case number: // it replaced a placeholder
			x = float64(n)
		default:
			return 0, r.refuse(at, v, fmt.Sprintf("a number from %g to %g, or a table of them by mode", lo, hi))
		}
		if !(x >= lo && x <= hi) {
			return 0, r.refuse(at, v, fmt.Sprintf("a number from %g to %g", lo, hi))
		}
		if x != float64(T(x)) {
			return 0, r.refuse(key, x, "whole numbers")
		}
		return T(x), nil
	}
	table, ok := v.(map[string]any)
	if !ok {
		least, err = one(key, v)
		return least, nil, err
	}
	mode := s.Axis(ModeAxis)
	if mode == nil {
		return 0, nil, r.refuse(key, v, `one number, because the suite has no axis "mode"`)
	}
	byMode = map[string]T{}
	for i, m := range mode.Values {
		x, ok := table[m]
		if !ok {
			return 0, nil, r.missing(key+"."+m, "a number for each value of the axis mode")
		}
		n, err := one(key+"."+m, x)
		if err != nil {
			return 0, nil, err
		}
		if byMode[m] = n; i == 0 || n < least {
			least = n
		}
	}
	for m := range table {
		if !slices.Contains(mode.Values, m) {
			return 0, nil, r.refuse(key, m, "the values of the axis mode: "+strings.Join(mode.Values, ", "))
		}
	}
	return least, byMode, nil
}
