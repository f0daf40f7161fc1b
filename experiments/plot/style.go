package plot

import (
	"image/color"
	"sync"

	"codeberg.org/go-fonts/liberation/liberationsansbold"
	"golang.org/x/image/font/opentype"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
)

// Widths of one and two columns of a journal page, and sizes of text and lines.
const (
	OneColumn  = 84 * vg.Millimeter
	TwoColumns = 178 * vg.Millimeter

	textSize  = vg.Length(7.5) // points, as printed
	smallText = vg.Length(6.5) // of numbers and notes; nothing is smaller
	lineWidth = vg.Length(1.1)
	thinLine  = vg.Length(0.4)
)

// Colours that carry no meaning: text, axes, grid and background.
var (
	Ink      = color.NRGBA{0x22, 0x22, 0x22, 0xff}
	AxisInk  = color.NRGBA{0x66, 0x66, 0x66, 0xff}
	gridInk  = color.NRGBA{0xe4, 0xe4, 0xe4, 0xff}
	Paper    = color.NRGBA{0xff, 0xff, 0xff, 0xff}
	bandGrey = uint8(0x30) // alpha of a band
)

// Style says how a subject is drawn in every figure. Subjects differ in colour,
// marker and dashes, so that colour-blind readers and readers of grey prints
// can tell them apart.
type Style struct {
	Color  color.NRGBA
	Marker marker
	Dashes []vg.Length
}

// The first block is Okabe and Ito's palette, whose colours differ for every
// common kind of colour blindness, and grey. Its yellow is darkened, because it
// is too light for a line on white. The second block is for suites that compare
// more subjects, and differs from the first in lightness.
var (
	Black      = RGB(0x000000)
	orange     = RGB(0xe69f00)
	skyBlue    = RGB(0x56b4e9)
	green      = RGB(0x009e73)
	yellow     = RGB(0xb8a800)
	blue       = RGB(0x0072b2)
	vermillion = RGB(0xd55e00)
	purple     = RGB(0xcc79a7)
	grey       = RGB(0x8a8a8a)

	brown   = RGB(0x6b3d1e)
	navy    = RGB(0x1f2a78)
	magenta = RGB(0x9c1c63)
	teal    = RGB(0x00565b)
	olive   = RGB(0x5c6300)
	slate   = RGB(0x5d6b82)
	plum    = RGB(0x5a2a82)
)

// Palette lists sixteen styles, of which no two share colour, marker or dashes.
var Palette = []Style{
	{vermillion, circle, nil},
	{blue, square, []vg.Length{5, 1.6}},
	{green, triangle, []vg.Length{5, 1.5, 1, 1.5}},
	{Black, diamond, []vg.Length{1.1, 1.3}},
	{purple, inverted, []vg.Length{2.6, 1.3}},
	{orange, pentagon, []vg.Length{7, 1.2}},
	{skyBlue, plus, []vg.Length{3, 1, 1, 1, 1, 1}},
	{yellow, cross, []vg.Length{1.8, 2.4}},
	{grey, bar, []vg.Length{0.8, 0.8}},
	{brown, star, []vg.Length{9, 1.5, 2, 1.5}},
	{navy, rightward, []vg.Length{4, 4}},
	{magenta, leftward, []vg.Length{1, 3}},
	{teal, hourglass, []vg.Length{7, 1.2, 1, 1.2, 1, 1.2}},
	{olive, pillar, []vg.Length{10, 3}},
	{slate, dome, []vg.Length{3, 1.2, 3, 1.2, 0.8, 1.2}},
	{plum, bowl, []vg.Length{1.5, 1.2, 5, 1.2}},
}

// pale returns the style's colour with an alpha.
func (s Style) pale(alpha uint8) color.NRGBA {
	c := s.Color
	c.A = alpha
	return c
}

// boldSans is the variant that the bold face is registered under. A face of
// bold weight would fail, because vgpdf registers it by one name and looks it
// up by another.
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

// Pale returns the shade that a colour of markers of p99 has on paper.
func Pale(c color.NRGBA) color.NRGBA {
	c.A = paleAlpha
	return c
}

// paleAlpha is the alpha of markers of p99.
const paleAlpha = 0x90

// RGB returns the opaque colour 0xrrggbb.
func RGB(x uint32) color.NRGBA {
	return color.NRGBA{uint8(x >> 16), uint8(x >> 8), uint8(x), 0xff}
}
