package control

import (
	"context"
	"fmt"
	"log/slog"
	"slices"

	"lflab/lf"
	"lflab/lf/control/manager"
	"lflab/lf/directive"
	"lflab/lf/httpd"
	"lflab/lf/mpm"
	"lflab/lf/sock"
	"lflab/sync/gate"
	"lflab/sync/park"
)

// PlanOf returns the plan that settings describe. It returns an error if the
// MPM is unknown.
func PlanOf(s *directive.Settings) (Plan, error) {
	kind, err := mpm.Lookup(s.MPM)
	if err != nil {
		return Plan{}, err
	}
	plan := Plan{
		PidFile: manager.PidFile(s.PidFile), ScoreBoardFile: s.ScoreBoardFile, ThreadLimit: s.ThreadLimit,
		GracefulShutdown: s.GracefulShutdownTimeout, GracefulRestart: s.GracefulRestartTimeout,
	}
	for i := range s.Groups {
		from := &s.Groups[i]
		g := Group{
			Name: from.Name, Server: ConfigOf(s, from), Buckets: max(s.Buckets, 1),
			Start: from.StartServers, MinSpare: from.MinSpareThreads, MaxSpare: from.MaxSpareThreads,
			Children: from.Children, Slots: from.ServerLimit, Threads: from.ThreadsPerChild,
			LockFile: s.LockFile, MostConnections: uint64(from.MaxConnectionsPerChild), Dir: s.CoreDumpDirectory,
		}
		switch {
		case isGate(s.AcceptMutex) && kind.Gated:
			g.Gate = s.AcceptMutex
		case s.AcceptMutex == "epollexclusive":
			g.share(kind)
		case s.AcceptMutex == "reuseport" && g.Buckets == 1:
			// There is one socket for each child of the start. If there were
			// more, nobody might accept from some of them.
			g.Buckets = max(min(g.Start, g.Children), 1)
		}
		if kind.ReusePort {
			// Each thread has a socket, so the number of children is fixed.
			g.PerThread, g.Children = true, g.Start
			g.Buckets = g.Start * g.Threads
			g.MinSpare, g.MaxSpare = 0, g.Buckets
		}
		if kind.Unbounded { // it is unknown how many more connections a child can take
			g.Unbounded, g.Children, g.MinSpare, g.MaxSpare = true, g.Start, 0, g.Start*g.Threads
		}
		if from.UID >= 0 {
			g.User = &User{Name: from.User, UID: uint32(from.UID), GID: uint32(from.GID)}
			for _, id := range from.SupplementaryGroups {
				g.User.Groups = append(g.User.Groups, uint32(id))
			}
		}
		plan.Groups = append(plan.Groups, g)
	}
	return plan, nil
}

// share makes the kernel wake one of the processes that wait for a connection
// (EPOLLEXCLUSIVE). Threads that would wait in accept4 then wait in epoll sets.
func (g *Group) share(kind mpm.Kind) {
	g.Server.Exclusive = true
	for _, c := range kind.Choices {
		if c.Name != "accept" || g.Server.Accept != "" {
			continue
		}
		for _, v := range c.Values {
			if v.Name == "epoll-exclusive" {
				g.Server.Accept = v.Name
			}
		}
	}
}

// ConfigOf returns the configuration of a process of that group.
func ConfigOf(s *directive.Settings, g *directive.Group) Config {
	c := Config{
		MPM: s.MPM, Backlog: g.ListenBacklog, SendBuffer: g.SendBufferSize, Threads: g.Threads,
		Primitive: s.Primitive, Spin: s.Spin, Policy: s.Policy, PinThreads: s.PinThreads,
		AsyncFactor: g.AsyncFactor, Sheds: s.ShedKeepAlive, DeferAccept: g.DeferAccept, Grace: s.Grace, Lab: s.Lab,
		HTTP: httpd.Config{
			DocRoot: g.DocumentRoot, Debug: s.Debug,
			Limits: httpd.Limits{
				Head: g.MaxHead, Body: g.MaxBody,
				HeadTimeout: g.HeadTimeout, BodyTimeout: g.BodyTimeout,
				KeepAliveTimeout: g.KeepAliveTimeout, WriteTimeout: g.WriteTimeout,
				MaxKeepAliveRequests: g.MaxKeepAliveRequests,
			},
		},
	}
	for _, l := range g.Listen {
		c.Listen = append(c.Listen, l.Address)
	}
	return c
}

// Resolve makes settings from a configuration file and flags. At a restart,
// previous holds the settings of the running server.
func Resolve(config string, defines []string, flags *directive.Flags, previous *directive.Settings) (*directive.Settings, directive.Notes, error) {
	return directive.Resolve(directive.Sources{Config: config, Defines: defines, Flags: flags, Lookup: about, Previous: previous})
}

// Loader returns a function for ParentOptions.Load. Its first call returns the
// plan of first. Each later call, at a restart, reads the same sources again
// and logs the adjustments.
func Loader(config string, defines []string, flags *directive.Flags, first *directive.Settings) func() (Plan, error) {
	begun := false
	return func() (Plan, error) {
		if !begun {
			begun = true
			return PlanOf(first)
		}
		next, notes, err := Resolve(config, defines, flags, first)
		if err != nil {
			return Plan{}, err
		}
		for _, n := range notes {
			level := slog.LevelInfo
			if n.Level == directive.Warning {
				level = slog.LevelWarn
			}
			slog.Log(context.Background(), level, n.String())
		}
		return PlanOf(next)
	}
}

// about describes an architecture to package directive.
func about(name string) (directive.MPM, error) {
	k, err := mpm.Lookup(name)
	if err != nil {
		return directive.MPM{}, err
	}
	m := directive.MPM{
		Name: k.Name, Prefork: k.Name == "prefork", Listener: k.ListenerSeat, Asynchronous: k.Async,
		ListenPerThread: k.ReusePort, Unbounded: k.Unbounded, MinThreads: k.MinThreads,
		Names:   names(),
		Check:   check,
		ComesTo: func(s *directive.Settings) map[string]string { return comesTo(k, s) },
	}
	switch {
	case k.Gated:
		m.Mutexes = []string{"none"}
		for _, g := range gate.SharedKinds() {
			m.Mutexes = append(m.Mutexes, g.Name)
		}
		m.Mutexes = append(m.Mutexes, "epollexclusive", "reuseport")
	case k.ReusePort:
		m.Mutexes = []string{"reuseport"}
	default:
		// Without epollexclusive, a connection would wake all children's sets.
		m.Mutexes = []string{"epollexclusive", "none", "reuseport"}
	}
	return m, nil
}

// names returns the allowed values of directives that choose by name, where
// package lf does not know them.
func names() map[string][]string {
	all := map[string][]string{}
	for _, p := range park.Kinds() {
		all["primitive"] = append(all["primitive"], p.Name)
	}
	for _, g := range gate.Kinds() {
		if !slices.Contains(all["primitive"], g.Name) {
			all["primitive"] = append(all["primitive"], g.Name)
		}
	}
	for _, c := range mpm.Choices() {
		for _, v := range c.Values {
			all[c.Name] = append(all[c.Name], v.Name)
		}
	}
	return all
}

// comesTo returns, by option, the value that an architecture uses, or why the
// option means nothing to it.
func comesTo(k mpm.Kind, s *directive.Settings) map[string]string {
	all := map[string]string{}
	if !k.Parks {
		all["primitive"] = "mpm " + k.Name + " parks no thread"
		all["spin"] = all["primitive"]
	} else {
		all["spin"] = park.DefaultSpin.String() + ", where the primitive spins"
	}
	cfg, err := configOf(s, &s.Groups[0])
	if err != nil {
		return all // check reports the error
	}
	whole := k.Policy(cfg)
	for _, o := range lf.PolicyOptions() {
		switch {
		case o.Of == lf.OfPool && !k.Pool:
			all[o.Name] = "mpm " + k.Name + " has no pool of followers"
		case o.Of == lf.OfSets && !k.Divides:
			all[o.Name] = "mpm " + k.Name + " has one at most"
		case o.Of == lf.OfPart && !o.Given(&whole):
			all[o.Name] = "mpm " + k.Name + " has none to choose"
		default:
			all[o.Name] = o.Text(&whole)
		}
	}
	return all
}

// configOf returns the part of an architecture's configuration that mpm.Kind
// can check without sockets.
func configOf(s *directive.Settings, g *directive.Group) (mpm.Config, error) {
	parker, locked, err := Primitive(s.Primitive, s.Order)
	return mpm.Config{Threads: g.Threads, Parker: parker, Gate: locked, Policy: s.Policy}, err
}

// check returns an error if the architecture does not allow the settings, or
// their combination.
func check(s *directive.Settings) error {
	k, err := mpm.Lookup(s.MPM)
	if err != nil {
		return err
	}
	if !k.Parks && s.Given("Primitive") {
		return fmt.Errorf("mpm %s parks no thread, and has no primitive to choose (leave out %s)", k.Name, s.Primitive)
	}
	for i := range s.Groups {
		if n := len(s.Groups[i].Listen); n > sock.MostListeners {
			return fmt.Errorf("there are %d lines of Listen, and a process serves at most %d (divide them among <User> sections, or listen on all addresses)", n, sock.MostListeners)
		}
		cfg, err := configOf(s, &s.Groups[i])
		if err != nil {
			return err
		}
		if s.PinThreads {
			cfg.CPU = inTurn(0)
		}
		if isGate(s.AcceptMutex) && k.Gated && !s.Alone {
			cfg.AcceptGate = noGate{}
		}
		if err := k.Check(cfg); err != nil {
			return err
		}
	}
	return nil
}

// isGate reports whether that AcceptMutex is a gate. Otherwise it is another
// way to share listeners.
func isGate(mutex string) bool {
	_, err := gate.LookupShared(mutex)
	return err == nil
}

// noGate stands for a gate in checks that only ask whether there is one.
type noGate struct{}

func (noGate) Acquire(func() bool) error { return nil }
func (noGate) Release()                  {}
