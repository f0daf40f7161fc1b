package probe

import "lflab/experiments/machine"

// Doctor tells for each hook whether the probe can use it here, or in one line
// why there is no probe at all. It needs no privilege to say so, and takes
// up to a second.
func Doctor() []machine.Finding {
	if err := Check(); err != nil {
		return []machine.Finding{{Name: "probe", Level: machine.Note, Value: "not available", Sentence: err.Error()}}
	}
	return findings(Hooks())
}

func findings(states []HookState) []machine.Finding {
	var fs []machine.Finding
	for _, s := range states {
		f := machine.Finding{Name: "probe " + s.Point, Level: machine.OK, Value: "usable", Sentence: s.Sentence}
		switch {
		case s.Err != nil && s.Needed:
			f.Level, f.Value = machine.Note, "missing: no probe"
		case s.Err != nil:
			f.Level, f.Value = machine.Note, "missing"
		}
		fs = append(fs, f)
	}
	return fs
}
