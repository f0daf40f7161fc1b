package machine

import (
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

func openFiles(p patient) Finding {
	f := Finding{Name: "open-files", Value: strconv.FormatUint(p.facts.OpenFiles, 10), Level: OK, Sentence: "enough descriptors for the suites that come with lflab"}
	if p.facts.OpenFiles < 1024 {
		f.Level, f.Sentence = Warn, "connections may fail because descriptors run out: ulimit -n 4096 before the run"
	}
	return f
}

func listenBacklog(p patient) Finding {
	f := Finding{Name: "somaxconn", Value: p.facts.Sysctl["net.core.somaxconn"], Level: OK, Sentence: "the accept queue holds the connections of the suites"}
	n, err := strconv.Atoi(f.Value)
	switch {
	case err != nil:
		f.Value, f.Level, f.Sentence = "unknown", Note, "how many connections the accept queue holds is unknown"
	case n < 1024:
		f.Level, f.Sentence = Warn, "a burst of connections overflows the accept queue, and clients repeat their SYN a second later: sysctl net.core.somaxconn=4096"
	}
	return f
}

func ephemeralPorts(p patient) Finding {
	f := Finding{Name: "ephemeral-ports", Value: p.facts.Sysctl["net.ipv4.ip_local_port_range"], Level: OK, Sentence: "enough ports for short connections"}
	var lo, hi int
	if _, err := fmt.Sscan(f.Value, &lo, &hi); err != nil {
		f.Value, f.Level, f.Sentence = "unknown", Note, "how many connections one address can open is unknown"
	} else if hi-lo < 20000 {
		f.Level, f.Sentence = Warn, "with so few ports, connections that are closed after each request run out of them: widen net.ipv4.ip_local_port_range"
	}
	return f
}

func timeWait(p patient) Finding {
	f := Finding{Name: "time-wait", Level: OK, Value: p.facts.Sysctl["net.ipv4.tcp_tw_reuse"], Sentence: "a port in TIME_WAIT may be used again on loopback"}
	switch f.Value {
	case "1", "2":
	case "0":
		f.Level, f.Sentence = Note, "ports stay in TIME_WAIT for a minute; every trial has a server port of its own, so only single long loads with --close can run out of ports"
	default:
		f.Value, f.Level, f.Sentence = "unknown", Note, "whether ports in TIME_WAIT are used again is unknown"
	}
	return f
}

func overflow(p patient) Finding {
	f := Finding{Name: "accept-overflow", Value: "drop", Level: OK, Sentence: "a full accept queue drops the handshake, and the client tries again"}
	if p.facts.Sysctl["net.ipv4.tcp_abort_on_overflow"] == "1" {
		f.Value, f.Level, f.Sentence = "reset", Warn, "a full accept queue resets connections, which loads count as errors: sysctl net.ipv4.tcp_abort_on_overflow=0"
	}
	return f
}

func compiler(p patient) Finding {
	f := Finding{Name: "c-compiler", Value: p.tool("cc"), Level: OK, Sentence: "the floors in C can be compiled and measured"}
	if f.Value == "" {
		f.Value, f.Level, f.Sentence = "none", Note, "the floors in C are left out of the suites; nothing else needs a compiler"
	}
	return f
}

func perfEvents(p patient) Finding {
	f := Finding{Name: "perf-event-paranoid", Value: p.facts.Sysctl["kernel.perf_event_paranoid"], Level: OK, Sentence: "performance events are open to this user"}
	n, err := strconv.Atoi(f.Value)
	switch {
	case err != nil:
		f.Value, f.Level, f.Sentence = "unknown", Note, "the kernel has no performance events or hides them"
	case n > 1 && !p.capable(unix.CAP_PERFMON) && !p.capable(unix.CAP_SYS_ADMIN):
		f.Level, f.Sentence = Note, "performance events of the kernel need CAP_PERFMON here: lflab probe is not available to this user"
	}
	return f
}

func unprivilegedBPF(p patient) Finding {
	f := Finding{Name: "unprivileged-bpf", Value: p.facts.Sysctl["kernel.unprivileged_bpf_disabled"], Level: OK}
	switch {
	case p.capable(unix.CAP_BPF) || p.capable(unix.CAP_SYS_ADMIN):
		f.Sentence = "this process may load BPF programs whatever the setting"
	case f.Value == "0":
		f.Level, f.Sentence = Note, "BPF is open to all, but tracing needs CAP_BPF and CAP_PERFMON anyway"
	default:
		f.Level, f.Sentence = Note, "lflab probe needs CAP_BPF and CAP_PERFMON, or root; everything else does not"
	}
	if f.Value == "" {
		f.Value = "unknown"
	}
	return f
}

func btf(p patient) Finding {
	if _, err := fs.Stat(p.root, "sys/kernel/btf/vmlinux"); err == nil {
		return Finding{"btf", OK, "present", "lflab probe finds the kernel's types"}
	}
	return Finding{"btf", Note, "absent", "lflab probe needs a kernel built with CONFIG_DEBUG_INFO_BTF; everything else does not"}
}

// interesting lists the capabilities that matter here.
var interesting = []struct {
	bit  int
	name string
}{
	{unix.CAP_SYS_ADMIN, "sys_admin"}, {unix.CAP_BPF, "bpf"}, {unix.CAP_PERFMON, "perfmon"},
	{unix.CAP_SYS_NICE, "sys_nice"}, {unix.CAP_SYS_RESOURCE, "sys_resource"},
}

func capabilities(p patient) Finding {
	var have []string
	for _, c := range interesting {
		if p.capable(c.bit) {
			have = append(have, c.name)
		}
	}
	if len(have) == 0 {
		return Finding{"capabilities", OK, "none", "servers, loads and suites need none; the probe is not available"}
	}
	return Finding{"capabilities", OK, strings.Join(have, " "), "servers, loads and suites need none of them; the probe uses bpf and perfmon"}
}

// capable reports whether this process has a capability in its effective set.
func (p patient) capable(bit int) bool {
	set, err := strconv.ParseUint(field(text(p.root, "proc/self/status"), "CapEff"), 16, 64)
	return err == nil && set>>bit&1 == 1
}
