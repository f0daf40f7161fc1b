package suites

import (
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"
)

// Groups are what the parse expression of a subject may name.
var Groups = []string{"count", "mean", "p50", "p90", "p99", "p999", "max"}

var placeholder = regexp.MustCompile(`\{([^{}]*)\}`)

func (r *reader) subjects(s *Suite, f *file, md toml.MetaData) error {
	for i, in := range f.Subject {
		sub, err := r.subject(s, in, fmt.Sprintf("subject[%d]", i))
		if err != nil {
			return err
		}
		for _, other := range s.Subjects {
			if other.Name == sub.Name {
				return r.refuse(fmt.Sprintf("subject[%d].name", i), sub.Name, "each name once")
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
		if slices.Contains(a.Values, f.Name) {
			axes = append(axes, a.Name)
		}
	}
	switch {
	case f.Name == "*" && f.Parse == "":
		return sub, r.refuse(at+".name", f.Name, `with parse only; cells without a subject run "lflab serve"`)
	case f.Name != "*" && len(axes) != 1:
		return sub, r.refuse(at+".name", f.Name, "a value of exactly one axis")
	case len(f.Command) == 0:
		return sub, r.missing(at+".command", "the program and its arguments")
	case f.CC != "" && !fs.ValidPath(f.CC):
		return sub, r.refuse(at+".cc", f.CC, "a path relative to the suite's file")
	}
	if f.CC != "" {
		var err error
		if sub.Source, err = fs.ReadFile(r.fsys, f.CC); err != nil {
			return sub, fmt.Errorf("suite %s: %s.cc: %w", r.file, at, err)
		}
	}
	allowed := []string{"self", "cpus"}
	if f.CC != "" {
		allowed = append(allowed, "bin")
	}
	if f.Parse == "" {
		allowed = append(allowed, "port")
	}
	for _, a := range s.Axes {
		allowed = append(allowed, a.Name)
	}
	for _, flag := range s.Server {
		allowed = append(allowed, flag.Name)
	}
	for _, arg := range f.Command {
		for _, m := range placeholder.FindAllStringSubmatch(arg, -1) {
			if !slices.Contains(allowed, m[1]) {
				return sub, r.refuse(at+".command", m[0], "{"+strings.Join(allowed, "}, {")+"}")
			}
		}
	}
	if f.Parse == "" {
		if !slices.ContainsFunc(f.Command, func(arg string) bool { return strings.Contains(arg, "{port}") }) {
			return sub, r.refuse(at+".command", f.Command, "a command with {port}, the port to listen on")
		}
		return sub, nil
	}
	re, err := regexp.Compile(f.Parse)
	if err != nil {
		return sub, fmt.Errorf("suite %s: %s.parse: %w", r.file, at, err)
	}
	for _, g := range re.SubexpNames()[1:] {
		if g != "" && !slices.Contains(Groups, g) {
			return sub, r.refuse(at+".parse", g, "groups named "+strings.Join(Groups, ", "))
		}
	}
	if re.SubexpIndex("mean") < 0 {
		return sub, r.refuse(at+".parse", f.Parse, "an expression with a group (?P<mean>…)")
	}
	sub.Parse = re
	return sub, nil
}

// Argv is the command of the subject with its placeholders filled. A
// placeholder without a value stays as it is.
func (sub *Subject) Argv(values map[string]string) []string {
	argv := make([]string, len(sub.Command))
	for i, arg := range sub.Command {
		argv[i] = placeholder.ReplaceAllStringFunc(arg, func(p string) string {
			if v, ok := values[p[1:len(p)-1]]; ok {
				return v
			}
			return p
		})
	}
	return argv
}

// Cells are all combinations of the axes' values, the last axis running fastest.
func (s *Suite) Cells() []map[string]string {
	cells := []map[string]string{{}}
	for _, a := range s.Axes {
		var next []map[string]string
		for _, c := range cells {
			for _, v := range a.Values {
				cell := map[string]string{a.Name: v}
				for k, v := range c {
					cell[k] = v
				}
				next = append(next, cell)
			}
		}
		cells = next
	}
	return cells
}
