package page

import (
	"fmt"

	"github.com/janpfeifer/gonb/gonbui"
	"github.com/janpfeifer/gonb/gonbui/protocol"

	"lflab/experiments/figure"
	"lflab/experiments/record"
)

// Figure shows one figure of a run, by the name that its files have in the
// report. It is drawn anew from the data; the results directory is only read.
func Figure(run *record.Run, name string) error {
	svg, err := figure.Draw(run, name, "svg")
	if err != nil {
		return err
	}
	alt, err := figure.Alt(run, name)
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
		protocol.MIMETextPlain: fmt.Sprintf("Figure %s of %s. %s", name, run.Manifest.Suite, alt),
	}})
	sync()
	return nil
}
