package report

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"lflab/experiments/verdict"
)

// Each outcome has a colour of its own, in a light and in a dark page, and its
// contrast to the page and to the verdict's box is 4.5 or more (WCAG 2.2,
// success criterion 1.4.3).
func TestOutcomesCanBeReadAndToldApart(t *testing.T) {
	var schemes []map[string]string
	for _, root := range regexp.MustCompile(`:root \{([^}]*)\}`).FindAllStringSubmatch(reportStyle, -1) {
		colors := map[string]string{}
		for _, c := range regexp.MustCompile(`--([a-z]+): (#[0-9a-f]{6});`).FindAllStringSubmatch(root[1], -1) {
			colors[c[1]] = c[2]
		}
		if colors["open"] != "" { // print is black
			schemes = append(schemes, colors)
		}
	}
	if len(schemes) != 2 {
		t.Fatalf("%d sets of colours, want a light and a dark one", len(schemes))
	}
	tones := map[string]verdict.Outcome{}
	for _, o := range verdict.Outcomes {
		class, _, _ := strings.Cut(string(o), " ")
		tone := "open" // of what has no rule of its own
		if m := regexp.MustCompile(`\.answer\.` + class + `, \.lines \.` + class + `, \.outcome\.` + class + `, \.verdict\.` + class + ` \{ --tone: var\(--([a-z]+)\); \}`).FindStringSubmatch(reportStyle); m != nil {
			tone = m[1]
		}
		if other, taken := tones[tone]; taken {
			t.Errorf("%s looks like %s", o, other)
		}
		tones[tone] = o
		for _, colors := range schemes {
			for _, ground := range []string{"paper", "wash"} {
				a, b := luminance(t, colors[tone]), luminance(t, colors[ground])
				if c := (max(a, b) + 0.05) / (min(a, b) + 0.05); c < 4.5 {
					t.Errorf("%s: %s on %s has a contrast of %.1f", o, colors[tone], colors[ground], c)
				}
			}
		}
	}
}

// luminance returns the relative luminance of a colour like #1d1f22.
func luminance(t *testing.T, hex string) float64 {
	t.Helper()
	rgb, err := strconv.ParseUint(strings.TrimPrefix(hex, "#"), 16, 24)
	if err != nil {
		t.Fatalf("colour %q: %v", hex, err)
	}
	linear := func(c uint64) float64 {
		x := float64(c&0xff) / 255
		if x <= 0.04045 {
			return x / 12.92
		}
		return math.Pow((x+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(rgb>>16) + 0.7152*linear(rgb>>8) + 0.0722*linear(rgb)
}
