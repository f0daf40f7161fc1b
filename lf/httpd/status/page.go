package status

import (
	_ "embed"
	"fmt"
	"html/template"
	"strconv"
	"strings"
	"time"

	"github.com/valyala/fasthttp"

	"lflab/lf/serve"
)

//go:embed page.html
var statusText string

var statusPage = template.Must(template.New("status").Funcs(template.FuncMap{
	"span": inWords, "count": count, "bytes": byteSize, "number": grouped, "cpu": func(d time.Duration) string { return fmt.Sprintf("%.2f s", d.Seconds()) },
	"clock": func(t time.Time) string { return t.Format("2 Jan 2006 15:04:05 MST") },
	"round": func(f float64) string { return strconv.FormatFloat(f, 'f', roundTo(f), 64) },
}).Parse(statusText))

// rowsMost is the largest number of rows that the page lists.
const rowsMost = 2000

// pageView is a View prepared for the page.
type pageView struct {
	*View
	Refresh int // in seconds; 0 for no refresh
	Tables  []pageProcess
	Left    int // rows that are not listed
	Empty   int // slots without a process
}

// pageProcess is a process and its rows.
type pageProcess struct {
	serve.Process
	Name  string
	Cells []pageCell
}

// pageCell is one row.
type pageCell struct {
	serve.RowStatus
	Number int
	Class  string // CSS class of the state
	Role   string // leader, follower, or empty
	Mark   string // sign of the role; the two differ in shape
	Doing  string // the state in words
	Ago    string // time since the last request began
	Listed bool
}

// Refresh returns the page's refresh interval in seconds from the query. It is
// 10 if the value is not a number.
func Refresh(args *fasthttp.Args) int {
	if !args.Has("refresh") {
		return 0
	}
	if n, err := args.GetUint("refresh"); err == nil && n > 0 {
		return min(n, 3600)
	}
	return 10
}

func (v *View) Page(refresh int) []byte {
	p := pageView{View: v, Refresh: refresh}
	if v.Board != nil {
		p.Empty = v.Board.ServerLimit - len(v.Live)
	}
	listed := 0
	now := v.Started + int64(v.Uptime)
	for _, process := range v.Live {
		t := pageProcess{Process: process, Name: fmt.Sprintf("%d-%d", process.Slot, process.Generation)}
		for i, r := range process.Rows {
			c := newCell(i, r)
			if r.Since > 0 {
				c.Ago = ago(time.Duration(now - r.Since))
			}
			if c.Listed = r.State != serve.Dead || r.Requests > 0; c.Listed {
				if listed++; listed > rowsMost {
					c.Listed = false
					p.Left++
				}
			}
			t.Cells = append(t.Cells, c)
		}
		p.Tables = append(p.Tables, t)
	}
	var page strings.Builder
	if err := statusPage.Execute(&page, p); err != nil {
		panic(fmt.Sprintf("render the status page: %v", err))
	}
	return []byte(page.String())
}

// doings gives each letter's CSS class and meaning.
var doings = map[byte][2]string{
	'.': {"dead", "no thread"},
	'S': {"starting", "starts"},
	'_': {"waiting", "waits for a connection"},
	'R': {"reading", "reads a request"},
	'W': {"writing", "handles a request and sends the response"},
	'K': {"keepalive", "waits for the next request"},
	'C': {"closing", "closes a connection"},
	'G': {"graceful", "finishes"},
}

func newCell(number int, r serve.RowStatus) pageCell {
	c := pageCell{RowStatus: r, Number: number, Class: doings[r.Letter][0], Doing: doings[r.Letter][1]}
	switch r.Mark() {
	case 'L':
		c.Role, c.Mark = "leader", "▲"
	case 'F':
		c.Role, c.Mark = "follower", "△"
	}
	return c
}

// Key lists the letters' meanings in the scoreboard's order.
func (pageView) Key() (key []pageCell) {
	for _, l := range []byte("_SRWKCG.") {
		key = append(key, pageCell{RowStatus: serve.RowStatus{Letter: l}, Class: doings[l][0], Doing: doings[l][1]})
	}
	return key
}

// Sign returns the row's letter as text.
func (c pageCell) Sign() string { return string(c.Letter) }

// Millis returns the average time of the row's requests in ms, or a dash if it
// was not recorded.
func (c pageCell) Millis() string {
	if c.Spent == 0 || c.Requests == 0 {
		return "–"
	}
	ms := c.Spent.Seconds() * 1000 / float64(c.Requests)
	return strconv.FormatFloat(ms, 'f', roundTo(ms), 64)
}

// Accepting says whether the process accepts connections: "yes" or "no".
func (p pageProcess) Accepting() string {
	if p.Stopping || p.NotAccepting {
		return "no"
	}
	return "yes"
}

// roundTo returns the number of decimals to show.
func roundTo(f float64) int {
	switch {
	case f >= 100 || f == 0:
		return 0
	case f >= 1:
		return 1
	}
	return 3
}

// grouped formats n with its digits in groups of three.
func grouped(n uint64) string {
	s := strconv.FormatUint(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "\u202f" + s[i:]
	}
	return s
}

// byteSize formats n bytes in a suitable unit.
func byteSize(n float64) string {
	unit := 0
	for ; n >= 1024 && unit < 4; unit++ {
		n /= 1024
	}
	name := []string{"B", "KiB", "MiB", "GiB", "TiB"}[unit]
	if unit == 0 {
		return fmt.Sprintf("%.0f %s", n, name)
	}
	return fmt.Sprintf("%.1f %s", n, name)
}

// ago formats a time in its largest unit.
func ago(d time.Duration) string {
	switch {
	case d < time.Second:
		return "now"
	case d < 2*time.Minute:
		return fmt.Sprintf("%d s", d/time.Second)
	case d < 2*time.Hour:
		return fmt.Sprintf("%d min", d/time.Minute)
	}
	return fmt.Sprintf("%d h", d/time.Hour)
}

// count formats a number and the noun that it counts, in the right number.
func count(n any, what string) string {
	if fmt.Sprint(n) != "1" {
		if what == "process" {
			what += "e"
		}
		what += "s"
	}
	return fmt.Sprintf("%v %s", n, what)
}

// SentBytes returns Bytes as a float, for the page.
func (v *View) SentBytes() float64 { return float64(v.Bytes) }

// CPU returns the CPU time of all processes since the start.
func (v *View) CPU() time.Duration { return v.User + v.System + v.GoneUser + v.GoneSystem }

// Up returns the time since the start in one unit.
func (v *View) Up() string { return ago(max(v.Uptime, time.Second)) }

// UsedCPU returns the CPU time of the process.
func (p pageProcess) UsedCPU() time.Duration { return p.User + p.System }

// SentBytes returns Bytes as a float, for the page.
func (c pageCell) SentBytes() float64 { return float64(c.Bytes) }
