package model

import "math"

// Server is the model of one server. Times are in ns.
type Server struct {
	Wake   float64 // V: from a connection's readiness until accept returns to a thread that slept in it
	Gap    float64 // G: from accept's return until the next thread's accept can return
	Rest   float64 // what a connection waits for after accept: the promotion or the hand-off, and the read
	Accept float64 // time of an accept that finds a connection; the second of a pair waits at least this
	Spread float64 // variance of G over its squared mean. The model has 0; another value gives M/G/1
}

const perNs = 1e-9 // multiply with a rate per second

// Carries reports whether the queue stays finite at that rate, which must be
// below 1/G.
func (s Server) Carries(rate float64) bool { return rate >= 0 && rate*perNs*s.Gap < 1 }

// Accepting returns A, the mean time in ns from readiness to accept's return,
// at a rate of Poisson arrivals per second. It is +Inf if the server does not
// carry the rate, and NaN for a rate below 0.
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

// Dispatch returns the mean dispatch latency E[D] in ns at a rate per second.
// It is +Inf or NaN as for Accepting.
func (s Server) Dispatch(rate float64) float64 { return s.Accepting(rate) + s.Rest }

// Capacity returns how many connections per second that many leaders can
// accept: k/G. For more than one leader this is an estimate.
func (s Server) Capacity(leaders int) float64 { return float64(leaders) / (s.Gap * perNs) }

// Unarmed returns V + G in ns. Within that time after a first connection's
// readiness, a second connection gets no wake-up of its own.
func (s Server) Unarmed() float64 { return s.Wake + s.Gap }

// Second returns D2, the dispatch latency in ns of a connection that becomes
// ready spacing ns after one that found a thread asleep in accept. It is NaN
// for a spacing below 0.
//
// It has four regions. Up to G the second connection waits longer than for a
// wake-up of its own. Beyond G it waits less, because the thread is already
// coming. Shortly before V + G only the accept itself remains. From V + G on it
// has its own wake-up.
func (s Server) Second(spacing float64) float64 {
	switch {
	case !(spacing >= 0):
		return math.NaN()
	case spacing < s.Unarmed():
		return max(s.Accept, s.Unarmed()-spacing) + s.Rest
	}
	return s.Wake + s.Rest
}

// Bends returns the spacings in ns, in ascending order, at which the regions of
// Second end.
func (s Server) Bends() [3]float64 {
	return [3]float64{s.Gap, max(s.Gap, s.Unarmed()-s.Accept), s.Unarmed()}
}
