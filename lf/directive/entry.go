package directive

import (
	"math"
	"strings"
	"time"
	"unicode"
)

// Entry is one directive of the table.
type Entry struct {
	Name string // in its usual spelling; reading ignores case
	Doc  string // one line
	Type Type

	Default Default
	Range   Range

	// Restart says whether a graceful restart can change the value.
	Restart Restart

	// For says in which servers the directive has a meaning. If it is Never,
	// Nothing says why. Such a directive is accepted with a note.
	For     Meaning
	Nothing string

	// Children says that the directive is about children of a control process.
	// As a flag it selects a control process.
	Children bool

	// Old are former names.
	Old []Old
	// Aliases are further names of the flag.
	Aliases []string

	// known are the values of a Word, where they are known here.
	known []string

	// Exactly one of these is set. It returns where the value is stored, in the
	// server's settings or in a group's. The latter may stand in a <User>
	// section.
	server func(*Settings) any
	group  func(*Group) any
}

// Old is a former name of a directive, and the note about it.
type Old struct{ Name, Note string }

// Type is the type of a value.
type Type uint8

const (
	Number    Type = iota // a whole number
	Fraction              // a number above 0, for example 1.5
	Duration              // whole seconds, or a Go duration as 100ms
	Switch                // On or Off
	Word                  // one of several, or a name
	File                  // a path
	Directory             // a path that exists
	Address               // [host:]port [http]; may be given several times
	Mechanism             // how children take turns at accepting
)

func (t Type) String() string {
	return [...]string{"number", "fraction", "duration", "on|off", "name", "file", "directory", "[host:]port", "mechanism"}[t]
}

// Default is the value if none is given. Empty means none, or that it is
// computed.
type Default struct {
	Any     string
	Prefork string // replaces Any for a Prefork MPM
	Alone   string // replaces Any without a control process
	Text    string // describes a computed default
}

// Range is the range of a value that does not depend on others, including its
// ends. Durations are in nanoseconds.
type Range struct {
	Least, Most int64
	Prefork     int64 // replaces Most for a Prefork MPM
	Async       int64 // replaces Most for an Asynchronous MPM
	OrZero      bool  // 0 is allowed, too
	Out         Out
}

// Out says what happens to a value out of range.
type Out uint8

const (
	Refuse  Out = iota // an error
	Adjust             // use the nearest value in range, with a warning
	Depends            // it is made consistent with other directives
)

// far replaces a missing bound. Numbers below it can be added and multiplied
// without overflow.
const far = 1 << 40

// Restart says what a graceful restart does with a changed value.
type Restart uint8

const (
	Taken  Restart = iota // new children use it
	Kept                  // ignores it with a warning: the value is fixed for the server's life
	AtOpen                // sockets that are opened later use it, open ones do not
)

func (r Restart) String() string { return [...]string{"taken", "kept", "new sockets"}[r] }

// Meaning says in which servers a directive has a meaning.
type Meaning uint8

const (
	Always      Meaning = iota
	Threads             // MPMs whose children have several threads
	Servers             // MPMs whose children have one
	Connections         // asynchronous MPMs
	AloneOnly           // servers without a control process
	Never               // see Entry.Nothing
)

// Section reports whether the directive may stand in a <User> section.
func (e *Entry) Section() bool { return e.group != nil && e.Name != "User" }

// FlagName returns the name in lower case with dashes: max-request-workers for
// MaxRequestWorkers.
func (e *Entry) FlagName() string { return dashed(e.Name) }

func dashed(name string) string {
	var b strings.Builder
	runes := []rune(name)
	for i, r := range runes {
		if i > 0 && unicode.IsUpper(r) && unicode.IsLower(runes[i-1]) {
			b.WriteByte('-')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

// DefaultFor returns the default for an MPM, with or without a control process.
func (e *Entry) DefaultFor(m MPM, alone bool) string {
	switch d := e.Default; {
	case m.Prefork && d.Prefork != "":
		return d.Prefork
	case alone && d.Alone != "":
		return d.Alone
	default:
		return d.Any
	}
}

func (e *Entry) bounds(m MPM) (least, most int64) {
	least, most = e.Range.Least, e.Range.Most
	switch {
	case m.Prefork && e.Range.Prefork != 0:
		most = e.Range.Prefork
	case m.Asynchronous && e.Range.Async != 0:
		most = e.Range.Async
	case most == 0 && e.Type == Duration:
		most = math.MaxInt64
	case most == 0:
		most = far
	}
	return least, most
}

func (e *Entry) restart(m MPM) Restart {
	if m.ListenPerThread && (e.Name == "ThreadsPerChild" || e.Name == "StartServers") {
		return Kept // each thread has a socket with connections in its queue
	}
	return e.Restart
}

// silent returns why e has no meaning for a server, or "" if it has one.
func (e *Entry) silent(m MPM, alone bool) string {
	switch {
	case e.For == Never:
		return "has no meaning in a Go process: " + e.Nothing
	case e.For == AloneOnly && !alone:
		return "has no meaning under a control process: ThreadsPerChild says how many threads a child has (write ControlProcess Off for one process)"
	case e.Children && alone:
		return "has no meaning without a control process (write ControlProcess On)"
	case e.For == Threads && m.Prefork:
		return "has no meaning for mpm " + m.Name + ", whose children have one thread each" + instead(e.Name, "Threads", "Servers")
	case e.For == Servers && !m.Prefork:
		return "has no meaning for mpm " + m.Name + ", whose children have several threads" + instead(e.Name, "Servers", "Threads")
	case m.ListenPerThread && (strings.HasPrefix(e.Name, "MinSpare") || strings.HasPrefix(e.Name, "MaxSpare")):
		return "has no meaning for mpm " + m.Name + ", where each thread listens: there are StartServers children at all times"
	case e.For == Connections && !m.Asynchronous:
		return "has no meaning for mpm " + m.Name + ", where a connection has a thread or waits in the kernel"
	}
	return ""
}

// instead names the directive with the same meaning for the other kind of MPM.
func instead(name, suffix, other string) string {
	if stem, ok := strings.CutSuffix(name, suffix); ok {
		return " (write " + stem + other + ")"
	}
	return ""
}

// second is one second in the unit of ranges.
const second = int64(time.Second)
