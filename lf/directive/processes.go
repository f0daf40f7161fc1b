package directive

import (
	"fmt"
	"slices"
	"strconv"
)

// processes determines the children of a control process: how many there are,
// how many threads they have, and the user they run as. The numbers depend on
// each other, so it settles them in this order, whatever the order in the file.
func (r *resolver) processes() {
	r.sameGroups()
	r.settleMutex()
	for i := range r.s.Groups {
		g := &r.s.Groups[i]
		if r.mpm.Prefork {
			r.prefork(g)
		} else {
			r.threaded(g)
		}
		r.identify(g)
		if !g.KeepAlive {
			g.MaxKeepAliveRequests = 1
		}
		g.FirstSlot = r.s.Slots
		r.s.Slots += g.ServerLimit
	}
	r.settleBuckets()
	for i := range r.s.Groups {
		r.spare(&r.s.Groups[i])
	}
}

// alone determines the settings of a server of one process.
func (r *resolver) alone(g *Group) {
	r.s.Buckets, r.s.AcceptMutex = 1, "none"
	g.UID, g.GID = -1, -1
	if !g.KeepAlive {
		g.MaxKeepAliveRequests = 1
	}
	if _, ok := g.from["AsyncRequestWorkerFactor"]; !ok {
		g.AsyncFactor = 0
	}
}

// threaded determines the numbers of children and of their threads.
func (r *resolver) threaded(g *Group) {
	limit := r.s.ThreadLimit
	if g.ThreadsPerChild > limit {
		r.adjust(g, "ThreadsPerChild", &g.ThreadsPerChild, limit, Warning,
			"is more than ThreadLimit %d, which is used (write ThreadLimit %d, too)", limit, g.ThreadsPerChild)
	}
	r.afterAdjusting(g, "ThreadsPerChild")
	g.Threads = g.ThreadsPerChild
	if r.mpm.Listener {
		g.Threads++
	}
	if g.Threads < r.mpm.MinThreads {
		r.sayOf(g, Error, "ThreadsPerChild", show(&g.ThreadsPerChild), "is too few for mpm %s (write %d)",
			r.mpm.Name, g.ThreadsPerChild+r.mpm.MinThreads-g.Threads)
	}
	r.workers(g)
	if r.mpm.Unbounded {
		for _, name := range []string{"ThreadsPerChild", "MaxRequestWorkers"} {
			if from, ok := g.from[name]; ok {
				r.say(Info, name, "", from, "does not limit the connections of mpm %s, which starts what it needs for each: it only decides the number of children", r.mpm.Name)
			}
		}
	}
}

// workers determines MaxRequestWorkers and the number of children.
func (r *resolver) workers(g *Group) {
	const byDefault = 16 // number of children
	per, limit := g.ThreadsPerChild, g.ServerLimit
	if _, ok := g.from["MaxRequestWorkers"]; !ok {
		g.MaxRequestWorkers = min(byDefault, limit) * per
	}
	if n := g.MaxRequestWorkers; n < per {
		r.adjust(g, "MaxRequestWorkers", &g.MaxRequestWorkers, per, Warning,
			"is less than one child's ThreadsPerChild %d, which is used: 1 child (lower ThreadsPerChild for less)", per)
	}
	if n := g.MaxRequestWorkers; n%per != 0 {
		children := n / per
		use := children * per
		also := ""
		if children+1 > limit {
			also = " and ServerLimit " + show(new(children+1))
		}
		r.adjust(g, "MaxRequestWorkers", &g.MaxRequestWorkers, use, Warning,
			"is not a multiple of ThreadsPerChild %d: %s = %d is used (write %d%s for %d children)",
			per, product(children, per), use, use+per, also, children+1)
	}
	if n := g.MaxRequestWorkers; n/per > limit {
		r.adjust(g, "MaxRequestWorkers", &g.MaxRequestWorkers, limit*per, Warning,
			"would take %d children of ThreadsPerChild %d, and ServerLimit is %d: %s = %d is used (write ServerLimit %d, or more: children that finish after a restart have slots, too)",
			n/per, per, limit, product(limit, per), limit*per, n/per)
	}
	g.Children = g.MaxRequestWorkers / per
	r.room(g)
}

// prefork determines the number of children that have one thread each.
func (r *resolver) prefork(g *Group) {
	r.s.ThreadLimit, g.ThreadsPerChild, g.Threads = 1, 1, 1
	limit := g.ServerLimit
	if _, ok := g.from["MaxRequestWorkers"]; !ok {
		g.MaxRequestWorkers = min(g.MaxRequestWorkers, limit)
	}
	if g.MaxRequestWorkers < 1 {
		r.adjust(g, "MaxRequestWorkers", &g.MaxRequestWorkers, 1, Warning, "is less than 1, which is used: 1 child")
	}
	if n := g.MaxRequestWorkers; n > limit {
		r.adjust(g, "MaxRequestWorkers", &g.MaxRequestWorkers, limit, Warning,
			"would take %d children, and ServerLimit is %d, which is used (write ServerLimit %d, or more: children that finish after a restart have slots, too)", n, limit, n)
	}
	g.Children = g.MaxRequestWorkers
	g.MinSpareThreads, g.MaxSpareThreads = g.minSpareServers, g.maxSpareServers
	r.room(g)
}

// room adds a note if a new generation has no slots while the old one finishes.
func (r *resolver) room(g *Group) {
	if g.Children == g.ServerLimit {
		r.sayOf(g, Info, "ServerLimit", show(&g.ServerLimit),
			"leaves no spare slots (MaxRequestWorkers %d = %s): when all children run, a restart must wait for old children to finish before it can start new ones (write ServerLimit %d for a second generation)",
			g.MaxRequestWorkers, product(g.Children, g.ThreadsPerChild), 2*g.Children)
	}
}

// settleBuckets determines the number of sockets of each address.
func (r *resolver) settleBuckets() {
	r.s.Buckets = 1
	if r.src.Previous != nil {
		r.s.Buckets = r.src.Previous.Buckets
		return
	}
	if r.s.bucketsRatio == 0 {
		return
	}
	r.s.Buckets = max(1, r.sys.CPUs()/r.s.bucketsRatio)
	from := r.s.from["ListenCoresBucketsRatio"]
	for i := range r.s.Groups {
		if g := &r.s.Groups[i]; g.Children < r.s.Buckets {
			r.say(Info, "ListenCoresBucketsRatio", show(&r.s.bucketsRatio), from,
				"makes %d sockets for each address with %d processors, but there can be only %s, each with one socket: %d used", r.s.Buckets, r.sys.CPUs(), count(g.Children, "child", "children"), g.Children)
			r.s.Buckets = g.Children
		}
	}
	if r.s.Buckets == 1 {
		r.say(Info, "ListenCoresBucketsRatio", show(&r.s.bucketsRatio), from, "makes 1 socket for each address with %d processors, as if it were not given", r.sys.CPUs())
	}
}

// spare determines how many children start at first and how many threads may be
// idle.
func (r *resolver) spare(g *Group) {
	buckets, per := r.s.Buckets, g.ThreadsPerChild
	if g.StartServers > g.Children {
		r.adjust(g, "StartServers", &g.StartServers, g.Children, Info,
			"is more than MaxRequestWorkers %d allows: %s at first", g.MaxRequestWorkers, count(g.Children, "child", "children"))
	}
	if g.StartServers < buckets {
		r.adjust(g, "StartServers", &g.StartServers, buckets, Info, "leaves some of the %d sockets of each address without a child: %d are started", buckets, buckets)
	}
	r.afterAdjusting(g, "StartServers")
	if r.mpm.ListenPerThread {
		return
	}
	least, most, what, sum := "MinSpareThreads", "MaxSpareThreads", "threads", "MinSpareThreads + ThreadsPerChild + 1"
	lowest, apart := per*(buckets-1)+buckets, (per+1)*buckets
	if r.mpm.Prefork {
		least, most, what, sum = "MinSpareServers", "MaxSpareServers", "children", "MinSpareServers + 1"
		lowest, apart = buckets, buckets
	}
	if buckets > 1 {
		sum += ", for each of the sockets"
	}
	if g.MinSpareThreads < lowest {
		r.adjust(g, least, &g.MinSpareThreads, lowest, Info, "would leave some of the %d sockets of each address without an idle one: %d is used", buckets, lowest)
	}
	if _, ok := g.from[least]; ok && g.MinSpareThreads > g.MaxRequestWorkers {
		r.sayOf(g, Info, least, show(&g.MinSpareThreads), "is more than MaxRequestWorkers %d: all %d children always run", g.MaxRequestWorkers, g.Children)
	}
	if use := g.MinSpareThreads + apart; g.MaxSpareThreads < use {
		r.adjust(g, most, &g.MaxSpareThreads, use, Info,
			"is too close to %s %d, so children would start and end again and again: %d idle %s are used (%s)", least, g.MinSpareThreads, use, what, sum)
	}
	if r.mpm.Prefork {
		g.minSpareServers, g.maxSpareServers = g.MinSpareThreads, g.MaxSpareThreads
	}
}

// adjust changes a number of g and adds a note.
func (r *resolver) adjust(g *Group, name string, field *int, use int, level Level, format string, args ...any) {
	r.sayOf(g, level, name, show(field), format, args...)
	*field = use
}

// sayOf adds a note about a value of g. It names the section, unless the main
// part has the same note.
func (r *resolver) sayOf(g *Group, level Level, name, value, format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	main := Note{Level: level, Directive: name, Value: value, From: g.from[name], Text: text}
	if g.Name != "" {
		if slices.Contains(r.notes, main) {
			return
		}
		text += " (in <User " + g.Name + ">)"
	}
	r.say(level, name, value, g.from[name], "%s", text)
}

// count formats a number and its noun: 1 child, 2 children.
func count(n int, one, more string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + more
}

// product formats the factors of MaxRequestWorkers.
func product(children, threads int) string {
	text := count(children, "child", "children")
	if threads > 1 {
		text += fmt.Sprintf(" x %d threads", threads)
	}
	return text
}

// afterAdjusting compares a value with the running server's. It could not be
// compared before it was adjusted.
func (r *resolver) afterAdjusting(g *Group, name string) {
	if e, _, _ := entryOf(name); e.restart(r.mpm) != e.Restart {
		r.restarted(g, e)
	}
}
