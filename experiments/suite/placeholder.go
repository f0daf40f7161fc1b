package suite

import (
	"regexp"
	"slices"
	"strings"
)

var placeholder = regexp.MustCompile(`\{([^{}]*)\}`)

// inTemplate is narrower, because configurations contain other braces: "events
// { … }", "%{Host}i".
var inTemplate = regexp.MustCompile(`\{([a-z][a-z0-9_-]*)\}`)

// placeholders checks the placeholders of a subject's command and
// configuration.
func (r *reader) placeholders(s *Suite, sub *Subject, f fileSubject, at string) error {
	allowed := allowedPlaceholders(s, f)
	for _, arg := range f.Command {
		for _, m := range placeholder.FindAllStringSubmatch(arg, -1) {
			if !slices.Contains(allowed, m[1]) {
				return r.refuse(at+".command", m[0], "{"+strings.Join(allowed, "}, {")+"}")
			}
		}
	}
	allowed = slices.DeleteFunc(allowed, func(name string) bool { return name == "bin" || name == "needs" || name == "config" })
	for _, m := range inTemplate.FindAllSubmatch(sub.Template, -1) {
		if !slices.Contains(allowed, string(m[1])) {
			return r.refuse(at+".config", string(m[0]), "in "+f.Config+": {"+strings.Join(allowed, "}, {")+"}")
		}
	}
	return nil
}

// allowedPlaceholders returns the placeholders that a subject's command may
// have.
func allowedPlaceholders(s *Suite, f fileSubject) []string {
	allowed := []string{"self", "cpus"}
	if f.CC != "" {
		allowed = append(allowed, "bin")
	}
	if f.Needs != "" {
		allowed = append(allowed, "needs")
	}
	if s.DocRoot != nil {
		allowed = append(allowed, "docroot")
	}
	if f.Config != "" {
		allowed = append(allowed, "config", "dir")
	}
	if f.Parse == "" {
		allowed = append(allowed, "port")
	}
	for _, a := range s.Axes {
		if a.Name != ProbeAxis {
			allowed = append(allowed, a.Name)
		}
	}
	for _, flag := range s.Server {
		allowed = append(allowed, flag.Name)
	}
	return allowed
}

// fill replaces placeholders by values. It leaves those without a value.
func fill(text string, values map[string]string) string {
	return placeholder.ReplaceAllStringFunc(text, func(p string) string {
		if v, ok := values[p[1:len(p)-1]]; ok {
			return v
		}
		return p
	})
}

// Fill returns the flag's value with its placeholder filled in.
func (f Flag) Fill(values map[string]string) string { return fill(f.Value, values) }

// Argv returns the subject's command with its placeholders filled in.
func (sub *Subject) Argv(values map[string]string) []string {
	argv := make([]string, len(sub.Command))
	for i, arg := range sub.Command {
		argv[i] = fill(arg, values)
	}
	return argv
}

// Configuration returns the subject's configuration with its placeholders
// filled in.
func (sub *Subject) Configuration(values map[string]string) string {
	return fill(string(sub.Template), values)
}
