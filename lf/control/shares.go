package control

import "time"

// unserved reports whether a part of the group's sockets has no child. The
// connections in its queue wait, even if children of other parts are idle.
func (p *Parent) unserved(g *group) bool {
	served := map[int]bool{}
	for _, k := range p.kids {
		if k.group == g && k.active() && k.generation == p.generation {
			served[k.bucket] = true
		}
	}
	return len(served) < g.cfg.shares()
}

// cover starts a child for a part of the sockets that has none. If the group is
// full, cover first tells a child to finish whose part has several.
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
