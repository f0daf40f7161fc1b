package record

import (
	"fmt"
	"slices"

	"lflab/experiments/stats"
)

// FlightWindow reports whether the flight recorder's D, H and G and the
// server's own counters are of the measured time only. In runs of older formats
// they also cover the warm-up and the opening of the connections.
func (m *Manifest) FlightWindow() bool { return m.Format >= 3 }

// FlightNote says in a sentence which time the recorder and the counters cover.
func (m *Manifest) FlightNote() string {
	if m.FlightWindow() {
		return "Its D, H and G, and the servers' own counters, are of the measured time."
	}
	return "Its D, H and G, and the servers' own counters, are with warm-up: they also cover the opening of the connections, which the kernel probe's do not, so their tails are not those of the measured time."
}

// HasFlight reports whether the flight recorder was on in some phase.
func (m *Manifest) HasFlight() bool {
	return slices.ContainsFunc(m.Phases, func(p Phase) bool { return p.Flight })
}

// FlightCovers says for readers which time the recorder and the counters cover.
func (m *Manifest) FlightCovers() string {
	if m.FlightWindow() {
		return "of the measured time"
	}
	return "with warm-up"
}

// These are the limits of the gate "window".
const (
	windowShare    = 0.01  // of the requests, by which D and the client may differ
	windowFewest   = 4     // so many more or fewer are no difference, because a thread may be stopped between two stamps
	windowRounding = 0.002 // of a time: histograms have three significant digits
	clockError     = 5e3   // ns by which stamps of the kernel and of user code may differ
)

// WindowGate checks that D and the client speak of the same requests. No
// request waits longer for its handler than for its answer, so D's maximum is
// at most the largest latency and the largest send lag together. And D has as
// many values as requests were planned, except for those that Edges and
// FlightLost explain. It is for phases in which the recorder was on. ok is false
// if there was no load.
func (p *PhaseResult) WindowGate() (g Gate, ok bool) {
	if p.Latency.Count == 0 {
		return g, false
	}
	d := stats.Dist{}
	if p.D != nil {
		d = *p.D
	}
	var e Edges
	if p.Edges != nil {
		e = *p.Edges
	}
	most := max(p.Latency.Max, float64(e.CarriedLongestNS)) + p.SendLag.Max
	most += windowRounding*most + clockError

	n := float64(p.Latency.Count)
	recorded := float64(d.Count) + float64(e.Unstamped)
	surplus := recorded - n - float64(e.Carried)
	missing := n - recorded - float64(e.Late+e.Unanswered+e.Unfinished+p.FlightLost)
	apart := max(0, surplus, missing)
	allowed := max(windowFewest, windowShare*n)

	g = Gate{Name: "window", Phase: p.Name, Value: max(d.Max/most, apart/allowed), Limit: 1}
	g.OK = g.Value <= g.Limit
	g.Detail = fmt.Sprintf("D has %d values of %d requests and is %.3f ms at most, beside a latency of %.3f ms and a send lag of %.3f ms at most",
		d.Count, p.Latency.Count, d.Max/1e6, p.Latency.Max/1e6, p.SendLag.Max/1e6)
	for _, part := range []struct {
		n    uint64
		what string
	}{
		{e.Carried, "came from the warm-up"}, {e.Late, "were sent after the end"}, {e.Unanswered, "had no answer"}, {e.Unstamped, "had no stamp of the kernel"},
		{e.Unfinished, "may have been cut off at the end of the recording"}, {p.FlightLost, "were overwritten"},
	} {
		if part.n > 0 {
			g.Detail += fmt.Sprintf("; %d %s", part.n, part.what)
		}
	}
	return g, true
}
