package directive

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Sources are the inputs of Resolve.
type Sources struct {
	// Config is the file to read; may be empty.
	Config string
	// Defines are the names that are true in <IfDefine>.
	Defines []string
	// Flags are the command line's flags; may be nil.
	Flags *Flags
	// Lookup finds an MPM. Its error lists the known ones.
	Lookup func(name string) (MPM, error)
	// Previous are the running server's settings at a restart, nil at the
	// start.
	Previous *Settings
	// System provides facts of the machine. Fields that are not set are filled
	// in.
	System System
}

// Resolve reads the configuration and combines the sources into settings
// without contradictions. The notes, the gravest first, say what was adjusted,
// what has no meaning, and what is wrong. The error is a Notes with those of
// level Error; then there are no settings. Resolve reads files and looks up
// users and directories. It changes nothing.
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

// resolver is the state of one Resolve.
type resolver struct {
	src   Sources
	sys   System
	mpm   MPM
	s     *Settings
	notes Notes
	wrong int // number of notes of level Error

	unknown map[string]string // names that are no word of their directive, by that
}

// say adds a note, unless it is already there.
func (r *resolver) say(level Level, directive, value string, from Origin, format string, args ...any) {
	n := Note{Level: level, Directive: directive, Value: value, From: from, Text: fmt.Sprintf(format, args...)}
	if slices.Contains(r.notes, n) {
		return // another group inherited the value
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
		return // there is nothing to check
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
		return // further errors would only be consequences
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

func (r *resolver) read(flags []value) file {
	if r.src.Config == "" {
		return file{}
	}
	in := reader{defines: r.src.Defines}
	e, _, _ := entryOf("MPM")
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

// last returns the last value of a directive, or nil.
func last(values []value, e *Entry) *value {
	for i := len(values) - 1; i >= 0; i-- {
		if values[i].entry == e {
			return &values[i]
		}
	}
	return nil
}

// given returns the effective value of a directive: the flag's, or else the
// file's.
func given(flags, file []value, name string) *value {
	e, _, _ := entryOf(name)
	if v := last(flags, e); v != nil {
		return v
	}
	return last(file, e)
}

// chooseMPM finds the MPM. It returns false if there is none, because the rest
// depends on it.
func (r *resolver) chooseMPM(flags, file []value) bool {
	e, _, _ := entryOf("MPM")
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

// set records the origin of a value.
func (o origins) set(name string, from Origin) {
	if from == (Origin{}) {
		delete(o, name)
	} else {
		o[name] = from
	}
}

// kept adds a note that a restart does not change a value.
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
			r.say(Error, "ControlProcess", v.text(), from, "does not go with mpm %s, which always has children", r.mpm.Name)
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

// group combines the values of one group and checks each alone. flags are those
// that apply to the group. main is what a section inherits from.
func (r *resolver) group(name string, from Origin, main *Group, file, flags []value) Group {
	g := Group{from: origins{}}
	if main != nil {
		g = *main
		g.Listen, g.from = nil, maps.Clone(main.from)
		g.User, g.Group = name, "" // the user's own group by default
		delete(g.from, "Group")
		g.from.set("User", from)
	}
	g.Name = name
	for i := range table {
		e := &table[i]
		switch {
		case e.Name == "MPM" || e.Name == "ControlProcess" || e.Name == "Mutex":
			// The first two are settled already. Mutex is handled with
			// AcceptMutex.
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

// field sets one field of the settings, if it has a meaning: to its default if
// fresh, and then to the given values.
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
				r.say(Info, v.entry.Name, v.text(), v.from, "replaces %s at %s", before.text(), before.from)
			}
			from.set(e.Name, v.from)
			before = v
		}
	}
	if r.mpm.ListenPerThread && e.restart(r.mpm) != e.Restart {
		return // afterAdjusting compares it later
	}
	r.restarted(g, e)
}

// is reports whether a value of other is a value of e.
func (e *Entry) is(other *Entry) bool {
	return e == other || e.Name == "AcceptMutex" && other.Name == "Mutex"
}

// at returns where the value and the origin of e are stored.
func (e *Entry) at(s *Settings, g *Group) (field any, from origins) {
	if e.group != nil {
		return e.group(g), g.from
	}
	return e.server(s), s.from
}

// choices checks the values that are chosen by name.
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
