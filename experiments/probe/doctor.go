package probe

import (
	"strings"

	"lflab/experiments/machine"
)

// Doctor reports for each hook whether the probe can use it here, or in one
// line why there is no probe. It needs no privileges, and takes up to a second.
func Doctor() []machine.Finding {
	if err := Check(); err != nil {
		return []machine.Finding{{Name: "probe", Level: machine.Note, Value: "not available", Sentence: err.Error()}}
	}
	return findings(Hooks())
}

// findings returns a line for each tracepoint, each extra and each missing
// thing. The other usable ones share one line.
func findings(states []HookState) []machine.Finding {
	var fs []machine.Finding
	var basics []string
	for _, s := range states {
		f := machine.Finding{Name: "probe " + s.Point, Level: machine.OK, Value: "usable", Sentence: strings.TrimPrefix(s.Sentence, s.Point+": ")}
		switch {
		case s.Err != nil && s.Needed:
			f.Level, f.Value = machine.Note, "missing: no probe"
		case s.Err != nil:
			f.Level, f.Value = machine.Note, "missing"
		case s.Needed && tells[s.Point] == "":
			basics = append(basics, s.Point)
			continue
		}
		fs = append(fs, f)
	}
	if len(basics) > 0 {
		fs = append(fs, machine.Finding{Name: "probe basics", Level: machine.OK, Value: "usable", Sentence: strings.Join(basics, ", ")})
	}
	return fs
}
