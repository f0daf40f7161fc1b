package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"lflab/experiments/terminal"
	"lflab/lf/httpd/status"

	"golang.org/x/sys/unix"
)

// statusView writes the status of a server. With begin, each look replaces the
// last one on a terminal. Elsewhere it follows below.
type statusView struct {
	w        io.Writer
	terminal *os.File // nil if w is no terminal that can rewrite lines
	colours  bool
	width    int  // 0 if unknown
	over     bool // each look replaces the last
	drawn    bool
	err      error // of the first failed write; nothing is written after it
}

func newStatusView(w io.Writer) *statusView {
	to := screenOf(w)
	v := &statusView{w: w, colours: to.colours, width: to.width}
	if to.terminal {
		v.terminal = w.(*os.File)
	}
	return v
}

// begin clears the terminal for looks that replace each other.
func (v *statusView) begin() {
	if v.over = v.terminal != nil; v.over {
		v.write("\x1b[?25l\x1b[H\x1b[2J") // hide the cursor, clear the screen
	}
}

// end shows the cursor again and leaves the last look on the screen.
func (v *statusView) end() {
	if v.over {
		v.write("\x1b[?25h")
	}
}

func (v *statusView) write(s string) {
	if v.err == nil {
		_, v.err = io.WriteString(v.w, s)
	}
}

// fail shows the error of a look.
func (v *statusView) fail(err error) {
	v.show(fmt.Sprintf("%s  %v\n", time.Now().Format("15:04:05"), err))
}

// show writes a block of lines. It cuts a block that is higher than the
// terminal if looks replace each other.
func (v *statusView) show(block string) {
	var fit strings.Builder
	_, _ = io.WriteString(terminal.Fold(&fit, v.width), block) // writing to memory does not fail
	block = fit.String()
	if !v.over {
		if v.drawn {
			block = "\n" + block
		}
		v.drawn = true
		v.write(block)
		return
	}
	lines := strings.Split(strings.TrimSuffix(block, "\n"), "\n")
	if size, err := unix.IoctlGetWinsize(int(v.terminal.Fd()), unix.TIOCGWINSZ); err == nil && size.Row > 1 && len(lines) > int(size.Row)-1 {
		lines = append(lines[:size.Row-2], fmt.Sprintf("… %d more lines", len(lines)-int(size.Row)+2))
	}
	v.write("\x1b[H" + strings.Join(lines, "\x1b[K\n") + "\x1b[K\n\x1b[J")
}

// draw shows the reading r. Rates cover the time since the reading before, or
// since the server's start if before is nil or its counters are higher.
func (v *statusView) draw(r, before *status.Reading, between time.Duration) {
	var b bytes.Buffer
	since, mean := status.Reading{}, " on average"
	if before != nil && before.Requests <= r.Requests && before.Handoffs <= r.Handoffs {
		since, mean = *before, ""
	} else {
		between = time.Duration(r.Uptime) * time.Second
	}
	rate := func(now, then uint64) string {
		if between <= 0 || now < then {
			return "–"
		}
		return perSecond(float64(now-then) / between.Seconds())
	}

	on := ""
	if r.Primitive != "" {
		on = " on " + r.Primitive
	}
	fmt.Fprintf(&b, "%s%s · %s · up %v · generation %d\n", v.bold(r.MPM), on, r.Version, time.Duration(r.Uptime)*time.Second, r.Generation)
	fmt.Fprintf(&b, "threads      %d busy, %d idle", r.Busy, r.Idle)
	if r.Graceful > 0 {
		fmt.Fprintf(&b, ", %d finish", r.Graceful)
	}
	if w := r.Waiting; w != nil {
		fmt.Fprintf(&b, "; connections %d open, without a thread: %d keep-alive, %d writing, %d closing", w.Open, w.KeepAlive, w.Writing, w.Closing)
	}
	fmt.Fprintf(&b, "\nrequests     %d, %s/s%s\n", r.Requests, rate(r.Requests, since.Requests), mean)
	if r.LeaderFollower != "" {
		fmt.Fprintf(&b, "connections  %d, %s/s%s\n", r.Connections, rate(r.Connections, since.Connections), mean)
		fmt.Fprintf(&b, "hand-offs    %d, %s/s%s\n", r.Handoffs, rate(r.Handoffs, since.Handoffs), mean)
	}
	b.WriteByte('\n')
	if len(r.Slots) == 0 {
		v.letters(&b, strings.TrimRight(r.Scoreboard, "."), r.LeaderFollower)
		v.show(b.String())
		return
	}
	v.table(&b, r, since, rate)
	b.WriteByte('\n')
	for _, s := range r.Slots {
		letters, marks := r.Of(s.Slot)
		if len(r.Slots) > 1 {
			fmt.Fprintf(&b, "%s\n", v.dim(fmt.Sprintf("%d-%d", s.Slot, s.Generation)))
		}
		v.letters(&b, letters, marks)
	}
	v.show(b.String())
}

// table writes a line for each process.
func (v *statusView) table(w io.Writer, r *status.Reading, since status.Reading, rate func(now, then uint64) string) {
	then := map[int]status.ReadSlot{}
	for _, s := range since.Slots {
		then[s.PID] = s
	}
	var lines bytes.Buffer
	t := tabwriter.NewWriter(&lines, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(t, "slot\tPID\tbusy\tidle\topen\trequests/s\thand-offs/s\t\n")
	for _, s := range r.Slots {
		letters, _ := r.Of(s.Slot)
		idle := strings.Count(letters, "_") + strings.Count(letters, "S")
		busy := len(letters) - idle - strings.Count(letters, ".")
		fmt.Fprintf(t, "%d-%d\t%d\t%d\t%d\t%d\t%s\t%s\t  %s\n", s.Slot, s.Generation, s.PID, busy, idle, s.Open,
			rate(s.Requests, then[s.PID].Requests), rate(s.Handoffs, then[s.PID].Handoffs), s.State)
	}
	_ = t.Flush() // writing to memory does not fail
	for line := range strings.Lines(lines.String()) {
		fmt.Fprintln(w, strings.TrimRight(line, " \n"))
	}
}

// boardWidth is the largest number of letters in a line, as on Apache's page.
const boardWidth = 64

// letters writes a scoreboard with a line of marks below each line that has a
// leader.
func (v *statusView) letters(w io.Writer, letters, marks string) {
	for len(letters) > 0 {
		n := min(boardWidth, len(letters))
		if v.width > 0 {
			n = min(n, v.width)
		}
		line, signs := letters[:n], ""
		if len(marks) >= n {
			signs, marks = marks[:n], marks[n:]
		}
		letters = letters[n:]
		var out, below strings.Builder
		for i := range line {
			leads := signs != "" && signs[i] == 'L'
			out.WriteString(v.letter(line[i], leads))
			if leads {
				below.WriteByte('^')
			} else {
				below.WriteByte(' ')
			}
		}
		fmt.Fprintln(w, out.String())
		if strings.Contains(signs, "L") {
			fmt.Fprintln(w, v.bold(strings.TrimRight(below.String(), " ")))
		}
	}
}

// letterColours holds the terminal colour code of each letter.
var letterColours = map[byte]string{
	'.': "90", '_': "37", 'S': "35", 'R': "36", 'W': "33;1", 'K': "32", 'C': "34", 'G': "31",
}

func (v *statusView) letter(l byte, leads bool) string {
	if !v.colours {
		return string(l)
	}
	code := letterColours[l]
	if leads {
		code += ";1;7"
	}
	return "\x1b[" + code + "m" + string(l) + "\x1b[0m"
}

func (v *statusView) bold(s string) string { return v.styled("1", s) }
func (v *statusView) dim(s string) string  { return v.styled("2", s) }

func (v *statusView) styled(code, s string) string {
	if !v.colours || s == "" {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

// perSecond formats a rate: with two decimals if it is below 10, else none.
func perSecond(f float64) string {
	if f >= 10 || f == 0 {
		return fmt.Sprintf("%.0f", f)
	}
	return fmt.Sprintf("%.2f", f)
}
