package plot

import (
	"errors"
	"fmt"
	"html"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
)

// svgText matches a text of vgsvg: x, y, weight, size and colour, and what it
// says.
var svgText = regexp.MustCompile(`<text x="([^"]*)" y="([^"]*)" transform="scale\(1, -1\)"\s*style="font-family:Liberation Sans;font-variant:(\w+);font-weight:normal;font-style:normal;font-size:([0-9.]+)px(?:;fill:(#[0-9A-F]{6}))?">([^<]*)</text>`)

// outlineText replaces all text of an SVG file of vgsvg by outlines, so that it
// has the same shape and width where our font is missing. Each glyph is defined
// once. A group's aria-label holds its text. It returns an error for text of an
// unknown form.
func outlineText(svg string) (string, error) {
	glyphs := map[string]string{}
	var failed error
	out := svgText.ReplaceAllStringFunc(svg, func(element string) string {
		m := svgText.FindStringSubmatch(element)
		size, _ := strconv.ParseFloat(m[4], 64)
		x, _ := strconv.ParseFloat(m[1], 64)
		y, _ := strconv.ParseFloat(m[2], 64)
		group, err := outlinedGroup(html.UnescapeString(m[6]), m[3] != "normal", vg.Length(size), x, -y, m[5], glyphs)
		failed = errors.Join(failed, err)
		return group
	})
	if failed == nil && strings.Contains(out, "<text") {
		failed = errors.New("some text has an unknown style")
	}
	if failed != nil {
		return "", fmt.Errorf("outline text: %w", failed)
	}
	var defs strings.Builder
	defs.WriteString("<defs>\n")
	for _, id := range slices.Sorted(maps.Keys(glyphs)) {
		fmt.Fprintf(&defs, "<path id=\"%s\" d=\"%s\"/>\n", id, glyphs[id])
	}
	defs.WriteString("</defs>\n")
	head, body, ok := strings.Cut(out, "<g transform=")
	if !ok {
		return "", errors.New("outline text: the file draws nothing")
	}
	return head + defs.String() + "<g transform=" + body, nil
}

// outlinedGroup returns a group that draws text at (x, y) in a colour, "" for
// black. It adds the glyphs that the text needs to glyphs.
func outlinedGroup(text string, bold bool, size vg.Length, x, y float64, colour string, glyphs map[string]string) (string, error) {
	if strings.TrimSpace(text) == "" {
		return "", nil // a tick whose label is blank so that it has a grid line
	}
	look := face(size, bold)
	f := font.DefaultCache.Lookup(look, size).Face
	em := fixed.Int26_6(f.UnitsPerEm())
	var b strings.Builder
	scale := float64(size) * glyphGrid / float64(em)
	fmt.Fprintf(&b, `<g transform="matrix(%.5g 0 0 %.5g %.5g %.5g)" aria-label="%s"`, scale, -scale, x, y, escapeAttr(text))
	if colour != "" {
		fmt.Fprintf(&b, ` fill="%s"`, colour)
	}
	b.WriteString(">")
	var buf sfnt.Buffer
	var before sfnt.GlyphIndex
	at := 0
	for _, r := range text {
		index, err := f.GlyphIndex(&buf, r)
		if err != nil {
			return "", fmt.Errorf("find the glyph of %q: %w", r, err)
		}
		if index == 0 {
			return "", fmt.Errorf("the font has no glyph for %q", r)
		}
		if before != 0 {
			if kern, err := f.Kern(&buf, before, index, em, 0); err == nil {
				at += int(kern)
			}
		}
		id := fmt.Sprintf("r%x", r)
		if bold {
			id = fmt.Sprintf("b%x", r)
		}
		if _, known := glyphs[id]; !known {
			if glyphs[id], err = glyphPath(f, index); err != nil {
				return "", fmt.Errorf("outline %q: %w", r, err)
			}
		}
		if glyphs[id] != "" {
			fmt.Fprintf(&b, `<use xlink:href="#%s" x="%d"/>`, id, onGrid(at))
		}
		advance, err := f.GlyphAdvance(&buf, index, em, 0)
		if err != nil {
			return "", fmt.Errorf("advance of %q: %w", r, err)
		}
		at += int(advance)
		before = index
	}
	b.WriteString("</g>")
	return b.String(), nil
}

// glyphGrid is the number of units of the font in one unit of the file: 512 of
// these make an em, which is 0.015 points at the size of our text.
const glyphGrid = 4

// onGrid rounds a length in units of the font to units of the file.
func onGrid(x int) int { return int(math.Round(float64(x) / glyphGrid)) }

// glyphPath returns a glyph's outline as SVG path data in units of the file.
func glyphPath(f *sfnt.Font, index sfnt.GlyphIndex) (string, error) {
	var buf sfnt.Buffer
	segments, err := f.LoadGlyph(&buf, index, fixed.Int26_6(f.UnitsPerEm()), nil)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	var penX, penY int
	write := func(command string, points ...fixed.Point26_6) {
		b.WriteString(command)
		var x, y int
		for i, p := range points {
			x, y = onGrid(int(p.X)), onGrid(int(p.Y))
			number(&b, x-penX, i == 0)
			number(&b, y-penY, false)
		}
		penX, penY = x, y
	}
	for i, s := range segments {
		switch s.Op {
		case sfnt.SegmentOpMoveTo:
			if i > 0 {
				b.WriteString("z")
			}
			penX, penY = 0, 0
			write("M", s.Args[0])
		case sfnt.SegmentOpLineTo:
			write("l", s.Args[0])
		case sfnt.SegmentOpQuadTo:
			write("q", s.Args[:2]...)
		default:
			return "", fmt.Errorf("segment %d has an operation that TrueType fonts lack", s.Op)
		}
	}
	if len(segments) > 0 {
		b.WriteString("z")
	}
	return b.String(), nil
}

// number writes a number of path data, behind a space unless it is the first of
// its command or has a sign.
func number(b *strings.Builder, x int, first bool) {
	if !first && x >= 0 {
		b.WriteByte(' ')
	}
	fmt.Fprint(b, x)
}

// joinStrokes joins neighbouring opaque lines of one style into one element,
// which keeps hatched areas and ticks short.
func joinStrokes(svg string) string {
	var b strings.Builder
	last := ""
	for line := range strings.Lines(svg) {
		d, style, ok := strings.Cut(line, `" style="fill:none;stroke:`)
		if ok = ok && strings.HasPrefix(d, `<path d="`) && !strings.Contains(style, "stroke-opacity"); ok && style == last {
			b.WriteString(strings.TrimPrefix(d, `<path d="`))
			continue
		}
		if last != "" {
			b.WriteString(`" style="fill:none;stroke:` + last)
		}
		if last = ""; ok {
			b.WriteString(d)
			last = style
			continue
		}
		b.WriteString(line)
	}
	return b.String()
}
