package control

import "time"

// unserved tells whether a part of the group's sockets has no child. What the
// kernel queues there waits until it has one, however many are idle elsewhere.
func (p *Parent) unserved(g *group) bool {
	served := map[int]bool{}
	for _, k := range p.kids {
		if k.group == g && k.active() && k.generation == p.generation {
			served[k.bucket] = true
		}
	}
	return len(served) < g.cfg.shares()
}

// cover starts a child for a part of the sockets that has none. Where the group
// has all the children it may have, one of a part that has several makes room
// for it.
func (p *Parent) cover(g *group) {
	if !p.unserved(g) || g.toCome > 0 {
		return
	}
	if p.count(g, p.generation) >= g.cfg.Children {
		if k := p.idlest(g); k != nil {
			p.finish(k, time.Now())
		}
	}
	if p.count(g, p.generation) < g.cfg.Children {
		p.start(g)
	}
}
