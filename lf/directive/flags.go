package directive

import "github.com/spf13/pflag"

// Flags are the directives as flags of a command line. They remember what was
// set, and where.
type Flags struct {
	values []value
}

// NewFlags adds a flag for every directive to set.
func NewFlags(set *pflag.FlagSet) *Flags {
	return &Flags{}
}
