package figure

import (
	"image/color"
	"strings"

	"lflab/experiments/plot"
)

// known gives the subjects with the same style in every suite their index in
// plot.Palette.
var known = map[string]int{
	"leader": 0, "worker": 1, "event": 2, "kernel": 3, "goroutine": 4,
	"reactor": 5, "prefork": 6, "percore": 7, "floor": 8,
	"nginx": 9, "gnet": 10, "fasthttp": 11, "nethttp": 12,

	"futex": 0, "spinfutex": 1, "eventfd": 2, "pipe": 3, "cond": 4, "channel": 5, "yield": 6, "sema": 7, "c-futex": 8,
	"lifosem": 9, "waitv": 10, "uring": 11,
}

// variants gives subjects of a family the index in plot.Palette of their marker
// and dashes, which are the same in every suite. Their colour is a shade of the
// family's.
var variants = map[string]int{
	"apache-prefork": 10, "apache-worker": 11, "apache-event": 12,
	"leader-adaptive": 13, "leader-adaptive-2": 14, "reactor-handoff": 15,
	"worker-naive": 13, "leader-naive": 14,
}

// familyOf returns the known subject of which name is a variant: the first of
// its words that is one, as in "leader-adaptive" or "apache-worker". It returns
// "" if there is none.
func familyOf(name string) string {
	for _, word := range strings.Split(name, "-") {
		if _, ok := known[word]; ok {
			return word
		}
	}
	return ""
}

// stylesFor returns a style for every subject. Known subjects have their own.
// Variants have their family's colour, darker or lighter, with another marker
// and other dashes. All others get the first free style of the palette. Up to
// sixteen subjects share neither marker nor dashes. With more, the palette
// repeats.
func stylesFor(subjects []string) map[string]plot.Style {
	out := map[string]plot.Style{}
	taken := map[int]bool{}
	take := func(of map[string]int) {
		for _, s := range subjects {
			if i, ok := of[s]; ok && !taken[i] {
				if _, done := out[s]; !done {
					out[s], taken[i] = plot.Palette[i], true
				}
			}
		}
	}
	take(known)
	take(variants)
	members := map[string]int{}   // of each family, so far
	next := len(plot.Palette) - 1 // variants take from the end, others from the start
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
			look, taken[next] = plot.Palette[next], true
		}
		members[family]++
		look.Color = shade(plot.Palette[known[family]].Color, members[family])
		out[s] = look
	}
	free := 0
	for _, s := range subjects {
		if _, done := out[s]; done {
			continue
		}
		for free < len(plot.Palette) && taken[free] {
			free++
		}
		out[s] = plot.Palette[free%len(plot.Palette)]
		free++
	}
	return out
}

// shade returns the colour of a family's nth variant: darker, then lighter,
// then much darker. Black has only lighter shades. Light colours have only
// darker ones, because a lighter line would not show on white.
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
