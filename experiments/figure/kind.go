package figure

import (
	"slices"

	"lflab/experiments/plot"
)

// family groups the kinds of stages by what happens during them.
type family uint8

const (
	readiness family = iota // the kernel wakes the thread that sleeps on the socket
	unarmed                 // no thread sleeps there, so the event waits for one
	handoff                 // one thread wakes another
	running                 // a thread runs
	userSide                // between the kernel and the server's code
	rest                    // all stages that are too short to be seen
)

// title returns the family's heading in the legend.
func (f family) title() string {
	return [...]string{"readiness", "nobody waits", "hand-off", "thread runs", "user side", "rest"}[f]
}

// kind is a sort of stage, drawn alike in the bars of D, H and G and for every
// thread. Within a family, fills run from dark to light in the order of time.
// Families differ in hue and hatch.
type kind struct {
	family family
	words  string   // describes it to readers who do not know the stages' names
	stages []string // its stages, by findings.StageName
	fill   plot.Fill
}

// kinds lists all kinds in the order of legends. The lines of a hatch are light
// on dark areas and dark on light ones. The user side's stages ready-return,
// ready-read and wake-return each cover several of the kernel's stages.
var kinds = []kind{
	{readiness, "to the wake-up call", []string{"ready-waking", "read-waking"}, plot.Hatched(plot.RGB(0x08306b), plot.Plain, plot.Paper)},
	{readiness, "all of the wake-up", []string{"ready-return", "ready-read"}, plot.Hatched(plot.RGB(0x1a5799), plot.Plain, plot.Paper)},
	{readiness, "wake-up to runnable", []string{"waking-wakeup", "read-wakeup"}, plot.Hatched(plot.RGB(0x2f7ebc), plot.Plain, plot.Paper)},
	{readiness, "runnable to running", []string{"wakeup-switch", "read-switch"}, plot.Hatched(plot.RGB(0x74b3d8), plot.Plain, plot.Paper)},
	{readiness, "return from sleep", []string{"switch-return"}, plot.Hatched(plot.RGB(0xc6dcec), plot.Plain, plot.Paper)},
	{unarmed, "until a thread waits", []string{"ready-arm"}, plot.Hatched(plot.RGB(0x5e3c99), plot.Falling, plot.Paper)},
	{unarmed, "taken without sleep", []string{"arm-return"}, plot.Hatched(plot.RGB(0x9686c4), plot.Falling, plot.Paper)},
	{unarmed, "in the queue", []string{"return-queued", "pass-take"}, plot.Hatched(plot.RGB(0xd0cce6), plot.Falling, plot.RGB(0x5e3c99))},
	{handoff, "the promoting call", []string{"promote-call", "wake-woke", "user-promote"}, plot.Hatched(plot.RGB(0x6b2a04), plot.Rising, plot.Paper)},
	{handoff, "to the wake-up call", []string{"hand-off: wake-waking"}, plot.Hatched(plot.RGB(0x9a3a00), plot.Rising, plot.Paper)},
	{handoff, "all of the hand-off", []string{"hand-off: wake-return"}, plot.Hatched(plot.RGB(0xc45206), plot.Rising, plot.Paper)},
	{handoff, "wake-up to runnable", []string{"hand-off: waking-wakeup"}, plot.Hatched(plot.RGB(0xe8760f), plot.Rising, plot.Paper)},
	{handoff, "runnable to running", []string{"hand-off: wakeup-switch"}, plot.Hatched(plot.RGB(0xfda04e), plot.Rising, plot.RGB(0x7a3004))},
	{handoff, "return from sleep", []string{"hand-off: switch-return"}, plot.Hatched(plot.RGB(0xfdd9b0), plot.Rising, plot.RGB(0x9a3a00))},
	{running, "to accept", []string{"return-accept"}, plot.Hatched(plot.RGB(0x525252), plot.Level, plot.Paper)},
	{running, "to the hand-off", []string{"return-wake", "return-promote"}, plot.Hatched(plot.RGB(0x868686), plot.Level, plot.Paper)},
	{running, "to the read", []string{"return-read", "user-read"}, plot.Hatched(plot.RGB(0xb4b4b4), plot.Level, plot.RGB(0x525252))},
	{running, "to the next wait", []string{"return-arm", "woke-arm"}, plot.Hatched(plot.RGB(0xdedede), plot.Level, plot.RGB(0x868686))},
	{userSide, "back into the server's code", []string{"return-user"}, plot.Hatched(plot.RGB(0x00572b), plot.Upright, plot.Paper)},
	{userSide, "server's code", []string{"user-pass", "user-wake", "woke-user"}, plot.Hatched(plot.RGB(0x2f9e5b), plot.Upright, plot.Paper)},
	{userSide, "futex return to code", []string{"futex-user"}, plot.Hatched(plot.RGB(0x86cf9c), plot.Upright, plot.RGB(0x00572b))},
	{userSide, "read to handler", []string{"read-handler"}, plot.Hatched(plot.RGB(0xd3eed6), plot.Upright, plot.RGB(0x2f9e5b))},
}

// stagesInWords describes stages, each with its family: "hand-off: return from
// sleep". Stages of one kind give one description, and unknown ones their name.
func stagesInWords(names []string) []string {
	var told []string
	for _, name := range names {
		said := name
		if k := kindOf(name); k != nil {
			said = k.family.title() + ": " + k.words
		}
		if !slices.Contains(told, said) {
			told = append(told, said)
		}
	}
	return told
}

// restFill fills stages that are too short to be seen, and unknown ones.
var restFill = plot.Hatched(plot.Paper, plot.Plain, plot.Paper)

// kindOf returns the kind of a stage, nil if this package does not know the
// stage.
func kindOf(name string) *kind {
	for i := range kinds {
		if slices.Contains(kinds[i].stages, name) {
			return &kinds[i]
		}
	}
	return nil
}
