package plot

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"time"

	"codeberg.org/go-pdf/fpdf"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgpdf"
	"gonum.org/v1/plot/vg/vgsvg"
)

// pngDPI is the resolution of PNG files, for screens of twice the usual
// density.
const pngDPI = 220

// fixedDates makes PDF files independent of the time of drawing.
var fixedDates = sync.OnceFunc(func() {
	t := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	fpdf.SetDefaultCreationDate(t)
	fpdf.SetDefaultModificationDate(t)
	fpdf.SetDefaultCatalogSort(true)
})

// Render returns the sheet as a file in a format: "svg", "pdf" or "png". Equal
// sheets give equal bytes.
func (s *Sheet) Render(format string) ([]byte, error) {
	var c vg.CanvasWriterTo
	w, h := s.Width, s.Height()
	switch format {
	case "svg":
		c = vgsvg.New(w, h)
	case "pdf":
		fixedDates()
		c = vgpdf.New(w, h)
	case "png":
		c = vgimg.PngCanvas{Canvas: vgimg.NewWith(vgimg.UseWH(w, h), vgimg.UseDPI(pngDPI))}
	default:
		return nil, fmt.Errorf("render figure: format %q (svg, pdf or png)", format)
	}
	s.draw(draw.New(c))
	var b bytes.Buffer
	if _, err := c.WriteTo(&b); err != nil {
		return nil, fmt.Errorf("render figure as %s: %w", format, err)
	}
	if format == "svg" {
		return portableSVG(b.Bytes()), nil
	}
	return b.Bytes(), nil
}

// portableSVG adds fonts of the same widths that systems without ours have.
func portableSVG(svg []byte) []byte {
	return []byte(strings.NewReplacer(
		"font-family:Liberation Sans;", "font-family:'Liberation Sans',Arimo,Helvetica,Arial,sans-serif;",
		"font-variant:"+strings.ToLower(boldSans)+";font-weight:normal;font-style:normal", "font-weight:bold",
		"font-variant:normal;font-weight:normal;font-style:normal;", "",
	).Replace(string(svg)))
}

// InlineSVG turns an SVG file of Render into an element for an HTML page:
// without the XML header and the fixed size, and with label for screen readers.
// It returns "" for other input.
func InlineSVG(svg []byte, label string) string {
	s := string(svg)
	i := strings.Index(s, "<svg ")
	j := strings.Index(s, "viewBox")
	if i < 0 || j < i {
		return ""
	}
	return `<svg role="img" aria-label="` + escapeAttr(label) + `" ` + strings.Replace(s[j:], "\n\txmlns:xlink=\"http://www.w3.org/1999/xlink\"", "", 1)
}

func escapeAttr(s string) string {
	return strings.NewReplacer("&", "&amp;", `"`, "&quot;", "<", "&lt;", ">", "&gt;").Replace(s)
}
