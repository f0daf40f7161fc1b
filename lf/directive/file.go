package directive

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Limits of what is read.
const (
	mostDepth = 16      // of nested Include
	mostFiles = 1000    // in all
	mostBytes = 1 << 20 // of one file
)

// file is the contents of a configuration, without sections that do not apply.
type file struct {
	main     []value
	sections []section
	notes    Notes
	missing  bool // the file could not be read
}

type section struct {
	user   string
	from   Origin
	values []value
}

// reader reads a configuration.
type reader struct {
	file
	defines []string

	// mpm is the MPM that <IfModule> compares with. A flag or the running
	// server settles it; otherwise the last MPM directive so far sets it.
	mpm     string
	settled bool
	asked   Origin // the first <IfModule> that was evaluated

	user  *section // the section that is being read, or nil
	files int
	path  []string // files that are being read; each includes the next
}

// read reads the file and those that it includes. It adds errors to the notes.
func (r *reader) read(name string) {
	r.include(name, Origin{})
}

func (r *reader) fail(from Origin, name, format string, args ...any) {
	r.notes = append(r.notes, Note{Level: Error, Directive: name, From: from, Text: fmt.Sprintf(format, args...)})
}

// include reads one file. from is the line that included it.
func (r *reader) include(name string, from Origin) {
	r.files++
	switch {
	case r.files > mostFiles:
		if r.files == mostFiles+1 {
			r.fail(from, "Include", "more than %d files", mostFiles)
		}
		return
	case slices.Contains(r.path, name):
		r.fail(from, "Include", "%s includes itself: %s", name, strings.Join(append(r.path, name), " -> "))
		return
	case len(r.path) == mostDepth:
		r.fail(from, "Include", "%s is the %dth file in a chain of files that include one another", name, mostDepth+1)
		return
	}
	text, err := load(name)
	if err != nil {
		what := "Include"
		if from == (Origin{}) { // the command line named it
			from, what, r.missing = Origin{Flag: "config"}, "", true
		}
		r.fail(from, what, "%v", err)
		return
	}
	r.path = append(r.path, name)
	r.parse(name, text)
	r.path = r.path[:len(r.path)-1]
}

// load reads a file of limited size.
func load(name string) (string, error) {
	f, err := os.Open(name)
	if err != nil {
		return "", fmt.Errorf("read configuration: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return "", fmt.Errorf("read configuration: %w", err)
	}
	if info.IsDir() {
		return "", fmt.Errorf("read configuration: %s is a directory (write %s)", name, filepath.Join(name, "*.conf"))
	}
	text, err := io.ReadAll(io.LimitReader(f, mostBytes+1))
	if err != nil {
		return "", fmt.Errorf("read configuration: %w", err)
	}
	if len(text) > mostBytes {
		return "", fmt.Errorf("read configuration: %s has more than %d bytes", name, mostBytes)
	}
	return string(text), nil
}

// open is a section that has begun and not ended.
type open struct {
	name  string // as written
	from  Origin
	taken bool // its contents apply
}

func (r *reader) parse(name, text string) {
	var (
		opened  []open
		skipped int // open sections whose contents do not apply
		outer   = r.user
	)
	for _, l := range split(text) {
		from := Origin{File: name, Line: l.number}
		switch {
		case strings.HasPrefix(l.text, "</"):
			title, ok := strings.CutSuffix(l.text[2:], ">")
			title = strings.TrimSpace(title)
			if !ok || len(opened) == 0 || !strings.EqualFold(title, opened[len(opened)-1].name) {
				r.fail(from, "", "%s ends no section%s", clip(l.text), innermost(opened))
				continue
			}
			last := opened[len(opened)-1]
			opened = opened[:len(opened)-1]
			if !last.taken {
				skipped--
			} else if skipped == 0 && strings.EqualFold(last.name, "User") {
				r.user = nil
			}
		case l.text[0] == '<':
			one := open{name: sectionName(l.text), from: from, taken: skipped > 0}
			if skipped == 0 {
				one.taken = r.begin(l.text, from)
			}
			if !one.taken {
				skipped++
			}
			opened = append(opened, one)
		case skipped == 0:
			r.directive(l.text, from)
		}
	}
	for _, o := range opened {
		r.fail(o.from, "", "section <%s> is not closed", o.name)
	}
	r.user = outer
}

// sectionName returns the first word of <Name args>.
func sectionName(text string) string {
	name := strings.TrimLeft(text[1:], " \t")
	if end := strings.IndexAny(name, " \t>"); end >= 0 {
		name = name[:end]
	}
	return clip(name)
}

func innermost(opened []open) string {
	if len(opened) == 0 {
		return ""
	}
	last := opened[len(opened)-1]
	return fmt.Sprintf(" (the innermost open one is <%s> of %s)", last.name, last.from)
}

// begin reads the first line of a section. It returns whether the section's
// contents apply.
func (r *reader) begin(text string, from Origin) bool {
	inside, ok := strings.CutSuffix(text[1:], ">")
	if !ok {
		r.fail(from, "", "%s has no > at its end", clip(text))
		return false
	}
	all, err := words(inside)
	if err != nil {
		r.fail(from, "", "%s: %v", clip(text), err)
		return false
	}
	name := sectionName(text)
	known := []string{"User", "IfModule", "IfDefine"}
	at := slices.IndexFunc(known, func(k string) bool { return strings.EqualFold(k, name) })
	switch {
	case at < 0:
		r.fail(from, "", "unknown section <%s>%s", name, meant(NearestOf(name, known), "known: <User>, <IfModule>, <IfDefine>"))
		return false
	case len(all) != 2 || all[1] == "" || all[1] == "!":
		r.fail(from, "", "<%s> takes one name", known[at])
		return false
	}
	switch arg := all[1]; known[at] {
	case "User":
		return r.beginUser(arg, from)
	case "IfModule":
		return r.holds(arg, func(module string) bool { return r.isModule(module, from) })
	default:
		return r.holds(arg, func(name string) bool { return slices.Contains(r.defines, name) })
	}
}

func (r *reader) beginUser(name string, from Origin) bool {
	if r.user != nil {
		r.fail(from, "", "<User %s> is inside <User %s> of %s", name, r.user.user, r.user.from)
		return false
	}
	for _, s := range r.sections {
		if s.user == name {
			r.fail(from, "", "<User %s> was already given at %s", name, s.from)
			return false
		}
	}
	r.sections = append(r.sections, section{user: name, from: from})
	r.user = &r.sections[len(r.sections)-1]
	return true
}

// holds evaluates is for arg. An exclamation mark before arg inverts the
// result.
func (r *reader) holds(arg string, is func(string) bool) bool {
	if name, not := strings.CutPrefix(arg, "!"); not {
		return !is(name)
	}
	return is(arg)
}

// isModule reports whether a module is the MPM, under one of httpd's names for
// it. There are no other modules.
func (r *reader) isModule(module string, from Origin) bool {
	if r.asked == (Origin{}) {
		r.asked = from
	}
	for _, name := range []string{"mpm_" + r.mpm + "_module", "mpm_" + r.mpm + ".c", r.mpm + ".c"} {
		if strings.EqualFold(module, name) {
			return true
		}
	}
	return false
}

// directive reads a line that is not a section.
func (r *reader) directive(text string, from Origin) {
	all, err := words(text)
	if err != nil {
		r.fail(from, "", "%v: %s", err, clip(text))
		return
	}
	name, args := all[0], all[1:]
	optional := strings.EqualFold(name, "IncludeOptional")
	if optional || strings.EqualFold(name, "Include") {
		r.includes(args, from, optional)
		return
	}
	e, old, ok := entryOf(name)
	if !ok {
		r.fail(from, "", "unknown directive %q%s", clip(name), meant(nearest(name), "lflab serve --help lists all"))
		return
	}
	v := value{entry: e, args: args, from: from, dir: filepath.Dir(from.File), old: old}
	if text := v.miscounted(); text != "" {
		r.fail(from, e.Name, "%s", text)
		return
	}
	switch {
	case r.user != nil && !e.Section():
		r.fail(from, e.Name, "belongs in the main part, not in <User %s>", r.user.user)
	case r.user != nil:
		r.user.values = append(r.user.values, v)
	default:
		if e.Name == "MPM" {
			r.chooseMPM(args[0], from)
		}
		r.main = append(r.main, v)
	}
}

// chooseMPM sets the MPM that <IfModule> compares with.
func (r *reader) chooseMPM(name string, from Origin) {
	switch {
	case r.settled || strings.EqualFold(name, r.mpm):
	case r.asked != (Origin{}):
		r.fail(from, "MPM", "must come before <IfModule>, which at %s has been read for mpm %s", r.asked, r.mpm)
	default:
		r.mpm = name
	}
}

// includes reads the files of an Include.
func (r *reader) includes(args []string, from Origin, optional bool) {
	if len(args) != 1 || args[0] == "" {
		r.fail(from, "Include", "takes one file or pattern")
		return
	}
	pattern := args[0]
	if !filepath.IsAbs(pattern) {
		pattern = filepath.Join(filepath.Dir(from.File), pattern)
	}
	names, err := filepath.Glob(pattern)
	switch {
	case err != nil:
		r.fail(from, "Include", "%s is not a pattern: %v", args[0], err)
	case len(names) == 0 && !optional:
		r.fail(from, "Include", "there is no file %s (IncludeOptional allows that)", pattern)
	}
	for _, name := range names {
		r.include(name, from)
	}
}

// meant returns the end of a message about an unknown name.
func meant(name, otherwise string) string {
	if name == "" {
		return " (" + otherwise + ")"
	}
	return fmt.Sprintf(" (did you mean %s?)", name)
}

// clip shortens quoted text to one short line.
func clip(text string) string {
	const most = 60
	text = strings.Map(func(c rune) rune {
		if c < ' ' || c == 0x7f {
			return '?'
		}
		return c
	}, strings.ToValidUTF8(text, "?"))
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most]) + "..."
	}
	return text
}
