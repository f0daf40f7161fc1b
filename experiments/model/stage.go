package model

import "lflab/experiments/probe/stage"

// The model's times come from the kernel's own sums in a report of the probe: D
// from a1 (the data is ready) to r4 (it has been read), and G from a5 (accept
// returns) to f6 (the next accept is called). The model uses the stages of D
// like this:
//
//	V       D.ready-waking D.waking-wakeup D.wakeup-switch D.switch-return
//	        together, per request that has them: it found the thread asleep
//	queue   D.ready-arm. The model predicts it, so it is not an input
//	accept  D.arm-return, per request that has it: f6 to a5. It is added to G,
//	        because a queue's service ends when the next connection is taken. If
//	        no request found the thread awake: arm-block, f6 to f7
//	X, c+Vq D.return-promote D.promote-call (leader: its wake call delays the read),
//	        D.return-wake D.pass-wake-waking D.pass-waking-wakeup
//	        D.pass-wakeup-switch D.pass-switch-return D.return-queued (worker),
//	        D.return-accept (a listener that polls). Their parts of D's mean,
//	        because not every request has them
//	read    D.return-read, and D.read-waking D.read-wakeup D.read-switch if the
//	        reader slept. Their parts of D's mean
//	G       the sum G, over all its stages: in leader it ends with the woken
//	        follower's accept, in worker with the listener's own
//
// The recorder's stages (u0, p0, f5) lie within these and are not needed. h0 is
// after r4, by D.read-handler.
var (
	wakeStages    = []string{"D.ready-waking", "D.waking-wakeup", "D.wakeup-switch", "D.switch-return"}
	queueStages   = []string{"D.ready-arm"}
	acceptStages  = []string{"D.arm-return"}
	blockStages   = []string{"arm-block"}
	handOffStages = []string{
		"D.return-accept", "D.return-promote", "D.promote-call", "D.return-wake", "D.pass-wake-waking",
		"D.pass-waking-wakeup", "D.pass-wakeup-switch", "D.pass-switch-return", "D.return-queued",
	}
	readStages = []string{"D.return-read", "D.read-waking", "D.read-wakeup", "D.read-switch"}
)

// together returns the mean in ns of the sum of the stages, over the requests
// that went through them, and false if there are none.
func together(r *stage.Report, names []string) (mean float64, ok bool) {
	var sum float64
	var requests int64
	for _, name := range names {
		s := r.Stages[name]
		sum += s.Mean * float64(s.Count)
		requests = max(requests, s.Count) // a stage that took no time is not counted
	}
	return sum / float64(max(requests, 1)), requests > 0
}

// parts returns the stages' part of the sum's mean, in ns.
func parts(r *stage.Report, names []string) (sum float64) {
	for _, name := range names {
		sum += r.Stages[name].PartOfMean
	}
	return sum
}
