// Package terminal lays text out in columns of equal width, as a terminal does.
// It writes nothing itself and knows neither runs nor metrics.
//
// Widths are counted in columns of the terminal: a wide rune takes two, a
// combining one and a colour code none.
package terminal

import (
	"regexp"
	"strings"

	"github.com/mattn/go-runewidth"
)

// escape matches the control sequences that take no room, such as colours.
var escape = regexp.MustCompile("\x1b\\[[0-9;?]*[A-Za-z]")

// columns counts ambiguous runes, such as ✔ and …, as one column, whatever the
// locale is.
var columns = &runewidth.Condition{StrictEmojiNeutral: true}

// Width returns the number of columns that s takes.
func Width(s string) int {
	if strings.Contains(s, "\x1b") {
		s = escape.ReplaceAllString(s, "")
	}
	return columns.StringWidth(s)
}

// Cut returns s if it fits into width columns, and otherwise its beginning and
// an ellipsis. s must have no control sequences.
func Cut(s string, width int) string {
	if Width(s) <= width {
		return s
	}
	return strings.TrimRight(columns.Truncate(s, max(width-1, 0), ""), " ") + "…"
}

// Left pads s with spaces on its right to width columns.
func Left(s string, width int) string { return s + strings.Repeat(" ", max(0, width-Width(s))) }

// Right pads s with spaces on its left to width columns.
func Right(s string, width int) string { return strings.Repeat(" ", max(0, width-Width(s))) + s }

// Wrap breaks a line at single spaces into lines of at most width columns. The
// second and all later lines begin with indent spaces. A word that is longer
// than a line keeps a line of its own. With width 0 or less it breaks nothing.
func Wrap(line string, width, indent int) []string {
	if width <= 0 || Width(line) <= width {
		return []string{line}
	}
	lead := line[:len(line)-len(strings.TrimLeft(line, " "))]
	var lines []string
	now, fresh := lead, true
	for _, word := range strings.SplitAfter(line[len(lead):], " ") {
		if !fresh && Width(now)+Width(strings.TrimRight(word, " ")) > width {
			lines = append(lines, strings.TrimRight(now, " "))
			now, fresh = strings.Repeat(" ", indent), true
		}
		if fresh && strings.TrimSpace(word) == "" && len(lines) > 0 {
			continue // a line does not begin with the space that it was broken at
		}
		now, fresh = now+word, false
	}
	return append(lines, strings.TrimRight(now, " "))
}
