package main

import (
	"io"
	"os"
	"strconv"

	"golang.org/x/sys/unix"

	"lflab/experiments/terminal"
)

// screen is what a command writes to: a terminal, or a file or pipe.
type screen struct {
	io.Writer
	terminal bool // it can rewrite a line
	colours  bool
	width    int // columns; 0 if unknown, as of a file
}

// narrowest is the least width that text is laid out for. A narrower terminal
// breaks lines itself.
const narrowest = 40

// screenOf describes w. The environment decides over the terminal: COLUMNS sets
// the width, of a file too, NO_COLOR and TERM=dumb switch colours off, and
// TERM=dumb also the rewriting of lines.
func screenOf(w io.Writer) screen {
	s := screen{Writer: w}
	if file, ok := w.(*os.File); ok {
		if _, err := unix.IoctlGetTermios(int(file.Fd()), unix.TCGETS); err == nil {
			s.terminal = os.Getenv("TERM") != "dumb"
			s.colours = s.terminal && os.Getenv("NO_COLOR") == ""
			s.width = 80
			if size, err := unix.IoctlGetWinsize(int(file.Fd()), unix.TIOCGWINSZ); err == nil && size.Col > 0 {
				s.width = int(size.Col)
			}
		}
	}
	if n, err := strconv.Atoi(os.Getenv("COLUMNS")); err == nil && n > 0 {
		s.width = n
	}
	if s.width > 0 {
		s.width = max(s.width, narrowest)
	}
	return s
}

// or returns the width, or another one if it is unknown.
func (s screen) or(width int) int {
	if s.width == 0 {
		return width
	}
	return s.width
}

// styled returns a text in a terminal's style, if there are colours.
func (s screen) styled(code, text string) string {
	if !s.colours || text == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

func (s screen) bold(text string) string { return s.styled("1", text) }

// fitted returns a writer to w that breaks lines where the screen ends. It
// breaks nothing if the width is unknown: a file or a pipe has each entry in a
// line.
func fitted(w io.Writer) io.Writer { return terminal.Fold(w, screenOf(w).width) }
