package directive

import (
	"fmt"
	"strings"
)

// Level is how much a Note matters.
type Level uint8

const (
	Info    Level = iota // worth knowing
	Warning              // not what was asked for
	Error                // the server cannot be run like that
)

func (l Level) String() string { return [...]string{"info", "warning", "error"}[l] }

// Note is something to be said of a value.
type Note struct {
	Level     Level
	Directive string // canonical name; empty where there is none
	Value     string // as it was given or, of a default, as it would be
	From      Origin
	Text      string // what is wrong, what is done about it, and what to do
}

// String is the note in one line: FILE:LINE: NAME VALUE: TEXT, or --flag VALUE: TEXT.
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

// Notes is an error of one note or more.
type Notes []Note

// mostErrors is how many errors are told at once: beyond that the file is no
// configuration.
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
