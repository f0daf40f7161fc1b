package plot

import (
	"strings"
	"testing"
)

// Text becomes glyphs that are each defined once, a group has the text in
// words, and a text of an unknown form is an error.
func TestOutlineText(t *testing.T) {
	const head = `<svg viewBox="0 0 9 9"><g transform="scale(1, -1)">`
	text := func(s string) string {
		return `<text x="10" y="-20" transform="scale(1, -1)"` + "\n\t" +
			`style="font-family:Liberation Sans;font-variant:normal;font-weight:normal;font-style:normal;font-size:7.5px;fill:#222222">` + s + "</text>\n"
	}
	svg, err := outlineText(head + text("lull &amp; all") + text("lull") + "</g></svg>")
	if err != nil {
		t.Fatal(err)
	}
	for part, times := range map[string]int{`id="r6c"`: 1, `id="r75"`: 1, `xlink:href="#r6c"`: 8, `aria-label="lull &amp; all"`: 1, "<text": 0, "font": 0, `matrix(0.014648 0 0 -0.014648 10 20)`: 2} {
		if got := strings.Count(svg, part); got != times {
			t.Errorf("%s stands %d times, want %d: %s", part, got, times, svg)
		}
	}
	if _, err := outlineText(head + `<text x="1" y="1">plain</text></g></svg>`); err == nil {
		t.Error("text of an unknown form is left in silence")
	}
	if _, err := outlineText(head + text("\U0001F600") + "</g></svg>"); err == nil || !strings.Contains(err.Error(), "no glyph") {
		t.Errorf("a letter that the font lacks: %v", err)
	}
}

// Neighbouring opaque lines of one style become one element, others stay.
func TestJoinStrokes(t *testing.T) {
	a, b := `" style="fill:none;stroke:#111111" />`+"\n", `" style="fill:none;stroke:#222222;stroke-opacity:0.5" />`+"\n"
	got := joinStrokes(`<path d="M1` + a + `<path d="M2` + a + `<path d="M3` + b + `<path d="M4` + b + "<g>\n" + `<path d="M5` + a + "</g>\n")
	if want := `<path d="M1M2` + a + `<path d="M3` + b + `<path d="M4` + b + "<g>\n" + `<path d="M5` + a + "</g>\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// Several figures on one page share no name of a definition.
func TestInlineSVGNamesItsOwnGlyphs(t *testing.T) {
	sheet := func(label string) []byte {
		svg, err := (&Sheet{Width: OneColumn, Row: 100, Rows: [][]Tile{{{Plot: NewPanel(label, "y"), Title: "t"}}}, Alt: "It shows " + label + "."}).Render("svg")
		if err != nil {
			t.Fatal(err)
		}
		return svg
	}
	a, b := InlineSVG(sheet("abc"), "one"), InlineSVG(sheet("abd"), "two")
	for _, id := range strings.Split(a, `<path id="`)[1:] {
		id, _, _ = strings.Cut(id, `"`)
		if strings.Contains(b, `id="`+id+`"`) {
			t.Errorf("both pictures define %s", id)
		}
		if !strings.Contains(a, `href="#`+id+`"`) && id[len(id)-2:] != "20" {
			t.Errorf("nothing uses %s", id)
		}
	}
	if strings.Contains(a, "<title>") || strings.Contains(a, "xlink") || !strings.HasPrefix(a, `<svg role="img" aria-label="one" `) {
		t.Errorf("the element begins with %.200s", a)
	}
	if !strings.Contains(string(sheet("abc")), "<title>It shows abc.</title>") {
		t.Error("the file has no title")
	}
}
