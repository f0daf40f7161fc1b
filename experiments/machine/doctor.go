package machine

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"strconv"
	"strings"
)

// Level says how much a finding matters.
type Level string

const (
	OK   Level = "ok"   // as a measurement needs it
	Note Level = "note" // affects the results: know it
	Warn Level = "warn" // disturbs the results: change it if you can
)

// Finding is the result of one check.
type Finding struct {
	Name     string `json:"name"`
	Level    Level  `json:"level"`
	Value    string `json:"value"`
	Sentence string `json:"sentence"` // what it means and what to do
}

// Doctor checks everything that affects or disturbs a measurement on this
// machine. It takes about 30 ms, needs no privilege and changes nothing.
func Doctor() []Finding {
	return examine(patient{
		root:  os.DirFS("/"),
		facts: Read(),
		tool: func(name string) string {
			path, _ := exec.LookPath(name)
			return path
		},
	})
}

// patient is the input of the checks.
type patient struct {
	root  fs.FS
	facts Facts
	tool  func(name string) string // its path, or "" if there is none
}

func examine(p patient) []Finding {
	checks := []func(patient) Finding{
		loadAverage, processors, smt, virtualised, quota,
		frequencyGovernor, turbo, clockSource, timerSlack, cpuMitigations, hugePages,
		bootLine, placement,
		openFiles, listenBacklog, ephemeralPorts, timeWait, overflow,
		compiler, perfEvents, unprivilegedBPF, btf, capabilities,
	}
	findings := make([]Finding, len(checks))
	for i, check := range checks {
		findings[i] = check(p)
	}
	return findings
}

func loadAverage(p patient) Finding {
	f := Finding{Name: "load", Value: fmt.Sprintf("%.2f", p.facts.Load1)}
	switch share := p.facts.Load1 / float64(max(1, p.facts.CPUs)); {
	case share > 0.3:
		f.Level, f.Sentence = Warn, "other programs take CPU time that results will miss: end them or wait until the 1-minute load is below 0.1 per CPU"
	case share > 0.1:
		f.Level, f.Sentence = Note, "another program is running, or ran within the last minute"
	default:
		f.Level, f.Sentence = OK, "the machine is idle"
	}
	return f
}

func processors(p patient) Finding {
	f := Finding{Name: "cpus", Value: strconv.Itoa(p.facts.CPUs), Level: OK, Sentence: "server and load generator have CPUs of their own"}
	if p.facts.CPUs < 4 {
		f.Level, f.Sentence = Note, "with fewer than 4 CPUs server and load generator share them: compare servers with each other, not with other machines"
	}
	return f
}

func smt(p patient) Finding {
	f := Finding{Name: "smt", Value: "off", Level: OK, Sentence: "no CPU shares its core with another"}
	if line(p.root, "sys/devices/system/cpu/smt/active") == "1" {
		f.Value, f.Level, f.Sentence = "on", Note, "two CPUs share a core, so that a busy neighbour slows a thread: write off to /sys/devices/system/cpu/smt/control for less spread"
	}
	return f
}

func virtualised(p patient) Finding {
	f := Finding{Name: "virtualisation", Value: p.facts.Virtualised, Level: OK, Sentence: "no hypervisor was found"}
	if f.Value != "none" {
		f.Level, f.Sentence = Note, "in a virtual machine, waking another CPU costs an exit to the hypervisor, and neighbours take CPU time: state it with every result"
	}
	return f
}

func quota(p patient) Finding {
	f := Finding{Name: "cgroup-cpu", Value: "no quota", Level: OK, Sentence: "no control group limits the CPU time"}
	if p.facts.CgroupCPUMax != "" {
		f.Value, f.Level, f.Sentence = p.facts.CgroupCPUMax, Warn, "a control group stops all threads when its CPU quota (µs per period) is spent, which shows as long tails: measure outside the container or lift the quota"
	}
	return f
}

func frequencyGovernor(p patient) Finding {
	f := Finding{Name: "governor", Value: p.facts.Governor, Level: OK}
	switch f.Value {
	case "none":
		f.Sentence = "the kernel does not control the clock frequency"
	case "performance":
		f.Sentence = "the clock frequency does not follow the load"
	default:
		f.Level, f.Sentence = Warn, "the clock frequency follows the load, so that a server that sleeps more also runs slower: set the governor performance during a run"
	}
	return f
}

func turbo(p patient) Finding {
	f := Finding{Name: "turbo", Value: "unknown", Level: OK, Sentence: "the kernel does not say whether the CPU raises its clock by itself"}
	on := ""
	switch {
	case line(p.root, "sys/devices/system/cpu/intel_pstate/no_turbo") != "":
		on = map[string]string{"0": "1", "1": "0"}[line(p.root, "sys/devices/system/cpu/intel_pstate/no_turbo")]
	default:
		on = line(p.root, "sys/devices/system/cpu/cpufreq/boost")
	}
	switch on {
	case "1":
		f.Value, f.Level, f.Sentence = "on", Note, "the clock rises while few CPUs are busy and the chip is cool: switch it off if figures from different hours must agree"
	case "0":
		f.Value, f.Sentence = "off", "the clock does not depend on temperature"
	}
	return f
}

func clockSource(p patient) Finding {
	f := Finding{Name: "clocksource", Value: p.facts.ClockSource, Level: OK, Sentence: "reading the clock takes no system call"}
	switch f.Value {
	case "tsc", "kvm-clock", "arch_sys_counter", "hyperv_clocksource_tsc_page":
	case "":
		f.Value, f.Level, f.Sentence = "unknown", Note, "whether reading the clock takes a system call is unknown"
	default:
		f.Level, f.Sentence = Warn, "reading this clock takes a system call or a slow device access, which every time stamp pays: choose tsc if the kernel offers it"
	}
	return f
}

func timerSlack(p patient) Finding {
	f := Finding{Name: "timer-slack", Level: OK, Value: line(p.root, "proc/self/timerslack_ns")}
	if f.Value == "" {
		f.Value, f.Level, f.Sentence = "unknown", Note, "the kernel does not say how late timers may fire"
		return f
	}
	f.Value += " ns"
	f.Sentence = "timers may fire this late; the load generator allows for it and records its own lag"
	return f
}

func cpuMitigations(p patient) Finding {
	active := 0
	for _, v := range p.facts.Mitigations {
		if strings.HasPrefix(v, "Mitigation") {
			active++
		}
	}
	f := Finding{Name: "mitigations", Value: fmt.Sprintf("%d active", active), Level: OK, Sentence: "system calls and switches are not slowed down by mitigations"}
	if active > 0 {
		f.Level, f.Sentence = Note, "mitigations of CPU flaws slow down each system call and switch: compare only machines with the same mitigations"
	}
	return f
}

func bootLine(p patient) Finding {
	f := Finding{Name: "boot-parameters", Value: "none", Level: OK, Sentence: "the kernel's command line says nothing about where and when threads run"}
	if len(p.facts.BootParameters) > 0 {
		f.Value, f.Sentence = strings.Join(p.facts.BootParameters, " "), "the parts of the kernel's command line that decide where and when threads run; results record them"
	}
	if foreign := p.facts.Foreign(); len(foreign) > 0 {
		f.Level, f.Sentence = Warn, fmt.Sprintf("released Linux has no parameter %s: this kernel's scheduler has rules of its own, so woken threads may run on other CPUs than elsewhere, which changes the time of hand-offs", strings.Join(foreign, " "))
	}
	return f
}

func placement(p patient) Finding {
	f := Finding{Name: "placement", Value: "not measured", Level: OK, Sentence: "there is one CPU, or threads may not choose theirs"}
	if p.facts.Placement == nil {
		return f
	}
	f.Value, f.Sentence = p.facts.Placement.String(), "if the waker goes on computing, the woken thread runs on an idle CPU"
	switch share := p.facts.Placement.OnWakers; {
	case share > 0.5:
		f.Level, f.Sentence = Warn, "the kernel puts a woken thread on the CPU of its waker, which goes on computing, although another CPU is idle: followers wait for their promoters' handlers, or interrupt them. State it with every result, and compare with --pin-threads"
	case share > 0.1:
		f.Level, f.Sentence = Note, "the kernel puts some woken threads on the CPU of their waker, which goes on computing, although another CPU is idle or was a moment ago"
	}
	return f
}

func hugePages(p patient) Finding {
	f := Finding{Name: "huge-pages", Value: "unknown", Level: OK, Sentence: "the kernel does not report transparent huge pages"}
	content := line(p.root, "sys/kernel/mm/transparent_hugepage/enabled")
	if _, rest, ok := strings.Cut(content, "["); ok {
		f.Value, _, _ = strings.Cut(rest, "]")
		f.Sentence = "the kernel compacts memory only for programs that ask for it"
		if f.Value == "always" {
			f.Level, f.Sentence = Note, "the kernel may compact memory during a run, which shows as rare long latencies: madvise avoids it"
		}
	}
	return f
}
