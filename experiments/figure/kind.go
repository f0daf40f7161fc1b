package figure

import (
	"image/color"
	"slices"
	"strings"
)

// family is what happens during a stage, at a glance.
type family uint8

const (
	readiness family = iota // the thread that sleeps on the socket is woken
	unarmed                 // no thread sleeps: the event waits for one
	handoff                 // one thread wakes another
	running                 // a thread runs
	userSide                // between the kernel and the code of the server
	rest                    // stages too short to be seen, together
)

// title of the family, in the legend.
func (f family) title() string {
	return [...]string{"readiness", "nobody waits", "hand-off", "thread runs", "user side", "rest"}[f]
}

// kind is a sort of stage: what is drawn alike in the bars of D, H and G,
// whichever thread it happens to. Within a family lightness runs from dark to
// light in the order of time; families differ in hue and hatch.
type kind struct {
	family family
	words  string   // what happens, for those who do not know the stages' names
	stages []string // that are of this kind, as stageNames has them
	fill   fill
}

func rgb(x uint32) color.NRGBA {
	return color.NRGBA{uint8(x >> 16), uint8(x >> 8), uint8(x), 0xff}
}

// kinds in the order of legends. The lines of a hatch are light on dark areas
// and dark on light ones. The user side's stages ready-return, ready-read and
// wake-return each have several of the kernel's in them.
var kinds = []kind{
	{readiness, "to the wake-up call", []string{"ready-waking", "read-waking"}, fill{rgb(0x08306b), plain, paper}},
	{readiness, "all of the wake-up", []string{"ready-return", "ready-read"}, fill{rgb(0x1a5799), plain, paper}},
	{readiness, "wake-up to runnable", []string{"waking-wakeup", "read-wakeup"}, fill{rgb(0x2f7ebc), plain, paper}},
	{readiness, "runnable to running", []string{"wakeup-switch", "read-switch"}, fill{rgb(0x74b3d8), plain, paper}},
	{readiness, "return from sleep", []string{"switch-return"}, fill{rgb(0xc6dcec), plain, paper}},
	{unarmed, "until a thread waits", []string{"ready-arm"}, fill{rgb(0x5e3c99), falling, paper}},
	{unarmed, "taken without sleep", []string{"arm-return"}, fill{rgb(0x9686c4), falling, paper}},
	{unarmed, "in the queue", []string{"return-queued", "pass-take"}, fill{rgb(0xd0cce6), falling, rgb(0x5e3c99)}},
	{handoff, "the promoting call", []string{"promote-call", "wake-woke", "user-promote"}, fill{rgb(0x6b2a04), rising, paper}},
	{handoff, "to the wake-up call", []string{"hand-off: wake-waking"}, fill{rgb(0x9a3a00), rising, paper}},
	{handoff, "all of the hand-off", []string{"hand-off: wake-return"}, fill{rgb(0xc45206), rising, paper}},
	{handoff, "wake-up to runnable", []string{"hand-off: waking-wakeup"}, fill{rgb(0xe8760f), rising, paper}},
	{handoff, "runnable to running", []string{"hand-off: wakeup-switch"}, fill{rgb(0xfda04e), rising, rgb(0x7a3004)}},
	{handoff, "return from sleep", []string{"hand-off: switch-return"}, fill{rgb(0xfdd9b0), rising, rgb(0x9a3a00)}},
	{running, "to accept", []string{"return-accept"}, fill{rgb(0x525252), level, paper}},
	{running, "to the hand-off", []string{"return-wake", "return-promote"}, fill{rgb(0x868686), level, paper}},
	{running, "to the read", []string{"return-read", "user-read"}, fill{rgb(0xb4b4b4), level, rgb(0x525252)}},
	{running, "to the next wait", []string{"return-arm", "woke-arm"}, fill{rgb(0xdedede), level, rgb(0x868686)}},
	{userSide, "back into the server's code", []string{"return-user"}, fill{rgb(0x00572b), upright, paper}},
	{userSide, "server's code", []string{"user-pass", "user-wake", "woke-user"}, fill{rgb(0x2f9e5b), upright, paper}},
	{userSide, "futex return to code", []string{"futex-user"}, fill{rgb(0x86cf9c), upright, rgb(0x00572b)}},
	{userSide, "read to handler", []string{"read-handler"}, fill{rgb(0xd3eed6), upright, rgb(0x2f9e5b)}},
}

// restFill is for what is too short to be seen.
var restFill = fill{paper, plain, paper}

// stageName is the name of a stage of "D", "H" or "G" in figures: as the probe
// has it, but that the stages of a hand-off are called alike wherever one lies.
func stageName(of, key string) string {
	name := strings.TrimPrefix(key, of+".")
	pass, passed := strings.CutPrefix(name, "pass-")
	wake := []string{"wake-waking", "waking-wakeup", "wakeup-switch", "switch-return"}
	if slices.Contains(wake, pass) && (passed || of != "D") || pass == "wake-return" {
		return "hand-off: " + pass
	}
	return name
}

// kindOf finds the kind of a stage; nil if the probe has learnt a stage that
// this package does not know.
func kindOf(name string) *kind {
	for i := range kinds {
		if slices.Contains(kinds[i].stages, name) {
			return &kinds[i]
		}
	}
	return nil
}
