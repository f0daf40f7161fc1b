package status

import (
	"fmt"
	"strings"
	"time"

	"lflab/lf/flight"
	"lflab/lf/serve"
)

// autoTime is mod_status's format of a time.
const autoTime = "Monday, 02-Jan-2006 15:04:05 MST"

// Lines returns the status as lines "Name: value", in mod_status's names and
// order for ?auto, followed by lines that mod_status does not have. Names that
// begin with a small letter are counters of the architecture. Lines that do not
// apply are left out, as mod_status does: connections without a thread where
// there are none, and quotients by 0.
func (v *View) Lines() []byte {
	var b []byte
	line := func(name string, value any) { b = fmt.Appendf(b, "%s: %v\n", name, value) }
	decimal := func(name string, value float64, digits int) { b = fmt.Appendf(b, "%s: %.*f\n", name, digits, value) }
	seconds := func(name string, d time.Duration) { decimal(name, d.Seconds(), 2) }

	line("ServerVersion", v.Version)
	line("ServerMPM", v.MPM)
	line("Server Built", v.Built)
	line("CurrentTime", v.Now.Format(autoTime))
	line("RestartTime", v.RestartedAt.Format(autoTime))
	line("ParentServerConfigGeneration", v.ConfigGeneration)
	line("ParentServerMPMGeneration", v.Generation)
	line("ServerUptimeSeconds", int64(v.Uptime.Seconds()))
	line("ServerUptime", inWords(v.Uptime))
	line("Load1", v.Load[0])
	line("Load5", v.Load[1])
	line("Load15", v.Load[2])
	line("Total Accesses", v.Requests)
	line("Total kBytes", v.Bytes/1024)
	line("Total Duration", v.Spent.Milliseconds())
	seconds("CPUUser", v.User)
	seconds("CPUSystem", v.System)
	seconds("CPUChildrenUser", v.GoneUser)
	seconds("CPUChildrenSystem", v.GoneSystem)
	decimal("CPULoad", v.CPULoad, 3)
	line("Uptime", int64(v.Uptime.Seconds()))
	decimal("ReqPerSec", v.ReqPerSec, 3)
	decimal("BytesPerSec", v.BytesPerSec, 3)
	if v.Requests > 0 {
		decimal("BytesPerReq", v.BytesPerReq, 3)
		decimal("DurationPerReq", v.MillisPerReq, 3)
	}
	line("BusyWorkers", v.Busy)
	line("GracefulWorkers", v.Graceful)
	line("IdleWorkers", v.Idle)
	line("Processes", len(v.Live))
	line("Stopping", v.Stopping)
	if v.Async {
		line("ConnsTotal", v.Open)
		line("ConnsAsyncWriting", v.AsyncWriting)
		line("ConnsAsyncKeepAlive", v.AsyncKeepAlive)
		line("ConnsAsyncClosing", v.AsyncClosing)
	}
	line("Scoreboard", v.Scoreboard)

	line("LeaderFollower", v.LeaderFollower)
	line("Primitive", v.Primitive)
	line("Threads", v.Threads)
	line("ThreadLimit", v.threadLimit())
	line("Slots", v.slots())
	line("Total Connections", v.Connections)
	line("Total Handoffs", v.Handoffs)
	line("Panics", v.Panics)
	line("Draining", v.Draining)
	for _, n := range v.Names {
		line(n, v.Counters[n])
	}
	return b
}

// threadLimit returns the number of scoreboard letters of each slot.
func (v *View) threadLimit() int {
	if v.Board != nil {
		return v.Board.ThreadLimit
	}
	return v.Threads
}

// slots returns a word for each running process:
// slot:PID:generation:connections:requests:hand-offs. The word ends with
// :stopping if the process finishes, or with :deaf if it accepts no
// connections.
func (v *View) slots() string {
	var words []string
	for _, p := range v.Live {
		var requests, handoffs uint64
		for _, r := range p.Rows {
			requests += r.Requests
			handoffs += r.Handoffs
		}
		word := fmt.Sprintf("%d:%d:%d:%d:%d:%d", p.Slot, p.PID, p.Generation, p.Open, requests, handoffs)
		switch {
		case p.Stopping:
			word += ":stopping"
		case p.NotAccepting:
			word += ":deaf"
		}
		words = append(words, word)
	}
	return strings.Join(words, " ")
}

// Lines returns the lines of /server-status?auto for st, for a program
// that reads a scoreboard itself. The lines Panics and Draining are always 0
// and false, because only the server knows these.
func Lines(st serve.Status) []byte {
	return NewView(st, time.Now(), flight.Now()).Lines()
}
