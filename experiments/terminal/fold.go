package terminal

import (
	"bytes"
	"io"
	"regexp"
	"strings"
)

// folder folds lines. See Fold.
type folder struct {
	w     io.Writer
	width int
	rest  []byte // of a line that has no end yet
}

// Fold returns a writer that breaks each line longer than width columns and
// writes it to w. What follows a break stands below the line's last column: the
// text after the last two spaces in a row, if at least a third of the width is
// left there, otherwise two columns further in than the line. A line is written
// when it ends; a last line without an end is not written. With width 0 or less
// Fold returns w.
func Fold(w io.Writer, width int) io.Writer {
	if width <= 0 {
		return w
	}
	return &folder{w: w, width: width}
}

func (f *folder) Write(p []byte) (int, error) {
	f.rest = append(f.rest, p...)
	end := bytes.LastIndexByte(f.rest, '\n')
	if end < 0 {
		return len(p), nil
	}
	var out strings.Builder
	for line := range strings.Lines(string(f.rest[:end+1])) {
		line = strings.TrimSuffix(line, "\n")
		for _, part := range Wrap(line, f.width, hang(line, f.width)) {
			out.WriteString(part + "\n")
		}
	}
	f.rest = append(f.rest[:0], f.rest[end+1:]...)
	if _, err := io.WriteString(f.w, out.String()); err != nil {
		return 0, err
	}
	return len(p), nil
}

// gap matches what separates two columns.
var gap = regexp.MustCompile(`\S(  +)\S`)

// hang returns the indent of the lines that follow the first one.
func hang(line string, width int) int {
	lead := len(line) - len(strings.TrimLeft(line, " "))
	at := lead + 2
	for rest, begin := line, 0; ; {
		m := gap.FindStringSubmatchIndex(rest)
		if m == nil {
			return at
		}
		begin += m[3]
		if column := Width(line[:begin]); width-column >= width/3 {
			at = column
		}
		rest = line[begin:]
	}
}
