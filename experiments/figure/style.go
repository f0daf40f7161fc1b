package figure

import (
	"image/color"
	"sync"

	"codeberg.org/go-fonts/liberation/liberationsansbold"
	"golang.org/x/image/font/opentype"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
)

// The house's measures: one and two columns of a journal page.
const (
	oneColumn  = 85 * vg.Millimeter
	twoColumns = 178 * vg.Millimeter

	textSize  = vg.Length(7.5) // points, as printed
	lineWidth = vg.Length(1.1)
	thinLine  = vg.Length(0.4)
)

var (
	ink      = color.NRGBA{0x22, 0x22, 0x22, 0xff}
	axisInk  = color.NRGBA{0x66, 0x66, 0x66, 0xff}
	gridInk  = color.NRGBA{0xe4, 0xe4, 0xe4, 0xff}
	paper    = color.NRGBA{0xff, 0xff, 0xff, 0xff}
	bandGrey = uint8(0x30) // alpha of a band
)

// style is how a subject looks in every figure: colour, marker and dashes all
// tell it, so that neither colour-blind readers nor grey prints lose it.
type style struct {
	color  color.NRGBA
	marker marker
	dashes []vg.Length
}

// Okabe and Ito's palette, which stays apart for every common kind of colour
// blindness. Its yellow is too light for a line on white and is darkened.
var (
	black      = color.NRGBA{0x00, 0x00, 0x00, 0xff}
	orange     = color.NRGBA{0xe6, 0x9f, 0x00, 0xff}
	skyBlue    = color.NRGBA{0x56, 0xb4, 0xe9, 0xff}
	green      = color.NRGBA{0x00, 0x9e, 0x73, 0xff}
	yellow     = color.NRGBA{0xb8, 0xa8, 0x00, 0xff}
	blue       = color.NRGBA{0x00, 0x72, 0xb2, 0xff}
	vermillion = color.NRGBA{0xd5, 0x5e, 0x00, 0xff}
	purple     = color.NRGBA{0xcc, 0x79, 0xa7, 0xff}
	grey       = color.NRGBA{0x8a, 0x8a, 0x8a, 0xff}
)

var palette = []style{
	{vermillion, circle, nil},
	{blue, square, []vg.Length{5, 1.6}},
	{green, triangle, []vg.Length{5, 1.5, 1, 1.5}},
	{black, diamond, []vg.Length{1.1, 1.3}},
	{purple, inverted, []vg.Length{2.6, 1.3}},
	{orange, pentagon, []vg.Length{7, 1.2}},
	{skyBlue, plus, []vg.Length{3, 1, 1, 1, 1, 1}},
	{yellow, cross, []vg.Length{1.8, 2.4}},
	{grey, bar, []vg.Length{0.8, 0.8}},
}

// known are the subjects whose looks never change, whatever the suite.
var known = map[string]int{
	"leader": 0, "worker": 1, "event": 2, "kernel": 3, "goroutine": 4,
	"reactor": 5, "prefork": 6, "percore": 7, "floor": 8, "c-futex": 8,
	"futex": 0, "spinfutex": 1, "eventfd": 2, "pipe": 3, "cond": 4, "channel": 5,
}

// stylesFor gives every subject its style: the known ones theirs, the others
// the first that is free. Past the end of the palette styles repeat.
func stylesFor(subjects []string) map[string]style {
	out := map[string]style{}
	taken := map[int]bool{}
	for _, s := range subjects {
		if i, ok := known[s]; ok && !taken[i] {
			out[s], taken[i] = palette[i], true
		}
	}
	next := 0
	for _, s := range subjects {
		if _, ok := out[s]; ok {
			continue
		}
		for next < len(palette) && taken[next] {
			next++
		}
		out[s] = palette[next%len(palette)]
		next++
	}
	return out
}

// pale is the style's colour for areas.
func (s style) pale(alpha uint8) color.NRGBA {
	c := s.color
	c.A = alpha
	return c
}

// boldSans is registered under a variant of its own: vgpdf looks a face of
// bold weight up under another name than it registers it by.
const boldSans = "SansBold"

var registerBold = sync.OnceFunc(func() {
	ttf, err := opentype.Parse(liberationsansbold.TTF)
	if err != nil {
		panic("figure: parse the embedded font: " + err.Error())
	}
	plotfont := font.Font{Typeface: "Liberation", Variant: boldSans}
	font.DefaultCache.Add(font.Collection{{Font: plotfont, Face: ttf}})
})

func face(size vg.Length, bold bool) font.Font {
	f := font.Font{Typeface: "Liberation", Variant: "Sans", Size: size}
	if bold {
		registerBold()
		f.Variant = boldSans
	}
	return f
}
