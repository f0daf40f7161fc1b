package figure

import (
	"fmt"
	"math"
	"testing"
)

func TestStylesTellSubjectsApart(t *testing.T) {
	seen := map[string]string{}
	for name, s := range stylesFor([]string{"leader", "reactor", "worker", "event", "prefork", "kernel", "percore", "goroutine", "floor"}) {
		for kind, key := range map[string]string{
			"colour": fmt.Sprint(s.color), "marker": fmt.Sprint(s.marker), "dashes": fmt.Sprint(s.dashes),
		} {
			if other, taken := seen[kind+key]; taken {
				t.Errorf("%s and %s share their %s", name, other, kind)
			}
			seen[kind+key] = name
		}
	}
}

// A subject looks the same in every figure of every suite.
func TestStylesOfKnownSubjectsNeverChange(t *testing.T) {
	a, b := stylesFor([]string{"leader", "worker"}), stylesFor([]string{"x", "worker", "kernel", "y", "leader"})
	for _, name := range []string{"leader", "worker"} {
		if a[name].color != b[name].color {
			t.Errorf("%s is %v and then %v", name, a[name].color, b[name].color)
		}
	}
	if b["x"].color == b["y"].color || b["x"].color == b["leader"].color {
		t.Error("an unknown subject takes a style that is in use")
	}
}

// Every colour stands out from white paper.
func TestColoursAreDarkEnough(t *testing.T) {
	linear := func(c uint8) float64 {
		x := float64(c) / 255
		if x <= 0.04045 {
			return x / 12.92
		}
		return math.Pow((x+0.055)/1.055, 2.4)
	}
	for i, s := range palette {
		l := 0.2126*linear(s.color.R) + 0.7152*linear(s.color.G) + 0.0722*linear(s.color.B)
		if contrast := 1.05 / (l + 0.05); contrast < 2.1 {
			t.Errorf("palette[%d] %v: contrast %.2f on white", i, s.color, contrast)
		}
	}
}

// Markers have about the same area, so that none looks heavier.
func TestMarkersAreOfOneWeight(t *testing.T) {
	for i, s := range palette {
		if s.marker == nil {
			continue
		}
		var area float64
		for _, poly := range s.marker {
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
