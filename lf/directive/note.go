package directive

import (
	"fmt"
	"strings"
)

// Level is the severity of a Note.
type Level uint8

const (
	Info    Level = iota // worth knowing
	Warning              // differs from what was asked for
	Error                // the server cannot run with it
)

func (l Level) String() string { return [...]string{"info", "warning", "error"}[l] }

// Note is a remark about a value.
type Note struct {
	Level     Level
	Directive string // canonical name; may be empty
	Value     string // as given, or the default's
	From      Origin
	Text      string // what is wrong, what is done about it, and what the user should do
}

// String returns the note on one line: FILE:LINE: NAME VALUE: TEXT, or --flag
// VALUE: TEXT.
func (n Note) String() string {
	var b strings.Builder
	switch {
	case n.From.Flag != "":
		b.WriteString("--" + n.From.Flag)
	case n.From.File != "":
		fmt.Fprintf(&b, "%s: %s", n.From, n.Directive)
	default:
		b.WriteString(n.Directive)
	}
	if n.Value != "" {
		b.WriteString(" " + n.Value)
	}
	return strings.TrimPrefix(strings.TrimSuffix(b.String(), ": ")+": "+n.Text, ": ")
}

// Notes is an error of one or more notes.
type Notes []Note

// mostErrors is the number of errors that are shown. With more, the file is
// probably not a configuration.
const mostErrors = 20

func (n Notes) Error() string {
	var lines []string
	for i, note := range n {
		if i == mostErrors {
			lines = append(lines, fmt.Sprintf("and %d more", len(n)-i))
			break
		}
		lines = append(lines, note.String())
	}
	return strings.Join(lines, "\n")
}
