package directive

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Sources are what Resolve puts together.
type Sources struct {
	// Config is the file to read, empty for none.
	Config string
	// Defines are the names that <IfDefine> knows.
	Defines []string
	// Flags are what was given on the command line; nil for nothing.
	Flags *Flags
	// Lookup finds an MPM. Its error says what is known.
	Lookup func(name string) (MPM, error)
	// Previous are the settings of the running server at a restart, nil at the start.
	Previous *Settings
	// System is what the machine is asked for; what is not set is asked of it.
	System System
}

// Resolve reads the configuration, puts the sources together and makes of them
// settings in which everything agrees. The notes, the gravest first, tell what
// was adjusted, what has no meaning, and what is wrong; the error, a Notes, is
// those of level Error alone, and then there are no settings. It reads files
// and asks the machine for users and directories, and changes nothing.
func Resolve(src Sources) (*Settings, Notes, error) {
	r := &resolver{src: src, sys: src.System.complete(), s: &Settings{from: origins{}}, unknown: map[string]string{}}
	r.resolve()
	slices.SortStableFunc(r.notes, func(a, b Note) int { return cmp.Compare(b.Level, a.Level) })
	at := slices.IndexFunc(r.notes, func(n Note) bool { return n.Level != Error })
	if at < 0 {
		at = len(r.notes)
	}
	if at > 0 {
		return nil, r.notes, r.notes[:at:at]
	}
	return r.s, r.notes, nil
}

// resolver is one Resolve.
type resolver struct {
	src   Sources
	sys   System
	mpm   MPM
	s     *Settings
	notes Notes
	wrong int // notes of level Error

	unknown map[string]string // names that are no word of their directive, by that
}

// say adds a note, once.
func (r *resolver) say(level Level, directive, value string, from Origin, format string, args ...any) {
	n := Note{Level: level, Directive: directive, Value: value, From: from, Text: fmt.Sprintf(format, args...)}
	if slices.Contains(r.notes, n) {
		return // of another group, which inherited it
	}
	r.notes = append(r.notes, n)
	if level == Error {
		r.wrong++
	}
}

func (r *resolver) resolve() {
	var flags []value
	if r.src.Flags != nil {
		flags = r.src.Flags.values
	}
	conf := r.read(flags)
	if conf.missing {
		return // what follows would be about an empty file
	}
	if !r.chooseMPM(flags, conf.main) {
		return
	}
	r.chooseProcess(flags, conf.main)

	main := r.group("", Origin{}, nil, conf.main, flags)
	groups := []Group{main}
	for _, sec := range conf.sections {
		if r.s.Alone {
			r.say(Error, "<User "+sec.user+">", "", sec.from, "needs a control process (write ControlProcess On)")
		}
		groups = append(groups, r.group(sec.user, sec.from, &main, sec.values, nil))
	}
	if len(conf.sections) > 0 && len(main.Listen) == 0 {
		groups = groups[1:]
	}
	r.s.Groups = groups
	r.listens()
	r.choices()
	r.directories()
	if r.wrong > 0 {
		return // what follows would only repeat it
	}
	if r.s.Alone {
		r.alone(&r.s.Groups[0])
	} else {
		r.processes()
	}
	if r.wrong == 0 && r.mpm.Check != nil {
		if err := r.mpm.Check(r.s); err != nil {
			r.say(Error, "MPM", r.s.MPM, r.s.from["MPM"], "%v", err)
		}
	}
}

// read reads the file, if there is one.
func (r *resolver) read(flags []value) file {
	if r.src.Config == "" {
		return file{}
	}
	in := reader{defines: r.src.Defines}
	e, _, _ := Lookup("MPM")
	in.mpm = e.Default.Any
	if v := last(flags, e); v != nil {
		in.mpm, in.settled = strings.ToLower(v.args[0]), true
	}
	if r.src.Previous != nil {
		in.mpm, in.settled = r.src.Previous.MPM, true
	}
	in.read(r.src.Config)
	for _, n := range in.notes {
		r.say(n.Level, n.Directive, n.Value, n.From, "%s", n.Text)
	}
	return in.file
}

// last is the last value of a directive.
func last(values []value, e *Entry) *value {
	for i := len(values) - 1; i >= 0; i-- {
		if values[i].entry == e {
			return &values[i]
		}
	}
	return nil
}

// given is the value of a directive that holds: a flag's before the file's.
func given(flags, file []value, name string) *value {
	e, _, _ := Lookup(name)
	if v := last(flags, e); v != nil {
		return v
	}
	return last(file, e)
}

// chooseMPM finds the MPM; nothing can be said of the rest without it.
func (r *resolver) chooseMPM(flags, file []value) bool {
	e, _, _ := Lookup("MPM")
	name, from := e.Default.Any, Origin{}
	if v := given(flags, file, "MPM"); v != nil {
		name, from = strings.ToLower(v.args[0]), v.from
	}
	if old := r.src.Previous; old != nil && old.MPM != name {
		r.kept("MPM", name, old.MPM, from)
		name, from = old.MPM, old.from["MPM"]
	}
	m, err := r.src.Lookup(name)
	if err != nil {
		r.say(Error, "MPM", name, from, "%v", err)
		return false
	}
	r.mpm, r.s.mpm, r.s.MPM = m, m, m.Name
	r.s.from.set("MPM", from)
	return true
}

// set remembers where a value comes from.
func (o origins) set(name string, from Origin) {
	if from == (Origin{}) {
		delete(o, name)
	} else {
		o[name] = from
	}
}

// kept says that a restart does not change a value.
func (r *resolver) kept(name, value, was string, from Origin) {
	r.say(Warning, name, value, from, "a restart does not change it: it stays %s (stop the server and start it)", was)
}

// chooseProcess decides whether there is a control process.
func (r *resolver) chooseProcess(flags, file []value) {
	wanted := r.src.Config != "" || r.mpm.Prefork ||
		slices.ContainsFunc(flags, func(v value) bool { return v.entry.Children })
	from := Origin{}
	if v := given(flags, file, "ControlProcess"); v != nil {
		from = v.from
		on, err := parseSwitch(v.args[0])
		switch {
		case err != nil:
			r.say(Error, "ControlProcess", v.text(), from, "%v", err)
		case !on && r.mpm.Prefork:
			r.say(Error, "ControlProcess", v.text(), from, "does not go with mpm %s, which is nothing but children", r.mpm.Name)
		default:
			wanted = on
		}
	}
	if old := r.src.Previous; old != nil && old.Alone == wanted {
		r.kept("ControlProcess", onOff(wanted), onOff(!old.Alone), from)
		wanted = !old.Alone
	}
	r.s.controlProcess, r.s.Alone = wanted, !wanted
	r.s.from.set("ControlProcess", from)
}

func onOff(on bool) string { return show(&on) }

// group puts together what was given for one group, each value as far as it can
// be judged alone. Flags are those that hold for it; main is what a section inherits.
func (r *resolver) group(name string, from Origin, main *Group, file, flags []value) Group {
	g := Group{from: origins{}}
	if main != nil {
		g = *main
		g.Listen, g.from = nil, maps.Clone(main.from)
		g.User, g.Group = name, "" // the user's own group, if nothing else is said
		delete(g.from, "Group")
		g.from.set("User", from)
	}
	g.Name = name
	for i := range table {
		e := &table[i]
		switch {
		case e.Name == "MPM" || e.Name == "ControlProcess" || e.Name == "Mutex":
			// The first two are settled, the third is AcceptMutex.
		case main != nil && !e.Section():
		case e.Name == "Listen":
			r.listen(&g, e, file, flags)
		default:
			r.field(&g, e, main == nil, file, flags)
		}
	}
	if g.timeout != 0 {
		for _, t := range []struct {
			name  string
			field any
		}{{"HeadTimeout", &g.HeadTimeout}, {"BodyTimeout", &g.BodyTimeout}, {"WriteTimeout", &g.WriteTimeout}} {
			if _, ok := g.from[t.name]; !ok {
				assign(t.field, &g.timeout)
			}
		}
	}
	return g
}

// field sets one field of the settings, where it means anything: to its default
// if it is fresh, and then to what was given.
func (r *resolver) field(g *Group, e *Entry, fresh bool, file, flags []value) {
	field, from := e.at(r.s, g)
	if text := e.DefaultFor(r.mpm, r.s.Alone); fresh && text != "" && e.silent(r.mpm, r.s.Alone) == "" {
		r.take(e, field, &value{entry: e, args: []string{text}})
	}
	for _, values := range [][]value{file, flags} {
		var before *value
		for i := range values {
			v := &values[i]
			if !e.is(v.entry) || !r.take(e, field, v) {
				continue
			}
			if before != nil && v.from.Flag == "" {
				r.say(Info, v.entry.Name, v.text(), v.from, "takes the place of %s at %s", before.text(), before.from)
			}
			from.set(e.Name, v.from)
			before = v
		}
	}
	if r.mpm.ListenPerThread && e.restart(r.mpm) != e.Restart {
		return // that is compared when it has been adjusted
	}
	r.restarted(g, e)
}

// is tells whether a value of other is one of e.
func (e *Entry) is(other *Entry) bool {
	return e == other || e.Name == "AcceptMutex" && other.Name == "Mutex"
}

// at is where the value of e is, and where it is remembered where it comes from.
func (e *Entry) at(s *Settings, g *Group) (field any, from origins) {
	if e.group != nil {
		return e.group(g), g.from
	}
	return e.server(s), s.from
}

// choices checks what is chosen by name.
func (r *resolver) choices() {
	for i := range table {
		e := &table[i]
		known := e.known
		if known == nil {
			known = r.mpm.Names[e.FlagName()]
		}
		if known == nil || e.server == nil {
			continue
		}
		name := cmp.Or(r.unknown[e.Name], show(e.server(r.s)))
		if name != "" && !slices.Contains(known, name) {
			r.say(Error, e.Name, name, r.s.from[e.Name], "unknown %s%s", e.FlagName(), meant(NearestOf(name, known), "known: "+strings.Join(known, ", ")))
		}
	}
}

// directories checks that directories are there.
func (r *resolver) directories() {
	check := func(name, path string, from Origin) {
		if path == "" {
			return
		}
		if info, err := r.sys.Stat(path); err != nil {
			r.say(Error, name, path, from, "there is no such directory: %v", err)
		} else if !info.IsDir() {
			r.say(Error, name, path, from, "is not a directory")
		}
	}
	if !r.s.Alone {
		check("CoreDumpDirectory", r.s.CoreDumpDirectory, r.s.from["CoreDumpDirectory"])
	}
	for i := range r.s.Groups {
		g := &r.s.Groups[i]
		check("DocumentRoot", g.DocumentRoot, g.from["DocumentRoot"])
	}
}
