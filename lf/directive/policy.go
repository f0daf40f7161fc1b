package directive

import (
	"strings"
	"time"

	"lflab/lf"
)

// policy returns the directives for the policy's options of those scopes.
func policy(scopes ...lf.Scope) (all []Entry) {
	for _, scope := range scopes {
		for _, o := range lf.PolicyOptions() {
			if o.Of == scope {
				all = append(all, option(o))
			}
		}
	}
	return all
}

// option returns the directive for one option of the policy.
func option(o lf.Option) Entry {
	e := Entry{Name: camel(o.Name), Doc: o.Doc, Range: Range{Most: o.Most},
		server: func(s *Settings) any { return o.At(&s.Policy) }}
	switch o.At(new(lf.Policy)).(type) {
	case *int:
		e.Type, e.Default.Any = Number, "0"
	case *time.Duration:
		e.Type, e.Default.Any = Duration, "0"
	default:
		e.Type = Word
		e.Doc += ", see lflab list"
		for _, v := range o.Values {
			e.known = append(e.known, v.Name)
		}
	}
	e.Doc += " (" + o.Zero + ")"
	if o.Kept {
		e.Restart = Kept
	}
	return e
}

// camel returns the name of the directive whose flag has that name.
func camel(flag string) string {
	var b strings.Builder
	for part := range strings.SplitSeq(flag, "-") {
		b.WriteString(strings.ToUpper(part[:1]) + part[1:])
	}
	return b.String()
}
