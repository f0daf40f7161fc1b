package figure

import (
	"os"
	"path/filepath"
	"testing"
)

func TestLook(t *testing.T) {
	for name, run := range map[string]func() error{
		"quick":   func() error { return dump("/tmp/fig/quick", newView(quickRun(1))) },
		"handoff": func() error { return dump("/tmp/fig/handoff", newView(handoffRun())) },
	} {
		if err := run(); err != nil {
			t.Error(name, err)
		}
	}
}

func dump(dir string, v *view) error {
	os.MkdirAll(dir, 0o755)
	figs, err := v.figures()
	if err != nil {
		return err
	}
	for _, f := range figs {
		println(f.Name, f.Missing, f.Caption)
		if f.sheet == nil {
			continue
		}
		for _, format := range []string{"svg", "png", "pdf"} {
			b, err := f.sheet.render(format)
			if err != nil {
				return err
			}
			os.WriteFile(filepath.Join(dir, f.Name+"."+format), b, 0o644)
		}
	}
	return nil
}
