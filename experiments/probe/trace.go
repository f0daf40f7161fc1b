package probe

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strconv"
	"strings"

	"lflab/experiments/probe/stage"
)

// The two groups of tracks in a trace.
const (
	threadTracks = 1 // a track for each thread: its waits and wake calls
	cpuTracks    = 2 // a track for each CPU: which thread it ran
)

// WriteTrace writes the records in the trace event format, which
// ui.perfetto.dev and chrome://tracing open. There is a track for each thread,
// with its waits, their stages and its wake calls; arrows from each wake call
// to the woken thread; requests and gaps; and a track for each CPU. names are
// thread names; a thread without one is shown by its ID.
//
// Times are in µs since the first stamp; otherData contains that stamp.
func WriteTrace(w io.Writer, r *Records, names map[uint32]string) error {
	t := &tracer{w: w, zero: r.begin(), names: names, tracks: map[int]map[uint32]bool{threadTracks: {}, cpuTracks: {}}, busy: map[uint32]uint64{}}
	t.printf("{\"displayTimeUnit\":\"ns\",\"otherData\":{\"zero_CLOCK_MONOTONIC_ns\":%q},\"traceEvents\":[", strconv.FormatUint(t.zero, 10))
	for _, one := range r.byTime() {
		switch one := one.(type) {
		case *Wait:
			t.wait(one)
		case *Wake:
			t.slice(threadTracks, one.TID, wakeName(one), one.Enter, one.Time, fmt.Sprintf(`"woken":%d`, one.Woken))
		case *Run:
			if one.From == 0 {
				continue
			}
			// If a switch was not announced by the kernel, the beginning is too
			// early. Then the slice begins at the end of the track's last
			// slice.
			from := max(one.From, t.busy[one.CPU])
			t.busy[one.CPU] = one.Time
			t.slice(cpuTracks, cpuTrack(one.CPU), t.name(one.TID), from, one.Time, fmt.Sprintf(`"tid":%d,"preempted":%t`, one.TID, one.State == 0))
		case *Handoff:
			if r.hasEnds(one) {
				t.handoff(one)
			}
		case *Request:
			t.span("request", "request", one.TID, fmt.Sprintf("%x/%d", one.Sock, one.From), one.From, one.Time,
				fmt.Sprintf(`"reader":%d,"acceptor":%d,"first":%t,"handed_over":%t`, one.TID, one.Acceptor, one.First == 1, one.Pass.Waking != 0))
		case *Gap:
			t.span("gap", "nobody waits", one.Giver, strconv.FormatUint(one.Began, 10), one.Began, one.Time, fmt.Sprintf(`"next":%d`, one.TID))
		}
	}
	t.nameTracks()
	t.printf("\n]}\n")
	return t.err
}

// ThreadNames returns the names of those threads in the records that still
// exist.
func (r *Records) ThreadNames() map[uint32]string {
	names := map[uint32]string{}
	note := func(tid uint32) {
		if _, seen := names[tid]; !seen {
			comm, _ := os.ReadFile(filepath.Join("/proc", strconv.FormatUint(uint64(tid), 10), "comm"))
			names[tid] = printable(strings.TrimSuffix(string(comm), "\n"))
		}
	}
	for i := range r.Waits {
		note(r.Waits[i].TID)
	}
	for i := range r.Wakes {
		note(r.Wakes[i].TID)
	}
	for i := range r.Runs {
		note(r.Runs[i].TID)
	}
	return names
}

// begin returns the earliest stamp that a trace shows.
func (r *Records) begin() uint64 {
	first := ^uint64(0)
	note := func(stamp uint64) {
		if stamp != 0 {
			first = min(first, stamp)
		}
	}
	for i := range r.Requests {
		note(r.Requests[i].From)
	}
	for i := range r.Gaps {
		note(r.Gaps[i].Began)
	}
	for i := range r.Handoffs {
		note(r.Handoffs[i].Sleep.Call)
	}
	for i := range r.Waits {
		note(r.Waits[i].Enter)
	}
	for i := range r.Wakes {
		note(r.Wakes[i].Enter)
	}
	for i := range r.Runs {
		note(r.Runs[i].From)
	}
	if first == ^uint64(0) {
		return 0
	}
	return first
}

// wakeName returns the name of a wake call.
func wakeName(w *Wake) string {
	name := nameOf(uint16(w.Number))
	if name == "futex" {
		return "futex wake" // the same call also waits
	}
	return name
}

// hasEnds reports whether the records contain both the wake call and the wait
// that it ended, so that an arrow can connect them. A thread that was woken
// before the first record may make use of it later.
func (r *Records) hasEnds(h *Handoff) bool {
	i := sort.Search(len(r.Wakes), func(i int) bool { return r.Wakes[i].Time >= h.Sleep.Call })
	for i < len(r.Wakes) && r.Wakes[i].TID != h.Sleep.Waker {
		i++
	}
	if i == len(r.Wakes) || r.Wakes[i].Enter != h.Sleep.Call {
		return false
	}
	i = sort.Search(len(r.Waits), func(i int) bool { return r.Waits[i].Time >= h.Time })
	for i < len(r.Waits) && r.Waits[i].Time == h.Time && r.Waits[i].TID != h.TID {
		i++
	}
	return i < len(r.Waits) && r.Waits[i].Time == h.Time && r.Waits[i].Sleep == h.Sleep
}

type tracer struct {
	w      io.Writer
	zero   uint64
	names  map[uint32]string
	tracks map[int]map[uint32]bool // tracks that have a slice, by group
	busy   map[uint32]uint64       // the end of the last slice of a CPU's track
	comma  bool
	err    error
}

func (t *tracer) printf(format string, args ...any) {
	if t.err == nil {
		_, t.err = fmt.Fprintf(t.w, format, args...)
	}
}

// event writes one event. args is the inside of a JSON object.
func (t *tracer) event(phase string, group int, track uint32, name string, at uint64, more, args string) {
	sep := "\n"
	if t.comma {
		sep = ",\n"
	}
	t.comma = true
	t.printf(`%s{"ph":%q,"pid":%d,"tid":%d,"name":%s,"ts":%s%s,"args":{%s}}`, sep, phase, group, track, quote(name), t.micros(at-t.zero), more, args)
}

// micros formats nanoseconds as microseconds, exactly.
func (t *tracer) micros(ns uint64) string { return fmt.Sprintf("%d.%03d", ns/1000, ns%1000) }

func (t *tracer) slice(group int, track uint32, name string, from, to uint64, args string) {
	if to >= from {
		t.tracks[group][track] = true
		t.event("X", group, track, name, from, `,"dur":`+t.micros(to-from), args)
	}
}

// span writes a slice outside the threads' tracks, because it may begin in one
// thread and end in another.
func (t *tracer) span(category, name string, track uint32, id string, from, to uint64, args string) {
	more := fmt.Sprintf(`,"cat":%q,"id":%q`, category, id)
	t.event("b", threadTracks, track, name, from, more, args)
	t.event("e", threadTracks, track, name, to, more, "")
}

// wait writes a wait and, within it, the stages of the sleep that ended it.
func (t *tracer) wait(one *Wait) {
	t.slice(threadTracks, one.TID, one.Call.String(), one.Enter, one.Time, fmt.Sprintf(`"result":%d`, one.Result))
	s := &one.Sleep
	if s.Waking == 0 || s.Off < one.Enter || s.Waking < s.Off || s.Wakeup < s.Waking || s.Run < s.Wakeup || one.Time < s.Run {
		return
	}
	t.slice(threadTracks, one.TID, "asleep", s.Off, s.Waking, "")
	t.slice(threadTracks, one.TID, "waking-wakeup", s.Waking, s.Wakeup, fmt.Sprintf(`"placement":%q`, s.Placement()))
	t.slice(threadTracks, one.TID, "wakeup-switch", s.Wakeup, s.Run, fmt.Sprintf(`"cpu":%d`, s.CPU))
	t.slice(threadTracks, one.TID, "switch-return", s.Run, one.Time, "")
}

// handoff writes an arrow from the wake call to the wait that it ended: from
// when the sleeper was chosen until it ran. Viewers bind an arrow's end to the
// slice that began last before it, in order of time and then of the file. So
// the end must not coincide with the beginning of the wake call, and must come
// after the wait in the file.
func (t *tracer) handoff(one *Handoff) {
	what := map[stage.Group]string{stage.Item: "connection", stage.Lead: "leadership", stage.Bare: "wake-up"}[one.Group.Group()]
	more := fmt.Sprintf(`,"cat":"handoff","id":"%d/%d"`, one.TID, one.Time)
	t.event("s", threadTracks, one.Sleep.Waker, what, one.Sleep.Waking, more, "")
	t.event("f", threadTracks, one.TID, what, one.Sleep.Run, more+`,"bp":"e"`, "")
}

// cpuTrack returns the number of a CPU's track. Number 0 is not used, because
// viewers take it for the idle thread.
func cpuTrack(cpu uint32) uint32 { return cpu + 1 }

func (t *tracer) nameTracks() {
	name := func(group int, track uint32, kind, name string) {
		t.event("M", group, track, kind, t.zero, "", `"name":`+quote(name))
	}
	name(threadTracks, 0, "process_name", "threads")
	name(cpuTracks, 0, "process_name", "CPUs")
	for _, tid := range slices.Sorted(maps.Keys(t.tracks[threadTracks])) {
		name(threadTracks, tid, "thread_name", t.name(tid))
	}
	for _, cpu := range slices.Sorted(maps.Keys(t.tracks[cpuTracks])) {
		name(cpuTracks, cpu, "thread_name", fmt.Sprintf("CPU %d", cpu-cpuTrack(0)))
	}
}

func (t *tracer) name(tid uint32) string {
	if name := t.names[tid]; name != "" {
		return fmt.Sprintf("%s %d", name, tid)
	}
	return fmt.Sprintf("thread %d", tid)
}

func quote(s string) string {
	text, _ := json.Marshal(s) // cannot fail for a string
	return string(text)
}
