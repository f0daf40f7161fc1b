package figure

import (
	"image/color"
	"strings"
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
// blindness. Its yellow is too light for a line on white and is darkened. The
// second eight are for suites that compare more, and differ from the first in
// lightness.
var (
	black      = rgb(0x000000)
	orange     = rgb(0xe69f00)
	skyBlue    = rgb(0x56b4e9)
	green      = rgb(0x009e73)
	yellow     = rgb(0xb8a800)
	blue       = rgb(0x0072b2)
	vermillion = rgb(0xd55e00)
	purple     = rgb(0xcc79a7)
	grey       = rgb(0x8a8a8a)

	brown   = rgb(0x6b3d1e)
	navy    = rgb(0x1f2a78)
	magenta = rgb(0x9c1c63)
	teal    = rgb(0x00565b)
	olive   = rgb(0x5c6300)
	slate   = rgb(0x5d6b82)
	plum    = rgb(0x5a2a82)
)

// palette has sixteen looks, of which no two share colour, marker or dashes.
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
	{brown, star, []vg.Length{9, 1.5, 2, 1.5}},
	{navy, rightward, []vg.Length{4, 4}},
	{magenta, leftward, []vg.Length{1, 3}},
	{teal, hourglass, []vg.Length{7, 1.2, 1, 1.2, 1, 1.2}},
	{olive, pillar, []vg.Length{10, 3}},
	{slate, dome, []vg.Length{3, 1.2, 3, 1.2, 0.8, 1.2}},
	{plum, bowl, []vg.Length{1.5, 1.2, 5, 1.2}},
}

// known are the subjects whose looks never change, whatever the suite.
var known = map[string]int{
	"leader": 0, "worker": 1, "event": 2, "kernel": 3, "goroutine": 4,
	"reactor": 5, "prefork": 6, "percore": 7, "floor": 8,
	"nginx": 9, "gnet": 10, "fasthttp": 11, "nethttp": 12,

	"futex": 0, "spinfutex": 1, "eventfd": 2, "pipe": 3, "cond": 4, "channel": 5, "yield": 6, "sema": 7, "c-futex": 8,
	"lifosem": 9, "waitv": 10, "uring": 11,
}

// variants are the subjects of a family that have a marker and dashes of their
// own in every suite, those of the palette's entry; the colour is the family's.
var variants = map[string]int{
	"apache-prefork": 10, "apache-worker": 11, "apache-event": 12,
	"leader-adaptive": 13, "leader-adaptive-2": 14, "reactor-handoff": 15,
	"worker-naive": 13, "leader-naive": 14,
}

// familyOf is the known subject whose variant the name is: a word of it, as in
// "leader-adaptive" or "apache-worker"; "" if there is none.
func familyOf(name string) string {
	for _, word := range strings.Split(name, "-") {
		if _, ok := known[word]; ok {
			return word
		}
	}
	return ""
}

// stylesFor gives every subject its style: the known ones theirs, variants their
// family's colour, darker or lighter, with another marker and other dashes, and
// all others the first that is free. Up to sixteen subjects share neither marker
// nor dashes; beyond that both begin again.
func stylesFor(subjects []string) map[string]style {
	out := map[string]style{}
	taken := map[int]bool{}
	take := func(of map[string]int) {
		for _, s := range subjects {
			if i, ok := of[s]; ok && !taken[i] {
				if _, done := out[s]; !done {
					out[s], taken[i] = palette[i], true
				}
			}
		}
	}
	take(known)
	take(variants)
	members := map[string]int{} // of each family, so far
	next := len(palette) - 1    // variants take from the end, others from the start
	for _, s := range subjects {
		family := familyOf(s)
		if family == "" || family == s {
			continue
		}
		look, done := out[s]
		if _, fixed := known[s]; fixed && done {
			continue
		}
		if !done {
			for next > 0 && taken[next] {
				next--
			}
			look, taken[next] = palette[next], true
		}
		members[family]++
		look.color = shade(palette[known[family]].color, members[family])
		out[s] = look
	}
	free := 0
	for _, s := range subjects {
		if _, done := out[s]; done {
			continue
		}
		for free < len(palette) && taken[free] {
			free++
		}
		out[s] = palette[free%len(palette)]
		free++
	}
	return out
}

// shade is the colour of a family's nth variant: darker, then lighter, then much
// darker. Black has only lighter ones; a colour that is light already is no line
// on white when it gets lighter.
func shade(c color.NRGBA, n int) color.NRGBA {
	light := 0.2126*float64(c.R) + 0.7152*float64(c.G) + 0.0722*float64(c.B)
	steps := [][2]float64{{0, 0.36}, {255, 0.3}, {0, 0.62}} // towards, by
	switch {
	case light < 40:
		steps = [][2]float64{{255, 0.28}, {255, 0.46}, {255, 0.16}}
	case light > 130:
		steps = [][2]float64{{0, 0.32}, {0, 0.56}, {0, 0.16}}
	}
	step := steps[(n-1)%len(steps)]
	mix := func(x uint8) uint8 { return uint8(float64(x) + (step[0]-float64(x))*step[1] + 0.5) }
	return color.NRGBA{mix(c.R), mix(c.G), mix(c.B), 0xff}
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
