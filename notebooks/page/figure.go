package page

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/janpfeifer/gonb/gonbui"
	"github.com/janpfeifer/gonb/gonbui/protocol"

	"lflab/experiments/figure"
	"lflab/experiments/lab"
)

// Figure shows one figure of a run, by the name that its files have in the
// report. It is drawn anew from the data, in a temporary directory: the
// results directory is only read.
func Figure(run *lab.Run, name string) error {
	svg, err := draw(run, name)
	if err != nil {
		return err
	}
	if !gonbui.IsNotebook {
		fmt.Printf("figure %s: %d bytes of SVG\n", name, len(svg))
		return nil
	}
	// As an image, not as HTML: what shows notebooks on the web takes the
	// latter out.
	gonbui.SendData(&protocol.DisplayData{Data: map[protocol.MIMEType]any{
		protocol.MIMEImageSVG:  string(svg),
		protocol.MIMETextPlain: fmt.Sprintf("figure %s of %s", name, run.Manifest.Suite),
	}})
	sync()
	return nil
}

// draw makes all figures of the run, which takes about a second, and gives
// back one.
func draw(run *lab.Run, name string) ([]byte, error) {
	dir, err := os.MkdirTemp("", "page-")
	if err != nil {
		return nil, fmt.Errorf("draw figure %s: %w", name, err)
	}
	defer os.RemoveAll(dir)
	if _, err := figure.Write(run, dir); err != nil {
		return nil, fmt.Errorf("draw figure %s: %w", name, err)
	}
	svg, err := os.ReadFile(filepath.Join(dir, "figures", name+".svg"))
	if os.IsNotExist(err) {
		files, _ := filepath.Glob(filepath.Join(dir, "figures", "*.svg"))
		for i, f := range files {
			files[i] = strings.TrimSuffix(filepath.Base(f), ".svg")
		}
		return nil, fmt.Errorf("draw figure %s: %s has none of that name (it has %s)", name, run.Dir, strings.Join(files, ", "))
	}
	if err != nil {
		return nil, fmt.Errorf("draw figure %s: %w", name, err)
	}
	return svg, nil
}
