package probe

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Choice says which processes to follow. A process is chosen if it satisfies
// every kind of condition that is given, and of each kind at least one.
type Choice struct {
	Comms   []string // globs of the process's name, as in path.Match
	Threads []string // globs of the name of any of its threads; all its threads are followed
	Cgroups []string // paths of control groups with all below, or container IDs of 12 or more hexadecimal digits
	Exes    []string // programs: paths, or names that are looked up in $PATH
	PIDs    []int    // processes to follow in addition, whatever the conditions say

	// Children says that the chosen processes' descendants are followed anyway,
	// so that they need not be chosen.
	Children bool
}

// MaxTargets is the largest number of chosen processes.
const MaxTargets = 64

// nameBytes is the length to which the kernel cuts names (TASK_COMM_LEN, without
// its end).
const nameBytes = 15

// Empty reports whether the choice names nothing.
func (c Choice) Empty() bool { return !c.conditional() && len(c.PIDs) == 0 }

func (c Choice) conditional() bool {
	return len(c.Comms)+len(c.Threads)+len(c.Cgroups)+len(c.Exes) > 0
}

// Find looks the processes up. It never chooses this process, and no kernel
// thread. It returns an error if a condition is malformed, if no process
// matches, or if more than MaxTargets do; the error lists those.
func (c Choice) Find() ([]Target, error) {
	if err := procIsOurs(); err != nil {
		return nil, err
	}
	f := finder{Choice: c, proc: os.DirFS("/proc"), self: os.Getpid(), sameFile: sameProgram}
	found, err := f.find()
	if err != nil {
		return nil, err
	}
	for _, pid := range c.PIDs {
		t, err := Find(pid)
		if err != nil {
			return nil, err
		}
		if !slices.ContainsFunc(found, func(o Target) bool { return o.PID == pid }) {
			found = append(found, t)
		}
	}
	if len(found) > MaxTargets {
		return nil, fmt.Errorf("%d processes to follow, at most %d can be (%s)", len(found), MaxTargets, listTargets(found))
	}
	return found, nil
}

// finder looks once for the processes of a choice.
type finder struct {
	Choice
	proc     fs.FS // /proc
	self     int
	sameFile func(pid int, program string) bool
	cgroups  []string // as in /proc/PID/cgroup, or container IDs
	programs []string // paths
}

// candidate is a running process.
type candidate struct {
	Target
	parent int
}

func (f *finder) find() ([]Target, error) {
	if !f.conditional() {
		return nil, nil
	}
	if err := f.check(); err != nil {
		return nil, err
	}
	entries, err := fs.ReadDir(f.proc, ".")
	if err != nil {
		return nil, fmt.Errorf("list processes: %w", err)
	}
	parents, chosen, itself := map[int]int{}, map[int]Target{}, false
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		p, ok := f.read(pid)
		if !ok {
			continue
		}
		parents[pid] = p.parent
		switch {
		case !f.matches(p):
		case pid == f.self:
			itself = true
		default:
			chosen[pid] = p.Target
		}
	}
	if len(chosen) == 0 {
		return nil, f.noMatch(itself)
	}
	var found []Target
	for _, t := range chosen {
		if !f.Children || !below(t.PID, parents, chosen) {
			found = append(found, t)
		}
	}
	slices.SortFunc(found, func(a, b Target) int { return cmp.Compare(a.PID, b.PID) })
	if len(found) > MaxTargets {
		return nil, fmt.Errorf("%s matches %d processes, at most %d can be followed: choose fewer (%s)",
			f.words(), len(found), MaxTargets, listTargets(found))
	}
	return found, nil
}

// below reports whether an ancestor of pid is chosen.
func below(pid int, parents map[int]int, chosen map[int]Target) bool {
	for up := parents[pid]; up > 1; up = parents[up] {
		if _, ok := chosen[up]; ok {
			return true
		}
	}
	return false
}

// container is a container's ID as the runtimes show it, whole or cut.
var container = regexp.MustCompile(`^[0-9a-f]{12,64}$`)

// check checks the conditions, and completes cgroups and programs.
func (f *finder) check() error {
	for _, g := range slices.Concat(f.Comms, f.Threads) {
		if _, err := path.Match(g, ""); err != nil {
			return fmt.Errorf("name pattern %q: %w (known: * ? [a-z] and \\ before a special character)", g, err)
		}
	}
	for _, text := range f.Cgroups {
		name := text
		if !container.MatchString(text) {
			if !strings.HasPrefix(text, "/") {
				return fmt.Errorf("control group %q is neither a path from / nor a container ID of 12 or more hexadecimal digits", text)
			}
			if under, ok := strings.CutPrefix(path.Clean(text), "/sys/fs/cgroup"); ok && (under == "" || under[0] == '/') {
				name = under
			}
			name = path.Clean("/" + name)
		}
		f.cgroups = append(f.cgroups, name)
	}
	for _, text := range f.Exes {
		found, err := exec.LookPath(text)
		if err != nil && !errors.Is(err, exec.ErrDot) {
			return fmt.Errorf("find program %s: %w", text, err)
		}
		if found, err = filepath.Abs(found); err != nil {
			return fmt.Errorf("find program %s: %w", text, err)
		}
		f.programs = append(f.programs, found)
	}
	return nil
}

// read reads a process's entry. ok is false for one that has ended, and for a
// kernel thread.
func (f *finder) read(pid int) (c candidate, ok bool) {
	text, err := fs.ReadFile(f.proc, path.Join(strconv.Itoa(pid), "stat"))
	if err != nil {
		return c, false
	}
	comm, fields := parseStat(string(text))
	if len(fields) < 18 {
		return c, false
	}
	if flags, err := strconv.ParseUint(fields[6], 10, 64); err != nil || flags&kernelThread != 0 {
		return c, false
	}
	threads, _ := strconv.Atoi(fields[17])
	if (fields[0] == "Z" || fields[0] == "X") && threads < 2 {
		return c, false
	}
	parent, err := strconv.Atoi(fields[1])
	return candidate{Target{PID: pid, Comm: comm}, parent}, err == nil
}

func (f *finder) matches(p candidate) bool {
	dir := strconv.Itoa(p.PID)
	return satisfies(f.Comms, func(glob string) bool { return f.named(glob, p) }) &&
		satisfies(f.Threads, func(glob string) bool { return f.hasThread(dir, glob) }) &&
		satisfies(f.cgroups, func(name string) bool { return f.inCgroup(dir, name) }) &&
		satisfies(f.programs, func(program string) bool { return f.sameFile(p.PID, program) })
}

// satisfies reports whether one of the conditions holds, or there is none.
func satisfies(conditions []string, holds func(string) bool) bool {
	return len(conditions) == 0 || slices.ContainsFunc(conditions, holds)
}

// named reports whether glob matches the process's name. A name that the kernel
// has cut is completed from the command line, if that begins with it.
func (f *finder) named(glob string, p candidate) bool {
	if ok, _ := path.Match(glob, p.Comm); ok {
		return true
	}
	if len(p.Comm) < nameBytes {
		return false
	}
	line, _ := fs.ReadFile(f.proc, path.Join(strconv.Itoa(p.PID), "cmdline"))
	program, _, _ := strings.Cut(string(line), "\x00")
	name := path.Base(program)
	ok, _ := path.Match(glob, name)
	return ok && strings.HasPrefix(name, p.Comm)
}

func (f *finder) hasThread(dir, glob string) bool {
	tasks, _ := fs.ReadDir(f.proc, path.Join(dir, "task"))
	return slices.ContainsFunc(tasks, func(task fs.DirEntry) bool {
		name, err := fs.ReadFile(f.proc, path.Join(dir, "task", task.Name(), "comm"))
		ok, _ := path.Match(glob, strings.TrimSuffix(string(name), "\n"))
		return err == nil && ok
	})
}

// inCgroup reports whether a process is in a control group or below it, in any
// hierarchy (cgroups(7)).
func (f *finder) inCgroup(dir, name string) bool {
	text, err := fs.ReadFile(f.proc, path.Join(dir, "cgroup"))
	if err != nil {
		return false
	}
	for line := range strings.Lines(string(text)) {
		parts := strings.SplitN(strings.TrimSuffix(line, "\n"), ":", 3)
		if len(parts) < 3 {
			continue
		}
		group := parts[2]
		if container.MatchString(name) {
			if slices.ContainsFunc(strings.FieldsFunc(group, func(r rune) bool { return r == '/' || r == '-' || r == '.' || r == ':' }),
				func(part string) bool { return container.MatchString(part) && strings.HasPrefix(part, name) }) {
				return true
			}
		} else if name == group || strings.HasPrefix(group, strings.TrimSuffix(name, "/")+"/") {
			return true
		}
	}
	return false
}

// sameProgram reports whether a process runs the file at a path, also under
// another name.
func sameProgram(pid int, program string) bool {
	theirs, err := os.Stat(fmt.Sprintf("/proc/%d/exe", pid))
	if err != nil {
		return false // it has ended, or this process may not see it
	}
	ours, err := os.Stat(program)
	return err == nil && os.SameFile(theirs, ours)
}

// noMatch says that nothing matches, and what may be the reason.
func (f *finder) noMatch(itself bool) error {
	if itself {
		return fmt.Errorf("%s matches only this probe itself (process %d): name the process to follow more closely", f.words(), f.self)
	}
	hint := "is it running, and in this pid namespace?"
	for _, glob := range slices.Concat(f.Comms, f.Threads) {
		if len(glob) > nameBytes && !strings.ContainsAny(glob, `*?[\`) {
			hint = fmt.Sprintf("the kernel cuts names to %d characters: try %q", nameBytes, glob[:nameBytes]+"*")
		}
	}
	switch {
	case len(f.Cgroups) > 0:
		hint = "/proc/PID/cgroup shows the control groups of a process"
	case len(f.Exes) > 0:
		hint = fmt.Sprintf("no running process has the file %s; /proc/PID/exe shows the one of a process, if you may see it", strings.Join(f.programs, " or "))
	}
	return fmt.Errorf("no process matches %s (%s)", f.words(), hint)
}

// words repeats the conditions as they are given on the command line.
func (f *finder) words() string {
	var words []string
	for _, c := range []struct {
		flag   string
		values []string
	}{{"--comm", f.Comms}, {"--thread", f.Threads}, {"--cgroup", f.Cgroups}, {"--all-of", f.Exes}} {
		for _, v := range c.values {
			words = append(words, fmt.Sprintf("%s %q", c.flag, v))
		}
	}
	return strings.Join(words, " ")
}

// listTargets lists processes in one line, the first ones if they are many.
func listTargets(ts []Target) string {
	const shown = 10
	var words []string
	for _, t := range ts[:min(shown, len(ts))] {
		words = append(words, fmt.Sprintf("%d %s", t.PID, t.Name()))
	}
	if n := len(ts) - shown; n > 0 {
		words = append(words, fmt.Sprintf("and %d more", n))
	}
	return strings.Join(words, ", ")
}
