package suite

import "time"

// Step makes a phase watch the server before its load starts, while it lasts,
// and after it has ended. The phase's duration is that of the load, which
// starts and ends at once.
type Step struct {
	BeforeS  float64 `json:"before_s"`  // time before the load
	AfterS   float64 `json:"after_s"`   // the longest time after the load; it is shorter if nothing happens any more
	EveryS   float64 `json:"every_s"`   // time between two reads of the server's status
	IdleMost int     `json:"idle_most"` // threads that may be idle at the end
}

type fileStep struct {
	Before, After, Every string
	Idle                 int
}

func (r *reader) step(p *Phase, f *filePhase, at string) (err error) {
	if f.Rate != nil || f.Warmup != "" || f.Flight || f.Probe != "" || f.Background != nil {
		return r.refuse(at, *f.Step, "without rate, warmup, flight, probe and background: a step is a closed loop from its first request on")
	}
	p.Step = &Step{IdleMost: f.Step.Idle}
	for _, d := range []struct {
		key, value string
		least      time.Duration
		to         *float64
	}{
		{"before", f.Step.Before, 0, &p.Step.BeforeS},
		{"after", f.Step.After, 0, &p.Step.AfterS},
		{"every", f.Step.Every, 10 * time.Millisecond, &p.Step.EveryS},
	} {
		if d.value == "" {
			return r.missing(at+"."+d.key, `a duration, as in "100ms"`)
		}
		if *d.to, err = r.seconds(at+"."+d.key, d.value, d.least); err != nil {
			return err
		}
	}
	if p.Step.IdleMost < 1 {
		return r.refuse(at+".idle", p.Step.IdleMost, "1 or more: threads that may be idle after the load (the server's MaxSpareThreads)")
	}
	return nil
}
