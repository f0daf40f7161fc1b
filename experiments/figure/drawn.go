package figure

import (
	"fmt"
	"slices"
	"strings"

	"lflab/experiments/record"
)

// Names returns the names of the figures that Draw can draw of a run, in the
// order of its report.
func Names(run *record.Run) ([]string, error) {
	figs, err := New(run).Figures()
	if err != nil {
		return nil, fmt.Errorf("figures of %s: %w", run.Manifest.Suite, err)
	}
	var names []string
	for _, f := range figs {
		if f.Sheet != nil {
			names = append(names, f.Name)
		}
	}
	return names, nil
}

// Draw returns one figure of a run as a file in a format, "svg", "png" or
// "pdf". name is that of its file ("cpu") or its number ("F4"). Equal runs give
// equal bytes. An error lists the valid names, or says what the run lacks for
// this figure.
func Draw(run *record.Run, name, format string) ([]byte, error) {
	f, err := find(run, name)
	if err != nil {
		return nil, err
	}
	return f.Sheet.Render(format)
}

// Caption returns the caption of a figure of a run. name and errors are as for
// Draw.
func Caption(run *record.Run, name string) (string, error) {
	f, err := find(run, name)
	return f.Caption, err
}

// Alt returns what a figure of a run shows, in words for readers who cannot see
// it. name and errors are as for Draw.
func Alt(run *record.Run, name string) (string, error) {
	f, err := find(run, name)
	if err != nil {
		return "", err
	}
	return f.Sheet.Alt, nil
}

func find(run *record.Run, name string) (Figure, error) {
	figs, err := New(run).Figures()
	if err != nil {
		return Figure{}, fmt.Errorf("draw %s: %w", name, err)
	}
	i := slices.IndexFunc(figs, func(f Figure) bool { return f.Name == name || f.Headline != "" && f.Headline == name })
	if i < 0 {
		var names []string
		for _, f := range figs {
			names = append(names, f.Name)
			if f.Headline != "" {
				names[len(names)-1] += " (" + f.Headline + ")"
			}
		}
		return Figure{}, fmt.Errorf("draw %q: no such figure [one of %s]", name, strings.Join(names, ", "))
	}
	if figs[i].Sheet == nil {
		return Figure{}, fmt.Errorf("draw %s: %s", name, figs[i].Missing)
	}
	return figs[i], nil
}
