package directive

import "slices"

// restarted compares a value with the running server's, and restores that if a
// restart cannot change it.
func (r *resolver) restarted(g *Group, e *Entry) {
	if r.src.Previous == nil || e.silent(r.mpm, r.s.Alone) != "" {
		return
	}
	field, from := e.at(r.s, g)
	var before *Group
	if e.group != nil {
		if before = r.before(g); before == nil {
			return // sameGroups refuses a new group
		}
	}
	was, wasFrom := e.at(r.src.Previous, before)
	value, old := e.tell(field, "none"), e.tell(was, "none")
	if value == old {
		return
	}
	switch e.restart(r.mpm) {
	case Kept:
		r.kept(e.Name, value, old, from[e.Name])
		assign(field, was)
		from.set(e.Name, wasFrom[e.Name])
	case AtOpen:
		r.say(Warning, e.Name, value, from[e.Name], "was %s, which open sockets keep: only a new Listen uses the new value (stop the server and start it to change the others)", old)
	case Taken:
	}
}

// before returns g of the running server, or nil.
func (r *resolver) before(g *Group) *Group {
	groups := r.src.Previous.Groups
	at := slices.IndexFunc(groups, func(old Group) bool { return old.Name == g.Name })
	if at < 0 {
		return nil
	}
	return &groups[at]
}

// sameGroups checks that a restart has the same groups as before, because their
// slots are assigned at the start.
func (r *resolver) sameGroups() {
	if r.src.Previous == nil {
		return
	}
	for i := range r.s.Groups {
		if g := &r.s.Groups[i]; r.before(g) == nil {
			r.say(Error, g.title(), "", g.from["User"], "is new, and a restart cannot add it, because the scoreboard's slots are assigned at the start (stop the server and start it)")
		}
	}
	for i := range r.src.Previous.Groups {
		old := &r.src.Previous.Groups[i]
		if !slices.ContainsFunc(r.s.Groups, func(g Group) bool { return g.Name == old.Name }) {
			r.say(Error, old.title(), "", Origin{}, "is missing, and a restart cannot remove it, because the scoreboard's slots are assigned at the start (stop the server and start it)")
		}
	}
	// Use the order of the running server, not the file's.
	slices.SortStableFunc(r.s.Groups, func(a, b Group) int { return r.place(a) - r.place(b) })
}

func (r *resolver) place(g Group) int {
	return slices.IndexFunc(r.src.Previous.Groups, func(old Group) bool { return old.Name == g.Name })
}

// title names a group in messages.
func (g *Group) title() string {
	if g.Name == "" {
		return "the main part's Listen"
	}
	return "<User " + g.Name + ">"
}
