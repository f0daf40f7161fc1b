package suite

import (
	"fmt"
	"io/fs"
	"maps"
	"path"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	"lflab/experiments/probe/stage"

	"github.com/BurntSushi/toml"
)

// Groups are the group names that a subject's parse expression may use.
var groups = []string{"count", "mean", "p50", "p90", "p99", "p999", "max"}

func (r *reader) subjects(s *Suite, f *file, md toml.MetaData) error {
	for i, in := range f.Subject {
		sub, err := r.subject(s, in, fmt.Sprintf("subject[%d]", i))
		if err != nil {
			return err
		}
		for _, other := range s.Subjects {
			if other.Name == sub.Name && len(other.With) == 0 {
				return r.refuse(fmt.Sprintf("subject[%d].name", i), sub.Name, "each name once, or first with other values of with")
			}
			if (other.Parse == nil) != (sub.Parse == nil) {
				return r.refuse("subject."+sub.Name+".parse", in.Parse, "in all subjects of a suite or in none")
			}
		}
		s.Subjects = append(s.Subjects, sub)
	}
	if !s.Commands() {
		return nil
	}
	for _, cell := range s.Cells() {
		if sub, _ := s.Subject(cell); sub == nil {
			return r.refuse("axes", cell, `cells that a subject takes, where subjects have parse (a subject named "*" takes the rest)`)
		}
	}
	return nil
}

func (r *reader) subject(s *Suite, f fileSubject, at string) (Subject, error) {
	sub := Subject{Name: f.Name, Command: f.Command, Needs: f.Needs, CC: f.CC}
	if f.Name == "" {
		return sub, r.missing(at+".name", `a value of an axis, or "*"`)
	}
	at = "subject." + f.Name
	var axes []string
	for _, a := range s.Axes {
		if a.Name != ProbeAxis && slices.Contains(a.Values, f.Name) {
			axes = append(axes, a.Name)
		}
	}
	switch {
	case f.Name == "*" && f.Parse == "":
		return sub, r.refuse(at+".name", f.Name, `with parse only; cells without a subject run "lflab serve"`)
	case f.Name != "*" && len(axes) != 1:
		return sub, r.refuse(at+".name", f.Name, "a value of exactly one axis")
	}
	if f.With != nil {
		var err error
		if sub.With, err = r.match(s, f.With, at+".with"); err != nil {
			return sub, err
		}
		if f.Name == "*" || sub.With[axes[0]] != nil {
			return sub, r.refuse(at+".with", f.With, "axes other than the one that has the subject's name")
		}
	}
	switch {
	case f.Serve != nil:
		return r.ours(s, sub, f, axes[0], at)
	case len(f.Command) == 0:
		return sub, r.missing(at+".command", "the program and its arguments")
	case strings.ContainsRune(f.Needs, '$') && !fromEnvironment.MatchString(f.Needs):
		return sub, r.refuse(at+".needs", f.Needs, `a program's name, its path, or a path in a directory of the environment, as in "$PEERS/server"`)
	case f.CC != "" && !fs.ValidPath(f.CC):
		return sub, r.refuse(at+".cc", f.CC, "a path relative to the suite's file")
	}
	if err := r.subjectFiles(&sub, f, at); err != nil {
		return sub, err
	}
	if err := r.placeholders(s, &sub, f, at); err != nil {
		return sub, err
	}
	var err error
	if sub.Shape, err = stage.ParseShape(f.Shape); err != nil {
		var names []string
		for _, shape := range stage.Shapes() {
			names = append(names, string(shape))
		}
		return sub, r.refuse(at+".shape", f.Shape, strings.Join(names, ", ")+"; without the key it is recognised")
	}
	if err := r.ready(&sub, f, at); err != nil {
		return sub, err
	}
	if f.Parse == "" {
		if !strings.Contains(strings.Join(f.Command, " ")+string(sub.Template), "{port}") {
			return sub, r.refuse(at+".command", f.Command, "a command with {port}, the port to listen on, or a configuration with it")
		}
		return sub, nil
	}
	re, err := regexp.Compile(f.Parse)
	if err != nil {
		return sub, fmt.Errorf("suite %s: %s.parse: %w", r.file, at, err)
	}
	for _, g := range re.SubexpNames()[1:] {
		if g != "" && !slices.Contains(groups, g) {
			return sub, r.refuse(at+".parse", g, "groups named "+strings.Join(groups, ", "))
		}
	}
	if re.SubexpIndex("mean") < 0 {
		return sub, r.refuse(at+".parse", f.Parse, "an expression with a group (?P<mean>…)")
	}
	sub.Parse = re
	return sub, nil
}

// readyAfter is how long a server may take to listen, unless its subject sets
// ready.
const readyAfter = 15 * time.Second

func (r *reader) ready(sub *Subject, f fileSubject, at string) (err error) {
	sub.Ready = readyAfter
	switch {
	case f.Ready == "":
		return nil
	case f.Parse != "":
		return r.refuse(at+".ready", f.Ready, "for servers only, which have no parse")
	}
	sub.Ready, err = r.duration(at+".ready", f.Ready, 100*time.Millisecond)
	return err
}

// fromEnvironment matches a path that begins with an environment variable.
var fromEnvironment = regexp.MustCompile(`^\$[A-Z][A-Z0-9_]*/[^$]+$`)

// ours reads a subject that is our own server with its own flags.
func (r *reader) ours(s *Suite, sub Subject, f fileSubject, axis, at string) (Subject, error) {
	if only := (fileSubject{Name: f.Name, Serve: f.Serve, With: f.With}); !reflect.DeepEqual(f, only) {
		return sub, r.refuse(at, "a program", "name, serve and with alone, where there is serve")
	}
	for _, name := range slices.Sorted(maps.Keys(f.Serve)) {
		if name != axis && s.Axis(name) != nil && sub.With[name] == nil {
			return sub, r.refuse(at+".serve."+name, f.Serve[name], "either here or in [axes], not both, unless with says for which of its values")
		}
		flag, err := r.flag(s, at+".serve", name, f.Serve[name])
		if err != nil {
			return sub, err
		}
		sub.Serve = append(sub.Serve, flag)
	}
	if f.Serve[axis] == nil && axis == "mpm" {
		return sub, r.missing(at+".serve.mpm", "the architecture that the subject is a form of")
	}
	return sub, nil
}

// subjectFiles reads the files that a subject names.
func (r *reader) subjectFiles(sub *Subject, f fileSubject, at string) (err error) {
	if f.CC != "" {
		if sub.Source, err = fs.ReadFile(r.fsys, f.CC); err != nil {
			return fmt.Errorf("suite %s: %s.cc: %w", r.file, at, err)
		}
	}
	switch {
	case f.Config == "" && f.Files == nil:
		return nil
	case f.Config == "":
		return r.missing(at+".config", "the path of a configuration, where there are files")
	case f.Parse != "":
		return r.refuse(at+".config", f.Config, "for servers only, which have no parse")
	case !fs.ValidPath(f.Config):
		return r.refuse(at+".config", f.Config, "a path relative to the suite's file")
	case !slices.ContainsFunc(f.Command, func(arg string) bool { return strings.Contains(arg, "{config}") }):
		return r.refuse(at+".command", f.Command, "a command with {config}, the path of its configuration")
	}
	if sub.Template, err = fs.ReadFile(r.fsys, f.Config); err != nil {
		return fmt.Errorf("suite %s: %s.config: %w", r.file, at, err)
	}
	for name := range f.Files {
		if !fs.ValidPath(name) || name == "." || name == path.Base(f.Config) {
			return r.refuse(at+".files", name, "paths in {dir}, other than that of the configuration, "+path.Base(f.Config))
		}
	}
	sub.Config, sub.Files = f.Config, f.Files
	return nil
}

// Cells returns all combinations of the axes' values except those of Without.
// The last axis varies fastest.
func (s *Suite) Cells() []map[string]string {
	return slices.DeleteFunc(combinations(s.Axes), func(c map[string]string) bool {
		return slices.ContainsFunc(s.Without, func(m Match) bool { return m.Has(c) })
	})
}

// combinations returns all combinations of the axes' values. The last axis
// varies fastest.
func combinations(axes []Axis) []map[string]string {
	cells := []map[string]string{{}}
	for _, a := range axes {
		var next []map[string]string
		for _, c := range cells {
			for _, v := range a.Values {
				cell := map[string]string{a.Name: v}
				maps.Copy(cell, c)
				next = append(next, cell)
			}
		}
		cells = next
	}
	return cells
}
