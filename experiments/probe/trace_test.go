package probe

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"lflab/experiments/probe/bpf"
)

// traceFile is a trace as its viewers read it.
type traceFile struct {
	DisplayTimeUnit string            `json:"displayTimeUnit"`
	OtherData       map[string]string `json:"otherData"`
	TraceEvents     []traceEvent      `json:"traceEvents"`
}

type traceEvent struct {
	Phase    string         `json:"ph"`
	PID      *int           `json:"pid"`
	TID      *int           `json:"tid"`
	Name     string         `json:"name"`
	TS       json.Number    `json:"ts"`
	Dur      json.Number    `json:"dur"`
	Category string         `json:"cat"`
	ID       string         `json:"id"`
	Bind     string         `json:"bp"`
	Args     map[string]any `json:"args"`
	from, to int64          // ns
	on       *traceEvent    // the slice that an arrow's end binds to
}

type traceTrack struct{ pid, tid int }

func (e *traceEvent) track() traceTrack { return traceTrack{*e.PID, *e.TID} }

// nanoseconds converts µs with up to three decimals.
func nanoseconds(n json.Number) (int64, error) {
	whole, part, _ := strings.Cut(string(n), ".")
	if whole == "" || len(part) > 3 {
		return 0, fmt.Errorf("%q is not a time in microseconds, down to a nanosecond", n)
	}
	return json.Number(whole + part + strings.Repeat("0", 3-len(part))).Int64()
}

// readTrace reads a trace and checks the rules of the format that apply to the
// probe's traces:
//
//   - the file is one JSON object with an array of events
//   - every event has a phase, a process, a thread, a name, and a time >= 0
//   - X is a whole slice with a length >= 0; slices of one track do not overlap
//     or lie within each other
//   - b and e are the ends of an asynchronous slice: one pair for each category
//     and id, with one name and process, b not later than e
//   - s and f are the ends of an arrow: one pair for each category and id, with
//     one name, s not later than f; each lies on a slice of its track, and f
//     names that slice as its target (bp)
//   - M names tracks: every process with events has one process_name, every
//     track with slices one thread_name
func readTrace(t *testing.T, text []byte) (f traceFile, rules error) {
	t.Helper()
	if err := json.Unmarshal(text, &f); err != nil {
		return f, fmt.Errorf("a trace must be JSON: %w", err)
	}
	if f.TraceEvents == nil {
		return f, errors.New("traceEvents is missing")
	}
	if f.DisplayTimeUnit != "ns" && f.DisplayTimeUnit != "ms" {
		rules = errors.Join(rules, fmt.Errorf("displayTimeUnit is %q", f.DisplayTimeUnit))
	}
	broken := func(e *traceEvent, format string, args ...any) {
		rules = errors.Join(rules, fmt.Errorf("%s %q at %s: %s", e.Phase, e.Name, e.TS, fmt.Sprintf(format, args...)))
	}

	tracks := map[traceTrack][]*traceEvent{}
	pairs := map[string][]*traceEvent{}
	names := map[string]int{}
	for i := range f.TraceEvents {
		e := &f.TraceEvents[i]
		if e.PID == nil || e.TID == nil || e.Name == "" {
			broken(e, "process, thread or name is missing")
			continue
		}
		var err error
		if e.from, err = nanoseconds(e.TS); err != nil || e.from < 0 {
			broken(e, "bad time: %v", err)
		}
		switch e.Phase {
		case "X":
			length, err := nanoseconds(e.Dur)
			if err != nil || length < 0 {
				broken(e, "bad length %q: %v", e.Dur, err)
			}
			e.to = e.from + length
			tracks[e.track()] = nil
		case "b", "e":
			pairs["be "+e.Category+" "+e.ID] = append(pairs["be "+e.Category+" "+e.ID], e)
		case "s", "f":
			pairs["sf "+e.Category+" "+e.ID] = append(pairs["sf "+e.Category+" "+e.ID], e)
		case "M":
			key := fmt.Sprint(e.Name, e.track())
			if e.Name == "process_name" {
				key = fmt.Sprint(e.Name, *e.PID)
			}
			if names[key]++; names[key] > 1 {
				broken(e, "it is named twice")
			}
			if name, _ := e.Args["name"].(string); name == "" {
				broken(e, "it is named %v", e.Args["name"])
			}
		default:
			broken(e, "not a phase that is written here")
		}
	}
	for track := range tracks {
		if names[fmt.Sprint("thread_name", track)] == 0 || names[fmt.Sprint("process_name", track.pid)] == 0 {
			rules = errors.Join(rules, fmt.Errorf("track %v, or its process, has no name", track))
		}
	}
	// As in the viewers, in order of time and then of the file, each slice lies
	// in the last open slice of its track. The end of an arrow binds to the
	// last slice that has begun.
	inOrder := make([]*traceEvent, len(f.TraceEvents))
	for i := range inOrder {
		inOrder[i] = &f.TraceEvents[i]
	}
	slices.SortStableFunc(inOrder, func(a, b *traceEvent) int { return int(a.from - b.from) })
	for _, e := range inOrder {
		if e.PID == nil || e.TID == nil {
			continue
		}
		around := tracks[e.track()]
		switch e.Phase {
		case "X":
			for len(around) > 0 && around[len(around)-1].to <= e.from {
				around = around[:len(around)-1]
			}
			if len(around) > 0 && around[len(around)-1].to < e.to {
				broken(e, "it crosses the end of %q, which began at %s", around[len(around)-1].Name, around[len(around)-1].TS)
			}
			tracks[e.track()] = append(around, e)
		case "s", "f":
			if len(around) == 0 || around[len(around)-1].to < e.from {
				broken(e, "it lies on no slice")
			} else {
				e.on = around[len(around)-1]
			}
		}
	}
	for key, pair := range pairs {
		first := pair[0]
		if names[fmt.Sprint("process_name", *first.PID)] == 0 {
			broken(first, "its process has no name")
		}
		if first.ID == "" || first.Category == "" || len(pair) != 2 {
			broken(first, "%d ends of %q", len(pair), key)
			continue
		}
		last := pair[1]
		if first.Phase+last.Phase != key[:2] || first.Name != last.Name || *first.PID != *last.PID || last.from < first.from {
			broken(first, "it has for its end %s %q at %s", last.Phase, last.Name, last.TS)
		}
		if key[:2] == "sf" && last.Bind != "e" {
			broken(last, "it does not say that it binds to the slice around it: bp is %q", last.Bind)
		}
	}
	return f, rules
}

// traceOf writes a trace, which must obey the rules.
func traceOf(t *testing.T, r *Records, names map[uint32]string) traceFile {
	t.Helper()
	var text bytes.Buffer
	if err := WriteTrace(&text, r, names); err != nil {
		t.Fatal(err)
	}
	f, err := readTrace(t, text.Bytes())
	if err != nil {
		t.Fatalf("%v\nin\n%.4000s", err, text.String())
	}
	return f
}

// lines lists the events in short form, in the order of the file.
func (f *traceFile) lines() (all []string) {
	for _, e := range f.TraceEvents {
		switch e.Phase {
		case "X":
			all = append(all, fmt.Sprintf("%d/%d %d-%d %s", *e.PID, *e.TID, e.from, e.to, e.Name))
		case "M":
			all = append(all, fmt.Sprintf("%d/%d %s %v", *e.PID, *e.TID, e.Name, e.Args["name"]))
		default:
			all = append(all, fmt.Sprintf("%d/%d %d %s %s", *e.PID, *e.TID, e.from, e.Phase, e.Name))
		}
	}
	return all
}

// scripted returns made-up records. Thread 7 accepts a connection and wakes
// thread 8, which reads it. Thread 9 finds a lock free.
func scripted() *Records {
	const zero = 5_000_000_000
	slept := Sleep{Off: zero + 100, Waking: zero + 2_000, Wakeup: zero + 2_500, Run: zero + 3_000, CPU: 1}
	woken := Sleep{Off: zero + 50, Waking: zero + 4_300, Wakeup: zero + 4_400, Run: zero + 4_500, Call: zero + 4_000, Waker: 7, WakerCPU: 1}
	return &Records{
		Waits: []Wait{
			{TID: 9, Time: zero + 1_800, Enter: zero + 1_500, Result: -11, Call: Call(bpf.ProbeCallCALL_FUTEX_WAIT)},
			{TID: 7, Time: zero + 3_200, Enter: zero, Sleep: slept, Result: 5, Call: Call(bpf.ProbeCallCALL_ACCEPT)},
			{TID: 8, Time: zero + 5_000, Enter: zero + 10, Sleep: woken, Call: Call(bpf.ProbeCallCALL_FUTEX_WAIT)},
		},
		Wakes: []Wake{{TID: 7, Time: zero + 4_900, Enter: zero + 4_000, Woken: 1, Number: unix.SYS_FUTEX}},
		Handoffs: []Handoff{
			{TID: 8, Time: zero + 5_000, Sleep: woken, Group: Total(bpf.ProbeStageITEM_TOTAL)},
			// The call that woke thread 9 is not in the records.
			{TID: 9, Time: zero + 6_000, Sleep: Sleep{Call: zero + 3_900, Run: zero + 5_900, Waker: 7}, Group: leads},
		},
		Gaps:     []Gap{{TID: 7, Time: zero + 5_500, Began: zero + 3_200, Giver: 7, How: Total(bpf.ProbeStageRETOOK_TOTAL)}},
		Requests: []Request{{TID: 8, Time: zero + 5_400, From: zero + 1_999, Sock: 0xffff888812345678, Acceptor: 7, First: 1, Pass: woken}},
		Runs: []Run{
			{TID: 7, Time: zero + 100, From: 0, CPU: 1, State: 1}, // on the CPU since before the probe
			{TID: 8, Time: zero + 50, From: zero + 20, CPU: 0, State: 1},
			{TID: 7, Time: zero + 6_000, From: zero + 3_000, CPU: 1, State: 1},
			{TID: 9, Time: zero + 6_100, From: zero + 5_900, CPU: 1}, // came onto the CPU before thread 7 left it
		},
	}
}

func TestTrace(t *testing.T) {
	r := scripted()
	r.sort()
	f := traceOf(t, r, map[uint32]string{7: `say "hi"`, 8: "worker"})
	want := []string{
		"2/1 20-50 worker 8",
		"1/9 1500-1800 futex",
		"1/7 0-3200 accept", "1/7 100-2000 asleep", "1/7 2000-2500 waking-wakeup", "1/7 2500-3000 wakeup-switch", "1/7 3000-3200 switch-return",
		"1/7 4000-4900 futex wake",
		"1/8 10-5000 futex", "1/8 50-4300 asleep", "1/8 4300-4400 waking-wakeup", "1/8 4400-4500 wakeup-switch", "1/8 4500-5000 switch-return",
		"1/7 4300 s connection", "1/8 4500 f connection",
		"1/8 1999 b request", "1/8 5400 e request",
		"1/7 3200 b nobody waits", "1/7 5500 e nobody waits",
		`2/2 3000-6000 say "hi" 7`,
		"2/2 6000-6100 thread 9",
		"1/0 process_name threads", "2/0 process_name CPUs",
		`1/7 thread_name say "hi" 7`, "1/8 thread_name worker 8", "1/9 thread_name thread 9",
		"2/1 thread_name CPU 0", "2/2 thread_name CPU 1",
	}
	if got := f.lines(); !slices.Equal(got, want) {
		t.Errorf("the trace is\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if got := f.OtherData["zero_CLOCK_MONOTONIC_ns"]; got != "5000000000" {
		t.Errorf("it begins at %q", got)
	}
}

func TestTraceOfNothing(t *testing.T) {
	f := traceOf(t, &Records{}, nil)
	if got := f.OtherData["zero_CLOCK_MONOTONIC_ns"]; got != "0" {
		t.Errorf("it begins at %q", got)
	}
}

// TestTraceRules checks that readTrace notices a broken rule.
func TestTraceRules(t *testing.T) {
	var text bytes.Buffer
	r := scripted()
	r.sort()
	if err := WriteTrace(&text, r, nil); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ rule, from, to string }{
		{"JSON", `]}`, `],}`},
		{"events", `"traceEvents"`, `"events"`},
		{"unit", `"displayTimeUnit":"ns"`, `"displayTimeUnit":"s"`},
		{"phase", `"ph":"X"`, `"ph":"B"`},
		{"process", `"pid":1,`, ``},
		{"name", `"name":"accept"`, `"name":""`},
		{"time", `"ts":1.500`, `"ts":-1.500`},
		{"finer than a nanosecond", `"ts":1.500`, `"ts":1.5001`},
		{"length", `"dur":0.300`, `"dur":-0.300`},
		{"no length", `,"dur":0.300`, ``},
		{"nesting", `"dur":3.200`, `"dur":2.200`},
		{"pair of asynchronous ends", `"ph":"e"`, `"ph":"b"`},
		{"backwards", `"ts":5.500`, `"ts":3.100`},
		{"one name of a pair", `"ph":"e","pid":1,"tid":8,"name":"request"`, `"ph":"e","pid":1,"tid":8,"name":"reply"`},
		{"arrow's end", `"ph":"f"`, `"ph":"s"`},
		{"arrow's end on a slice", `"ph":"f","pid":1,"tid":8`, `"ph":"f","pid":1,"tid":3`},
		{"arrow's beginning on a slice", `"ph":"s","pid":1,"tid":7`, `"ph":"s","pid":1,"tid":3`},
		{"binding", `"bp":"e"`, `"bp":"x"`},
		{"process's name", `"process_name"`, `"process_labels"`},
		{"track's name", `"thread_name"`, `"thread_sort_index"`},
		{"one name of a track", `"ts":0.000,"args":{"name":"thread 8"}`, `"ts":0.000,"args":{"name":""}`},
	} {
		bad := strings.Replace(text.String(), c.from, c.to, 1)
		if bad == text.String() {
			t.Fatalf("%s: there is no %s in\n%s", c.rule, c.from, bad)
		}
		if _, err := readTrace(t, []byte(bad)); err == nil {
			t.Errorf("%s: no error for %s instead of %s", c.rule, c.to, c.from)
		}
	}
}

// full is a writer that fails after room bytes, like a full disk.
type full struct{ room int }

func (f *full) Write(p []byte) (int, error) {
	if len(p) > f.room {
		return 0, unix.ENOSPC
	}
	f.room -= len(p)
	return len(p), nil
}

// TestTraceOnFullDisk checks that a write error is reported wherever the disk
// becomes full.
func TestTraceOnFullDisk(t *testing.T) {
	var text bytes.Buffer
	if err := WriteTrace(&text, scripted(), nil); err != nil {
		t.Fatal(err)
	}
	for room := range text.Len() {
		if err := WriteTrace(&full{room}, scripted(), nil); !errors.Is(err, unix.ENOSPC) {
			t.Fatalf("with room for %d of %d bytes: %v", room, text.Len(), err)
		}
	}
	if err := WriteTrace(&full{text.Len()}, scripted(), nil); err != nil {
		t.Fatal(err)
	}
}

// TestLiveTrace checks that the trace of real threads obeys the rules, that
// every hand-off is an arrow, and that nothing is left out.
func TestLiveTrace(t *testing.T) {
	requireCheck(t)
	for _, c := range []struct {
		kind     string
		stage    string // a stage that must occur
		exercise func(*liveTarget)
	}{
		{"pingpong", "H.bare total", func(l *liveTarget) { l.play(200) }},
		{"worker", "H.item total", func(l *liveTarget) { l.load(2, 20, 2) }},
		{"leader", "H.lead total", func(l *liveTarget) { l.load(4, 20, 2) }},
		{"event", "D.kept pass-switch-return", func(l *liveTarget) { l.load(4, 20, 2) }},
	} {
		t.Run(c.kind, func(t *testing.T) {
			target := startTarget(t, c.kind)
			r, _ := recordLive(t, target, func() { c.exercise(target) }, c.stage)
			f := traceOf(t, r, r.ThreadNames())
			phases, calls := map[string]int{}, map[string]int{}
			for _, e := range f.TraceEvents {
				phases[e.Phase]++
				calls[e.Name]++
			}
			if phases["s"] != len(r.Handoffs) {
				t.Errorf("%d arrows for %d hand-offs", phases["s"], len(r.Handoffs))
			}
			if phases["b"] != len(r.Requests)+len(r.Gaps) {
				t.Errorf("%d asynchronous slices for %d requests and %d gaps", phases["b"], len(r.Requests), len(r.Gaps))
			}
			waits, wakes := map[string]int{}, map[string]int{}
			for i := range r.Waits {
				waits[r.Waits[i].Call.String()]++
			}
			for i := range r.Wakes {
				wakes[wakeName(&r.Wakes[i])]++
			}
			for _, kind := range []map[string]int{waits, wakes} {
				for name, n := range kind {
					if calls[name] != waits[name]+wakes[name] {
						t.Errorf("%d slices are named %s, want %d, also of %d records", calls[name], name, waits[name]+wakes[name], n)
					}
				}
			}
			slept := 0
			for i := range r.Waits {
				if r.Waits[i].Sleep.Waking != 0 {
					slept++
				}
			}
			for _, e := range f.TraceEvents {
				if e.Phase == "s" && wakes[e.on.Name] == 0 || e.Phase == "f" && e.on.Name != "switch-return" {
					t.Fatalf("an arrow's end %s is on %q", e.Phase, e.on.Name)
				}
			}
			if calls["asleep"] != slept || calls["wakeup-switch"] != slept {
				t.Errorf("%d sleeps and %d of their stages, want %d", calls["asleep"], calls["wakeup-switch"], slept)
			}
			t.Logf("%d events, %d arrows, %d sleeps", len(f.TraceEvents), phases["s"], slept)
		})
	}
}

// TestThreadNames checks that a living thread has the name that the kernel
// knows.
func TestThreadNames(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	comm, err := os.ReadFile("/proc/thread-self/comm")
	if err != nil {
		t.Fatal(err)
	}
	own, other := uint32(unix.Gettid()), uint32(1<<22+1) // the second is above the largest possible ID
	r := &Records{Runs: []Run{{TID: own}, {TID: other}}, Wakes: []Wake{{TID: own}}}
	names := r.ThreadNames()
	if names[own] != strings.TrimSpace(string(comm)) || names[own] == "" || names[other] != "" {
		t.Errorf("names %v, want %q for %d and none for %d", names, comm, own, other)
	}
}

// BenchmarkTrace writes a second of 200,000 records.
func BenchmarkTrace(b *testing.B) {
	one := scripted()
	var r Records
	for range 50_000 {
		r.Waits = append(r.Waits, one.Waits[1])
		r.Wakes = append(r.Wakes, one.Wakes[0])
		r.Runs = append(r.Runs, one.Runs[2:4]...)
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := WriteTrace(&full{1 << 40}, &r, nil); err != nil {
			b.Fatal(err)
		}
	}
}
