package report

import (
	"fmt"
	"html/template"
	"math"
	"sort"
	"strings"

	"lflab/experiments/findings"
	"lflab/experiments/machine"
	"lflab/experiments/record"
	"lflab/experiments/stats"
	"lflab/experiments/words"
)

// term is a word and its meaning.
type term struct {
	Word, Meaning string
	Swatch        template.HTML
}

// vocabulary explains the report's words, which code, flags and data use too.
var vocabulary = []term{
	{Word: "latency", Meaning: "from the planned send to the last byte of the answer. In an open loop the plan does not wait for a slow server, so a stall counts for every request that was due in it."},
	{Word: "service time", Meaning: "from the actual send to the last byte of the answer."},
	{Word: "hand-off latency H", Meaning: "from “I pass it” to “another running thread owns it”: leadership in leader, a connection or an event in worker and event. Receivers that were awake already are not counted."},
	{Word: "dispatch latency D", Meaning: "from the moment the kernel received the request's data to the first instruction of the handler; defined alike for every MPM."},
	{Word: "leaderless gap G", Meaning: "from the old leader's receipt of an event until the next thread is armed on the handle set. “G none” are the gaps in which no follower was free."},
	{Word: "CPU per request", Meaning: "user and system time of the server process over the measured time, per answered request; the load generator's is not in it."},
	{Word: "switches per request", Meaning: "voluntary and involuntary context switches of the server process, per answered request. An idle pool sleeps more and so switches more: compare at equal offered rate."},
	{Word: "median [interval]", Meaning: "over processes, the unit of replication: each value is one server process. The interval leaves out equally many values at either end and reaches 95 % or more. Fewer than 6 processes have no interval, only their number."},
	{Word: "ratio, p", Meaning: "of two measurements of the same block (one pass over all cells), over blocks: Hodges and Lehmann's estimate with the interval that inverts Wilcoxon's signed-rank test, and that test's two-sided p. In the answer, p is corrected after Holm for all comparisons of a paragraph, and a difference is spoken of if it stays below 0.05."},
}

var architectures = map[string]string{
	"leader":    "the leader accepts, promotes a follower, then serves that connection to its end.",
	"reactor":   "Leader/Followers over the whole handle set: one event for each leader, the handle deactivated while it is processed.",
	"worker":    "a listener thread reserves an idle worker, accepts and queues; workers serve whole connections.",
	"event":     "a listener thread holds listeners and idle connections in epoll; workers serve the ready ones.",
	"prefork":   "one process for each connection, leadership by an accept gate.",
	"kernel":    "every thread blocks in accept: the kernel's own wake-one queue, the baseline of every comparison.",
	"percore":   "one epoll set and one listener for each thread, no hand-off at all.",
	"goroutine": "Go's standard net listener, one goroutine for each connection.",
	"floor":     "a C program that does the least a server can: accept, read, write a fixed answer.",

	"apache-prefork": "the system's Apache httpd, unchanged, with its MPM prefork: one process for each connection.",
	"apache-worker":  "the system's Apache httpd, unchanged, with its MPM worker: a listener thread accepts and queues.",
	"apache-event":   "the system's Apache httpd, unchanged, with its MPM event: a listener thread accepts, and holds idle and closing connections in epoll.",
	"nginx":          "the system's nginx, unchanged: processes that each wait with epoll and serve what they get.",
}

// values explains the subjects of axes other than mpm.
var values = map[string]map[string]string{
	"processes": {
		"alone": "one process without a control process, sixteen threads that serve.",
		"1x16":  "a control process and one child of sixteen threads.",
		"2x8":   "a control process and two children of eight threads each.",
		"4x4":   "a control process and four children of four threads each.",
		"16x1":  "a control process and sixteen children of one thread each: prefork.",
	},
	"accept-mutex": {
		"none":           "the children's leaders all wait in accept: the kernel lets one of them have each connection.",
		"flock":          "they take turns by flock(2) on a file.",
		"fcntl":          "they take turns by fcntl(2)'s locks on a file.",
		"sysvsem":        "they take turns by a System V semaphore that the kernel gives back for the dead.",
		"posixsem":       "they take turns by a POSIX-like semaphore: a futex in shared memory.",
		"pthread":        "they take turns by a robust mutex: a futex in shared memory that the kernel gives back for the dead.",
		"epollexclusive": "no turns: each waits in an epoll set that is woken exclusively.",
		"reuseport":      "no turns: each child has a socket of its own for the address.",
	},
}

// glossary explains the run's subjects, except unknown ones.
func (v *view) glossary() []term {
	known := architectures
	if of, ok := values[v.Group]; ok {
		known = of
	}
	var ts []term
	for _, s := range v.Subjects {
		if text, ok := known[s]; ok {
			ts = append(ts, term{s, text, swatch(v.Style[s])})
		}
	}
	return ts
}

type phaseRow struct {
	Name, Title, Path, Warmup, Duration, Recorder, Probe string
}

func (v *view) phaseRows() []phaseRow {
	var rows []phaseRow
	for _, ph := range v.Phases {
		r := phaseRow{Name: ph.Name, Title: ph.Title, Path: ph.Path, Recorder: "off", Probe: ph.Probe}
		if ph.Probe == "" {
			r.Probe = "off"
		}
		if ph.Flight {
			r.Recorder = "on"
		}
		if ph.DurationS > 0 {
			r.Warmup, r.Duration = fmt.Sprintf("%g s", ph.WarmupS), fmt.Sprintf("%g s", ph.DurationS)
		}
		rows = append(rows, r)
	}
	return rows
}

// recorder says in which phases the flight recorder was on and, if two phases
// differ in nothing else, how much CPU time it cost.
func (v *view) recorder() string {
	var on, off []string
	for _, ph := range v.Phases {
		if ph.Flight {
			on = append(on, ph.Name)
		} else {
			off = append(off, ph.Name)
		}
	}
	if len(on) == 0 {
		return "The flight recorder was off in every phase; H, D and G, where they appear, come from the subjects themselves."
	}
	s := fmt.Sprintf("The flight recorder was on in %s", words.List(on))
	if len(off) > 0 {
		s += " and off in " + words.List(off)
	}
	s += ". " + v.Run.Manifest.FlightNote()
	for _, a := range v.Phases {
		for _, b := range v.Phases {
			if !a.Flight || b.Flight || a.Probe != b.Probe || !findings.SameLoad(a, b) {
				continue
			}
			lo, hi := math.Inf(1), 0.0
			for _, p := range v.Panels {
				for _, name := range v.Subjects {
					m := findings.MetricOf(findings.KeyCPU)
					if r := stats.RatioPaired(v.Sample(a.Name, p, name, m).ByBlock, v.Sample(b.Name, p, name, m).ByBlock); r.N > 0 {
						lo, hi = min(lo, r.Center), max(hi, r.Center)
					}
				}
			}
			if hi > 0 {
				return s + fmt.Sprintf(" %s and %s ask for the same load: with the recorder on, CPU per request was %.2f to %.2f times what it was with it off, by cell.", a.Name, b.Name, lo, hi)
			}
		}
	}
	return s + " No two phases ask for the same load with it on and off, so this run does not show what the recorder itself costs."
}

type row struct{ Name, Value, After string }

// machineRows returns the facts about the machine before the run, with those
// after the run that differ.
//
// The calibrations follow, each with that after the run, because they differ in
// every run.
func machineRows(m *record.Manifest) []row {
	before, after := m.Before, m.After
	facts := func(m record.Machine) []string {
		return []string{
			m.Hostname, m.Kernel, m.CPU, fmt.Sprint(m.CPUs), fmt.Sprintf("%.1f GiB", float64(m.MemoryBytes)/(1<<30)),
			m.Virtualised, m.Governor, m.ClockSource, fmt.Sprintf("%.2f", m.Load1), words.Thousands(float64(m.OpenFiles)), m.CgroupCPUMax,
			strings.Join(m.BootParameters, " "), placed(m.Placement),
		}
	}
	names := []string{"host", "kernel", "CPU", "CPUs", "memory", "virtualised", "frequency governor", "clock source",
		"load average (1 min)", "limit of open files", "cgroup cpu.max",
		"boot parameters about threads", "woken threads that stay"}
	b, a := facts(before), facts(after)
	var rows []row
	for i, name := range names {
		if b[i] == "" {
			continue
		}
		r := row{Name: name, Value: b[i]}
		if after.Kernel != "" && a[i] != b[i] {
			r.After = a[i]
		}
		rows = append(rows, r)
	}
	later := map[string]string{}
	for _, f := range m.CalibrationAfter.Facts() {
		later[f.Name] = f.Value
	}
	for _, f := range m.Calibration.Facts() {
		rows = append(rows, row{Name: f.Name, Value: f.Value, After: later[f.Name]})
	}
	return rows
}

func pairRows(m map[string]string) []row {
	var rows []row
	for k, x := range m {
		rows = append(rows, row{Name: k, Value: x})
	}
	sort.Slice(rows, func(i, j int) bool { return rows[i].Name < rows[j].Name })
	return rows
}

// placed says where the kernel put woken threads, "" if that was not measured.
func placed(p *machine.Placement) string {
	if p == nil {
		return ""
	}
	return p.String()
}
