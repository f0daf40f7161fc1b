package directive

import (
	"strings"

	"github.com/spf13/pflag"
)

// Flags are the directives as flags of a command line. They remember what was
// set, in order. A flag is a line of the main part of a configuration, and wins over
// those of the file; --listen takes the place of all Listen of the main part.
type Flags struct {
	values []value
}

// NewFlags adds a flag for every directive to set, and hidden ones for the
// names that directives once had. What a value must be is left to Resolve,
// which tells all that is wrong at once.
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
		added.DefValue = "" // it goes without saying, or is said
	}
}

// help is the line of the flag.
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

// flag is one flag as package pflag knows it.
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
		return "bool" // for which help shows no value
	}
	return f.entry.Type.String()
}

// Set remembers a value.
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

// Given tells whether a flag of that directive was set.
func (f *Flags) Given(name string) bool {
	e, _, ok := Lookup(name)
	return ok && last(f.values, e) != nil
}
