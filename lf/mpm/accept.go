package mpm

import (
	"lflab/lf"
	"lflab/lf/sock"
)

// acceptChoice is how threads wait for connections: the modes of package sock
// that make sense for an architecture, its default first.
func acceptChoice(names ...string) Choice {
	var values []lf.Named
	for _, name := range names {
		mode, err := sock.LookupAcceptMode(name)
		if err != nil {
			panic(err) // a name that was written here
		}
		values = append(values, lf.Named{Name: mode.Name, Doc: mode.Doc})
	}
	return choiceOf("accept", values...)
}

// acceptMode is the mode that was chosen, where the policy is whole.
func (c Config) acceptMode(choice Choice) sock.AcceptMode {
	mode, _ := sock.LookupAcceptMode(c.choose(choice))
	return mode
}
