package model

import "math"

// Server is what the model knows of one server: times in ns.
type Server struct {
	Wake   float64 // V: from a connection's readiness until the accept of a thread that slept in it returns
	Gap    float64 // G: from accept's return until the next thread's accept can return
	Rest   float64 // what a connection waits for after accept: the promotion, or the hand-off, and the read
	Accept float64 // an accept that finds a connection: no second of a pair waits less
	Spread float64 // variance of G over its squared mean. The model has 0; with another value it is that of M/G/1
}

const perNs = 1e-9 // times a rate per second

// Carries reports whether the queue has an end at that rate: below 1/G.
func (s Server) Carries(rate float64) bool { return rate >= 0 && rate*perNs*s.Gap < 1 }

// Accepting is A, the mean time in ns from readiness to accept's return, at a
// rate of Poisson arrivals per second; +Inf where the queue has no end, NaN for
// a rate below 0.
func (s Server) Accepting(rate float64) float64 {
	switch {
	case !(rate >= 0):
		return math.NaN()
	case !s.Carries(rate):
		return math.Inf(1)
	}
	l, v, g := rate*perNs, s.Wake, s.Gap
	return l*g*g*(1+s.Spread)/(2*(1-l*g)) + (2*v+l*v*v)/(2*(1+l*v))
}

// Dispatch is the mean dispatch latency E[D] in ns at a rate per second; +Inf
// and NaN as with Accepting.
func (s Server) Dispatch(rate float64) float64 { return s.Accepting(rate) + s.Rest }

// Capacity is how many connections per second so many leaders can take: k/G, an
// estimate for more than one.
func (s Server) Capacity(leaders int) float64 { return float64(leaders) / (s.Gap * perNs) }

// Unarmed is the window V + G in ns, after a first connection's readiness, in
// which a second one gets no wake-up of its own.
func (s Server) Unarmed() float64 { return s.Wake + s.Gap }

// Second is D2, the dispatch latency in ns of a connection that becomes ready
// so many ns after one that found a thread asleep in accept. NaN for a spacing
// below 0.
//
// It has four regions. Up to G the second waits longer than for a wake-up of
// its own, and beyond it less, for the thread is coming already. Shortly before
// V + G only the accept itself is left. From V + G on it has a wake-up of its
// own.
func (s Server) Second(spacing float64) float64 {
	switch {
	case !(spacing >= 0):
		return math.NaN()
	case spacing < s.Unarmed():
		return max(s.Accept, s.Unarmed()-spacing) + s.Rest
	}
	return s.Wake + s.Rest
}

// Bends are the spacings in ns, in order, at which Second's regions end.
func (s Server) Bends() [3]float64 {
	return [3]float64{s.Gap, max(s.Gap, s.Unarmed()-s.Accept), s.Unarmed()}
}
