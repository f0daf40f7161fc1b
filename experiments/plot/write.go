package plot

import (
	"bytes"
	"fmt"
	"hash/crc32"
	"strconv"
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
		svg, err := outlineText(joinStrokes(b.String()))
		if err != nil {
			return nil, fmt.Errorf("render figure as svg: %w", err)
		}
		return []byte(s.named(svg)), nil
	}
	return b.Bytes(), nil
}

// named makes Alt the title of an SVG file, which screen readers read.
func (s *Sheet) named(svg string) string {
	if s.Alt == "" {
		return svg
	}
	svg = strings.Replace(svg, "<svg ", `<svg role="img" `, 1)
	return strings.Replace(svg, "<defs>", "<title>"+escapeAttr(s.Alt)+"</title>\n<defs>", 1)
}

// InlineSVG turns an SVG file of Render into an element for an HTML page:
// without the XML header, the title and the fixed size, and with label for
// screen readers. The names of its glyphs become its own, because those of a
// page are unique. It returns "" for other input.
func InlineSVG(svg []byte, label string) string {
	s := string(svg)
	i := strings.Index(s, "<svg ")
	j := strings.Index(s, "viewBox")
	if i < 0 || j < i {
		return ""
	}
	s = strings.Replace(s[j:], "\n\txmlns:xlink=\"http://www.w3.org/1999/xlink\"", "", 1)
	if before, rest, ok := strings.Cut(s, "<title>"); ok {
		_, after, _ := strings.Cut(rest, "</title>\n")
		s = before + after
	}
	of := "f" + strconv.FormatUint(uint64(crc32.ChecksumIEEE(svg)), 36)
	s = strings.NewReplacer(`<path id="`, `<path id="`+of, `xlink:href="#`, `href="#`+of).Replace(s)
	return `<svg role="img" aria-label="` + escapeAttr(label) + `" ` + s
}

func escapeAttr(s string) string {
	return strings.NewReplacer("&", "&amp;", `"`, "&quot;", "<", "&lt;", ">", "&gt;").Replace(s)
}
