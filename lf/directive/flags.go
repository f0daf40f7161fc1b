package directive

import (
	"strings"

	"github.com/spf13/pflag"
)

// Flags are the directives as command-line flags. They store the values in the
// order in which they were set. A flag counts as a line of the configuration's
// main part and wins over the file's. --listen replaces all Listen of the main
// part.
type Flags struct {
	values []value
}

// NewFlags adds a flag to set for every directive, and hidden flags for aliases
// and former names. It does not check values; Resolve does, and reports all
// errors together.
func NewFlags(set *pflag.FlagSet) *Flags {
	f := &Flags{}
	for i := range table {
		e := &table[i]
		f.add(set, e, e.FlagName(), Old{}, false)
		for _, name := range e.Aliases {
			f.add(set, e, name, Old{}, true)
		}
		for _, old := range e.Old {
			f.add(set, e, dashed(old.Name), old, true)
		}
	}
	return f
}

func (f *Flags) add(set *pflag.FlagSet, e *Entry, name string, old Old, hidden bool) {
	added := set.VarPF(&flag{to: f, entry: e, name: name, old: old}, name, "", e.help())
	added.Hidden = hidden
	added.DefValue = e.Default.Any
	if added.DefValue == "" {
		added.DefValue = e.Default.Text
	}
	if e.Type == Switch {
		added.NoOptDefVal = "true"
	}
	if added.DefValue == "Off" || strings.Contains(e.Doc, "default") || strings.Contains(e.Doc, "(0:") {
		added.DefValue = "" // not worth showing, or already in Doc
	}
}

// help returns the flag's help text.
func (e *Entry) help() string {
	if e.For == Never {
		return e.Doc + "; accepted, and has no meaning in a Go process"
	}
	var others []string
	if e.Default.Prefork != "" && e.Default.Any != "" {
		others = append(others, "prefork "+e.Default.Prefork)
	}
	if e.Default.Alone != "" {
		others = append(others, e.Default.Alone+" without a control process")
	}
	if len(others) == 0 {
		return e.Doc
	}
	return e.Doc + " (" + strings.Join(others, ", ") + ")"
}

// flag implements pflag.Value.
type flag struct {
	to    *Flags
	entry *Entry
	name  string
	old   Old
	text  string
}

func (f *flag) String() string { return f.text }

func (f *flag) Type() string {
	if f.entry.Type == Switch {
		return "bool" // so that help shows no value
	}
	return f.entry.Type.String()
}

// Set stores a value.
func (f *flag) Set(text string) error {
	args := []string{text}
	if f.entry.Name == "Listen" || f.entry.Name == "Mutex" {
		if several := strings.Fields(text); len(several) > 0 {
			args = several
		}
	}
	f.text = text
	f.to.values = append(f.to.values, value{entry: f.entry, args: args, from: Origin{Flag: f.name}, old: f.old})
	return nil
}

// Given reports whether a flag of that directive was set.
func (f *Flags) Given(name string) bool {
	e, _, ok := entryOf(name)
	return ok && last(f.values, e) != nil
}
