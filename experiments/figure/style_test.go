package figure

import (
	"fmt"
	"image/color"
	"math"
	"slices"
	"testing"

	"lflab/experiments/findings"
	"lflab/experiments/plot"
	"lflab/experiments/suite"
)

func TestStylesTellSubjectsApart(t *testing.T) {
	seen := map[string]string{}
	for name, s := range stylesFor([]string{"leader", "reactor", "worker", "event", "prefork", "kernel", "percore", "goroutine", "floor"}) {
		for kind, key := range map[string]string{
			"colour": fmt.Sprint(s.Color), "marker": fmt.Sprint(s.Marker), "dashes": fmt.Sprint(s.Dashes),
		} {
			if other, taken := seen[kind+key]; taken {
				t.Errorf("%s and %s share their %s", name, other, kind)
			}
			seen[kind+key] = name
		}
	}
}

// A known subject has the same style in every figure of every suite.
func TestStylesOfKnownSubjectsNeverChange(t *testing.T) {
	a, b := stylesFor([]string{"leader", "worker"}), stylesFor([]string{"x", "worker", "kernel", "y", "leader"})
	for _, name := range []string{"leader", "worker"} {
		if a[name].Color != b[name].Color {
			t.Errorf("%s is %v and then %v", name, a[name].Color, b[name].Color)
		}
	}
	if b["x"].Color == b["y"].Color || b["x"].Color == b["leader"].Color {
		t.Error("an unknown subject takes a style that is in use")
	}
}

// Every colour contrasts with white paper.
func TestColoursAreDarkEnough(t *testing.T) {
	linear := func(c uint8) float64 {
		x := float64(c) / 255
		if x <= 0.04045 {
			return x / 12.92
		}
		return math.Pow((x+0.055)/1.055, 2.4)
	}
	for i, s := range plot.Palette {
		for n := range 4 {
			c := s.Color
			if n > 0 {
				c = shade(c, n)
			}
			l := 0.2126*linear(c.R) + 0.7152*linear(c.G) + 0.0722*linear(c.B)
			if contrast := 1.05 / (l + 0.05); contrast < 2.1 {
				t.Errorf("palette[%d], shade %d, %v: contrast %.2f on white", i, n, c, contrast)
			}
		}
	}
}

// Markers have about the same area, so that none looks heavier than another.
func TestMarkersAreOfOneWeight(t *testing.T) {
	for i, s := range plot.Palette {
		if s.Marker == nil {
			continue
		}
		var area float64
		for _, poly := range s.Marker {
			for j, p := range poly {
				q := poly[(j+1)%len(poly)]
				area += float64(p.X*q.Y-q.X*p.Y) / 2
			}
		}
		if area = math.Abs(area); area < 1.5 || area > 3.6 {
			t.Errorf("marker %d has area %.2f, a circle %.2f", i, area, math.Pi)
		}
	}
}

// cielab returns a colour's CIE L*a*b* as seen normally, in grey, or with
// deuteranopia. For deuteranopia it uses the matrix for severity 1.0 of
// Machado, Oliveira and Fernandes, "A physiologically-based model for
// simulation of color vision deficiency", IEEE TVCG 15(6), 2009.
func cielab(c color.NRGBA, sight string) [3]float64 {
	linear := func(c uint8) float64 {
		x := float64(c) / 255
		if x <= 0.04045 {
			return x / 12.92
		}
		return math.Pow((x+0.055)/1.055, 2.4)
	}
	v := [3]float64{linear(c.R), linear(c.G), linear(c.B)}
	times := func(m [3][3]float64) (out [3]float64) {
		for i := range m {
			for j := range v {
				out[i] += m[i][j] * v[j]
			}
		}
		return out
	}
	switch sight {
	case "deuteranopia":
		v = times([3][3]float64{{0.367322, 0.860646, -0.227968}, {0.280085, 0.672501, 0.047413}, {-0.011820, 0.042940, 0.968881}})
	case "grey":
		y := 0.2126*v[0] + 0.7152*v[1] + 0.0722*v[2]
		v = [3]float64{y, y, y}
	}
	// sRGB to XYZ of D65, IEC 61966-2-1; then CIE 15:2004.
	xyz := times([3][3]float64{{0.4124, 0.3576, 0.1805}, {0.2126, 0.7152, 0.0722}, {0.0193, 0.1192, 0.9505}})
	f := func(t float64) float64 {
		if t > 216.0/24389 {
			return math.Cbrt(t)
		}
		return (24389.0/27*t + 16) / 116
	}
	x, y, z := f(xyz[0]/0.95047), f(xyz[1]), f(xyz[2]/1.08883)
	return [3]float64{116*y - 16, 500 * (x - y), 200 * (y - z)}
}

// apart returns the colour difference Delta E*ab of CIE 1976.
func apart(a, b color.NRGBA, sight string) float64 {
	p, q := cielab(a, sight), cielab(b, sight)
	return math.Sqrt((p[0]-q[0])*(p[0]-q[0]) + (p[1]-q[1])*(p[1]-q[1]) + (p[2]-q[2])*(p[2]-q[2]))
}

func TestLabOfKnownColours(t *testing.T) {
	// sRGB's red and green, from published tables.
	for c, want := range map[uint32][3]float64{0xff0000: {53.24, 80.09, 67.20}, 0x00ff00: {87.73, -86.18, 83.18}, 0xffffff: {100, 0, 0}} {
		for i, got := range cielab(plot.RGB(c), "") {
			if math.Abs(got-want[i]) > 0.1 {
				t.Errorf("#%06x: coordinate %d is %.2f, want %.2f", c, i, got, want[i])
			}
		}
	}
}

// Any two subjects of a suite differ in colour for every reader, or else in
// both marker and dashes.
func TestSubjectsOfEverySuiteDiffer(t *testing.T) {
	const noticed = 15 // about six just noticeable differences
	all, err := suite.All()
	if err != nil {
		t.Fatal(err)
	}
	pairs, byColour := 0, 0
	for _, s := range all {
		for _, a := range s.Axes {
			if !slices.Contains(findings.GroupAxes, a.Name) {
				continue
			}
			styles := stylesFor(a.Values)
			for i, x := range a.Values {
				for _, y := range a.Values[:i] {
					p, q := styles[x], styles[y]
					pairs++
					least := math.Inf(1)
					for _, sight := range []string{"", "deuteranopia", "grey"} {
						least = min(least, apart(p.Color, q.Color, sight))
					}
					if least >= noticed {
						byColour++
						continue
					}
					if fmt.Sprint(p.Marker) == fmt.Sprint(q.Marker) || fmt.Sprint(p.Dashes) == fmt.Sprint(q.Dashes) {
						t.Errorf("%s: %s and %s differ by %.1f in colour and share marker or dashes", s.Name, y, x, least)
					}
				}
			}
		}
	}
	if pairs < 100 || byColour < pairs/3 {
		t.Errorf("of %d pairs %d are told by colour alone", pairs, byColour)
	}
}

// A variant has a colour like its family's that can be told from it.
func TestVariantsTakeTheirFamilysColour(t *testing.T) {
	names := []string{"leader", "leader-adaptive", "leader-k2", "reactor", "reactor-handoff", "worker", "worker-naive", "apache-worker", "kernel", "kernel-x", "floor", "c-futex"}
	styles := stylesFor(names)
	for variant, family := range map[string]string{
		"leader-adaptive": "leader", "leader-k2": "leader", "reactor-handoff": "reactor", "worker-naive": "worker", "apache-worker": "worker", "kernel-x": "kernel",
	} {
		v, f := styles[variant], styles[family]
		for _, sight := range []string{"", "deuteranopia", "grey"} {
			if d := apart(v.Color, f.Color, sight); d < 8 {
				t.Errorf("%s is %.1f from %s (%s)", variant, d, family, sight)
			}
		}
		// The hue is the family's: of all families, its own is the nearest in
		// a* and b*.
		nearest, least := "", math.Inf(1)
		for _, other := range []string{"leader", "reactor", "worker", "kernel"} {
			p, q := cielab(v.Color, ""), cielab(styles[other].Color, "")
			turn := math.Abs(math.Remainder(math.Atan2(p[2], p[1])-math.Atan2(q[2], q[1]), 2*math.Pi))
			if math.Hypot(p[1], p[2]) < 5 { // the colour has no hue
				turn = math.Hypot(q[1], q[2])
			} else if math.Hypot(q[1], q[2]) < 5 {
				turn = math.Pi
			}
			if turn < least {
				nearest, least = other, turn
			}
		}
		if nearest != family {
			t.Errorf("%s looks like %s, want %s", variant, nearest, family)
		}
	}
	alone := stylesFor([]string{"apache-worker", "nginx"})
	if fmt.Sprint(alone["apache-worker"].Marker) != fmt.Sprint(styles["apache-worker"].Marker) {
		t.Error("apache-worker changes its marker from suite to suite")
	}
}
