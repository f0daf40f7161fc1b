package status

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode"
)

// Reading holds the values of a status page, ours or Apache's. Values that the
// page lacks are 0 or empty.
type Reading struct {
	Version   string  `json:"server_version"`
	MPM       string  `json:"mpm"`
	Primitive string  `json:"primitive,omitempty"`
	Uptime    int64   `json:"uptime_s"`
	CPU       float64 `json:"cpu_s"` // of all processes, including those that have ended

	Generation  int    `json:"generation"`
	Requests    uint64 `json:"requests"`
	Connections uint64 `json:"connections"`
	Handoffs    uint64 `json:"handoffs"`
	KBytes      uint64 `json:"sent_kib"`

	Busy     int `json:"busy"`
	Graceful int `json:"graceful"`
	Idle     int `json:"idle"`

	// Waiting counts the connections that have no thread. It is nil if each has
	// one.
	Waiting *Waiting `json:"waiting,omitempty"`

	Scoreboard     string            `json:"scoreboard"`
	LeaderFollower string            `json:"leader_follower,omitempty"` // as long as Scoreboard, or empty
	ThreadLimit    int               `json:"thread_limit,omitempty"`    // number of letters of each slot
	Slots          []ReadSlot        `json:"slots,omitempty"`
	Counters       map[string]uint64 `json:"counters,omitempty"`
}

// Waiting counts all open connections, and those without a thread by what they
// wait for.
type Waiting struct {
	Open      int `json:"open"`
	Writing   int `json:"writing"`
	KeepAlive int `json:"keep_alive"`
	Closing   int `json:"closing"`
}

// ReadSlot describes a process.
type ReadSlot struct {
	Slot       int    `json:"slot"`
	PID        int    `json:"pid"`
	Generation int    `json:"generation"`
	Open       int    `json:"open"`
	Requests   uint64 `json:"requests"`
	Handoffs   uint64 `json:"handoffs"`
	State      string `json:"state,omitempty"` // stopping or deaf
}

// ErrNoStatus is returned by Read for text that is not a status.
var ErrNoStatus = errors.New("not a status page for programs (want the lines of /server-status?auto)")

// Read reads the lines of /server-status?auto. It ignores lines that it
// does not know.
func Read(text string) (*Reading, error) {
	r := &Reading{Counters: map[string]uint64{}}
	whole := map[string]*uint64{"Total Accesses": &r.Requests, "Total Connections": &r.Connections, "Total Handoffs": &r.Handoffs, "Total kBytes": &r.KBytes}
	small := map[string]*int{"BusyWorkers": &r.Busy, "GracefulWorkers": &r.Graceful, "IdleWorkers": &r.Idle,
		"ThreadLimit": &r.ThreadLimit, "ParentServerMPMGeneration": &r.Generation}
	words := map[string]*string{"ServerVersion": &r.Version, "ServerMPM": &r.MPM, "Primitive": &r.Primitive,
		"Scoreboard": &r.Scoreboard, "LeaderFollower": &r.LeaderFollower}
	var w Waiting
	waiting := map[string]*int{"ConnsTotal": &w.Open, "ConnsAsyncWriting": &w.Writing, "ConnsAsyncKeepAlive": &w.KeepAlive, "ConnsAsyncClosing": &w.Closing}
	known := false
	for line := range strings.Lines(text) {
		name, value, ok := strings.Cut(strings.TrimRight(line, "\r\n"), ":")
		if !ok {
			continue
		}
		value = strings.TrimSpace(value)
		var err error
		switch {
		case words[name] != nil:
			*words[name] = strings.Map(printable, value)
			known = known || name == "Scoreboard"
		case whole[name] != nil:
			*whole[name], err = strconv.ParseUint(value, 10, 64)
		case small[name] != nil:
			*small[name], err = strconv.Atoi(value)
		case waiting[name] != nil:
			*waiting[name], err = strconv.Atoi(value)
			r.Waiting = &w
		case name == "Uptime":
			r.Uptime, err = strconv.ParseInt(value, 10, 64)
		case name == "CPUUser", name == "CPUSystem", name == "CPUChildrenUser", name == "CPUChildrenSystem":
			var s float64
			s, err = strconv.ParseFloat(value, 64)
			r.CPU += s
		case name == "Slots":
			r.Slots, err = readSlots(value)
		case name != "" && name == strings.ToLower(name):
			if n, err := strconv.ParseUint(value, 10, 64); err == nil {
				r.Counters[name] = n
			}
		}
		if err != nil {
			return nil, fmt.Errorf("read the status line %q: %w", name, err)
		}
	}
	if !known {
		return nil, ErrNoStatus
	}
	if len(r.LeaderFollower) != len(r.Scoreboard) {
		r.LeaderFollower = ""
	}
	return r, nil
}

func readSlots(value string) (all []ReadSlot, err error) {
	for _, word := range strings.Fields(value) {
		f := strings.Split(word, ":")
		if len(f) < 6 {
			return nil, fmt.Errorf("%q has %d parts (want 6 or 7)", word, len(f))
		}
		var n [6]uint64
		for i := range n {
			if n[i], err = strconv.ParseUint(f[i], 10, 63); err != nil {
				return nil, err
			}
		}
		s := ReadSlot{Slot: int(n[0]), PID: int(n[1]), Generation: int(n[2]), Open: int(n[3]), Requests: n[4], Handoffs: n[5]}
		if len(f) > 6 {
			s.State = f[6]
		}
		all = append(all, s)
	}
	return all, nil
}

// Of returns the letters and marks of a slot, or "" if the reading does not
// separate slots.
func (r *Reading) Of(slot int) (letters, marks string) {
	if r.ThreadLimit <= 0 || slot < 0 || slot >= len(r.Scoreboard)/r.ThreadLimit {
		return "", ""
	}
	from, to := slot*r.ThreadLimit, (slot+1)*r.ThreadLimit
	if r.LeaderFollower != "" {
		marks = r.LeaderFollower[from:to]
	}
	return r.Scoreboard[from:to], marks
}

// printable drops control characters, which a terminal might obey, because the
// server may be hostile.
func printable(r rune) rune {
	if unicode.IsPrint(r) {
		return r
	}
	return -1
}
