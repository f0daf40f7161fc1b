package load

import "time"

// Starved counts connections without answers. A connection that waits in a
// server's backlog is connected and accepts a request.
type Starved struct {
	Asked       int `json:"asked"`       // connections that were given a request
	Unanswered  int `json:"unanswered"`  // of these, without any answer in the whole run
	Unconnected int `json:"unconnected"` // of these, that never accepted a request

	// Silent connections had no answer in the measured time, although they had
	// requests, or tried to connect, in half of it or more.
	Silent int `json:"silent"`
}

// Held counts connections with a request of the warm-up that was open in the
// measured time. Such a request is not counted, whatever becomes of it, and in a
// closed loop its connection plans nothing until it has ended. So no quantile
// contains these waits.
type Held struct {
	Connections int     `json:"connections"` // held for 1 % of the measured time and 10 ms, or longer, or to its end, or by a request that failed in it
	ToEnd       int     `json:"to_end"`      // of these, held to the end of the measured time
	Failed      int     `json:"failed"`      // of these, whose request failed in the measured time
	Outlasting  int     `json:"outlasting"`  // of these, whose request took more than twice as long as any that is counted
	LongestS    float64 `json:"longest_s"`   // the longest hold, within the measured time
	TimeShare   float64 `json:"time_share"`  // share of the measured time in which the connections that were given a request were held
}

// Hides reports whether the measured times leave out waits that were longer than
// all that they contain.
func (h Held) Hides() bool { return h.ToEnd > 0 || h.Failed > 0 || h.Outlasting > 0 }

// leastHold returns for how many ns of the measured time a connection must have
// been held in order to count. A stall at the boundary shorter than that is
// excused there, as Config.Grace excuses it at the end.
func leastHold(measured int64) int64 {
	return max(int64(leastGrace), int64(leastGraceShare*float64(measured)))
}

// sight is what one slot for a connection has seen of the measured time.
type sight struct {
	answered bool  // an answer came
	busy     int64 // ns in which the slot was not free; not kept up to date once an answer came
	held     int64 // ns in which a request of the warm-up was open
	took     int64 // ns that the longest of these requests took, from its planned send
	toEnd    bool  // one of them was open at the end
	failed   bool  // one of them failed before the end
}

// overlap returns how much of the time between two instants is measured time.
func (g *generator) overlap(from, to int64) int64 {
	return max(0, min(to, g.finish)-max(from, g.begin))
}

// carried notes that c's request, which is not counted, has ended at now. Only a
// request of the warm-up that was open in the measured time matters.
func (g *generator) carried(c *conn, now int64, answered bool) {
	if c.planned.group >= g.begin || now <= g.begin {
		return
	}
	s := &c.sight
	s.held += g.overlap(c.started, now)
	s.took = max(s.took, now-c.planned.at)
	if now >= g.finish {
		s.toEnd = true
	} else if !answered {
		s.failed = true
	}
}

// look adds the time that c was not free, until now, to what it saw.
func (g *generator) look(c *conn, now int64) {
	if c.asked && !c.sight.answered {
		c.sight.busy += g.overlap(c.started, now)
	}
}

// sights adds up what the slots saw. longest is the longest latency that is
// counted. The generators must have ended.
func (r *run) sights(longest int64) (starved Starved, held Held) {
	var total, measured int64
	for _, g := range r.generators {
		measured = max(measured, g.finish-g.begin)
		for i := range g.conns {
			c := &g.conns[i]
			if !c.asked {
				continue
			}
			if c.state != idle {
				g.look(c, max(g.now, g.finish))
			}
			if c.open {
				g.carried(c, max(g.now, g.finish), false)
			}
			starved.count(c, g.finish-g.begin)
			if held.count(c, g.finish-g.begin, longest) {
				total += c.sight.held
			}
		}
	}
	if measured > 0 && starved.Asked > 0 {
		held.TimeShare = float64(total) / float64(measured) / float64(starved.Asked)
	}
	return starved, held
}

func (s *Starved) count(c *conn, measured int64) {
	s.Asked++
	if !c.served {
		s.Unanswered++
	}
	if !c.took {
		s.Unconnected++
	}
	if !c.sight.answered && measured > 0 && 2*c.sight.busy >= measured {
		s.Silent++
	}
}

// count adds c, if it was held, and reports that.
func (h *Held) count(c *conn, measured, longest int64) bool {
	s := &c.sight
	if measured <= 0 || !s.toEnd && !s.failed && s.held < leastHold(measured) {
		return false
	}
	h.Connections++
	if s.toEnd {
		h.ToEnd++
	}
	if s.failed {
		h.Failed++
	}
	if s.took > 2*longest {
		h.Outlasting++
	}
	h.LongestS = max(h.LongestS, time.Duration(s.held).Seconds())
	return true
}
