package run

import (
	"fmt"
	"time"

	"lflab/experiments/load"
	"lflab/experiments/machine"
)

// window is a span of time in ns of CLOCK_MONOTONIC, the clock of the servers'
// flight recorders. The zero window is all time.
type window struct{ from, to int64 }

// query returns the window as parameters of /lab/flight.
func (w window) query() string {
	if w == (window{}) {
		return ""
	}
	return fmt.Sprintf("&from=%d&to=%d", w.from, w.to)
}

// measured returns the measured time of a load.
func measured(res *load.Result) window {
	from := monotonic(res.Began)
	return window{from, from + int64(res.Duration)}
}

// monotonic returns CLOCK_MONOTONIC at t, which must have a reading of it. It
// is right to some µs.
func monotonic(t time.Time) int64 {
	now := time.Now()
	mono, _ := machine.Clocks()
	after := time.Now()
	return mono - int64(now.Add(after.Sub(now)/2).Sub(t))
}
