package directive

import (
	"math"
	"strings"
	"time"
	"unicode"
)

// Entry is one directive of the table.
type Entry struct {
	Name string // as it is written; read without regard to case
	Doc  string // one line
	Type Type

	Default Default
	Range   Range

	// Restart is whether a graceful restart can change it.
	Restart Restart

	// For is where it has a meaning, and Nothing, where it has none anywhere,
	// why not. Such a directive is accepted, and a note says so.
	For     Meaning
	Nothing string

	// Children: it is about children of a control process; given as a flag it
	// asks for one.
	Children bool

	// Old are names it once had.
	Old []Old
	// Aliases are further names of the flag.
	Aliases []string

	// known are the values of a Word, where they are known here.
	known []string

	// Where the value is: of the server, or of a group. The latter may stand in
	// a <User> section.
	server func(*Settings) any
	group  func(*Group) any
}

// Old is a name that a directive once had, and what to say of it.
type Old struct{ Name, Note string }

// Type is what a value is.
type Type uint8

const (
	Number    Type = iota // a whole number
	Fraction              // a number above 0, 1.5 for one
	Duration              // whole seconds, or a Go duration as 100ms
	Switch                // On or Off
	Word                  // one of several, or a name
	File                  // a path
	Directory             // a path that exists
	Address               // [host:]port [http]; may be given several times
	Mechanism             // what children take turns with
)

func (t Type) String() string {
	return [...]string{"number", "fraction", "duration", "on|off", "name", "file", "directory", "[host:]port", "mechanism"}[t]
}

// Default is what holds where nothing is given; empty is none, or computed.
type Default struct {
	Any     string
	Prefork string // in place of Any for a Prefork MPM
	Alone   string // in place of Any without a control process
	Text    string // how a computed one is told
}

// Range is what a value of its own may be, ends included. Durations are in
// nanoseconds. What depends on other directives is not here.
type Range struct {
	Least, Most int64
	Prefork     int64 // in place of Most for a Prefork MPM
	Async       int64 // in place of Most for an Asynchronous one
	OrZero      bool  // 0 is allowed as well
	Out         Out
}

// Out is what becomes of a value out of range.
type Out uint8

const (
	Refuse  Out = iota // an error
	Adjust             // the nearest value in range is used, with a warning
	Depends            // it is made to fit other directives
)

// far is a bound where there is none: numbers below it can be added and
// multiplied without a thought.
const far = 1 << 40

// Restart is what a graceful restart does with a changed value.
type Restart uint8

const (
	Taken  Restart = iota // new children have it
	Kept                  // nothing, with a warning: it holds for the server's life
	AtOpen                // sockets that are opened from then on have it, open ones keep theirs
)

func (r Restart) String() string { return [...]string{"taken", "kept", "new sockets"}[r] }

// Meaning is for which servers a directive means anything.
type Meaning uint8

const (
	Always      Meaning = iota
	Threads             // MPMs whose children have several threads
	Servers             // MPMs whose children have one
	Connections         // asynchronous MPMs
	AloneOnly           // servers without a control process
	Never               // see Entry.Nothing
)

// Section tells whether it may stand in a <User> section.
func (e *Entry) Section() bool { return e.group != nil && e.Name != "User" }

// FlagName is the name in lower case with dashes: MaxRequestWorkers is
// max-request-workers.
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

// DefaultFor is the default for an MPM, with a control process or without.
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

// bounds are the least and the most for an MPM.
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

// restart is Restart for an MPM.
func (e *Entry) restart(m MPM) Restart {
	if m.ListenPerThread && (e.Name == "ThreadsPerChild" || e.Name == "StartServers") {
		return Kept // each thread has a socket, with connections in its queue
	}
	return e.Restart
}

// silent is why e means nothing to a server; empty where it does.
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

// instead names the directive that means the same to the other kind of MPM.
func instead(name, suffix, other string) string {
	if stem, ok := strings.CutSuffix(name, suffix); ok {
		return " (write " + stem + other + ")"
	}
	return ""
}

// second is the unit of ranges of durations.
const second = int64(time.Second)
