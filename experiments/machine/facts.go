package machine

import (
	"io/fs"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Facts describes what the results depend on outside the program. A fact that
// this machine does not reveal is empty.
type Facts struct {
	Hostname     string            `json:"hostname"`
	Kernel       string            `json:"kernel"`
	CPU          string            `json:"cpu"`
	CPUs         int               `json:"cpus"` // CPUs that this process may run on
	MemoryBytes  uint64            `json:"memory_bytes"`
	Virtualised  string            `json:"virtualised"` // hypervisor, or "none"
	Governor     string            `json:"governor"`    // cpufreq governor, or "none"
	ClockSource  string            `json:"clock_source"`
	Load1        float64           `json:"load_1min"`
	OpenFiles    uint64            `json:"open_files_limit"`
	MonotonicNs  int64             `json:"monotonic_ns"`
	RealtimeNs   int64             `json:"realtime_ns"`
	Sysctl       map[string]string `json:"sysctl"`
	Mitigations  map[string]string `json:"mitigations,omitempty"`
	CgroupCPUMax string            `json:"cgroup_cpu_max,omitempty"` // "quota period" in µs; empty without a quota

	// BootParameters are the parameters of the kernel's command line that
	// affect where and when threads run, in their order.
	BootParameters []string `json:"boot_parameters,omitempty"`
	// Placement is nil if ReadPlacement cannot measure it.
	Placement *Placement `json:"placement,omitempty"`
}

// sysctls lists the settings in the facts. Each affects a TCP server on the
// loopback interface.
var sysctls = []string{
	"net.core.somaxconn", "net.core.netdev_max_backlog", "net.core.busy_poll",
	"net.ipv4.ip_local_port_range", "net.ipv4.tcp_abort_on_overflow", "net.ipv4.tcp_fin_timeout",
	"net.ipv4.tcp_max_syn_backlog", "net.ipv4.tcp_max_tw_buckets", "net.ipv4.tcp_migrate_req",
	"net.ipv4.tcp_rmem", "net.ipv4.tcp_syncookies", "net.ipv4.tcp_timestamps",
	"net.ipv4.tcp_tw_reuse", "net.ipv4.tcp_wmem",
	"kernel.perf_event_paranoid", "kernel.randomize_va_space", "kernel.sched_autogroup_enabled",
	"kernel.unprivileged_bpf_disabled", "vm.swappiness",
}

// bootParameters lists the beginnings of the boot parameters in the facts. The
// others are left out, because they may contain private data.
var bootParameters = []string{
	"amd_pstate", "clocksource=", "cpuidle", "haltpoll", "idle=", "intel_idle.", "intel_pstate", "irqaffinity=",
	"isolcpus=", "maxcpus=", "mitigations=", "nohz", "noht", "nosmt", "nr_cpus=", "numa_balancing=", "preempt=",
	"processor.max_cstate", "psi=", "rcu_nocb", "sched_", "skew_tick=", "threadirqs", "transparent_hugepage=", "tsc=",
}

// Read returns the present facts of this machine. It blocks for about 30 ms,
// and loads two CPUs meanwhile, see ReadPlacement.
func Read() Facts {
	f := read(os.DirFS("/"))
	if p, ok := readPlacement(); ok {
		f.Placement = &p
	}
	return f
}

// read takes facts from files below root, and the others from the kernel.
func read(root fs.FS) Facts {
	host, _ := os.Hostname() // the name may be empty
	f := Facts{
		Hostname:     host,
		Kernel:       line(root, "proc/sys/kernel/osrelease"),
		CPU:          cpuModel(root),
		CPUs:         cpus(),
		MemoryBytes:  memory(root),
		Virtualised:  hypervisor(root),
		Governor:     governor(root),
		ClockSource:  line(root, "sys/devices/system/clocksource/clocksource0/current_clocksource"),
		Load1:        load1(root),
		Sysctl:       map[string]string{},
		Mitigations:  mitigations(root),
		CgroupCPUMax: cpuMax(root),

		BootParameters: boot(root),
	}
	for _, name := range sysctls {
		if v := sysctl(root, name); v != "" {
			f.Sysctl[name] = v
		}
	}
	var limit unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &limit) == nil {
		f.OpenFiles = limit.Cur
	}
	f.MonotonicNs, f.RealtimeNs = Clocks()
	return f
}

// Clocks reads CLOCK_MONOTONIC and CLOCK_REALTIME at the same moment, in
// nanoseconds. Between two calls both advance by the same time unless the clock
// is set. The two readings are within 20 µs of each other, unless all ten
// attempts were disturbed.
func Clocks() (monotonic, realtime int64) {
	best := int64(1 << 62)
	for range 10 {
		var before, r, after unix.Timespec
		// The calls cannot fail.
		_ = unix.ClockGettime(unix.CLOCK_MONOTONIC, &before)
		_ = unix.ClockGettime(unix.CLOCK_REALTIME, &r)
		_ = unix.ClockGettime(unix.CLOCK_MONOTONIC, &after)
		if gap := after.Nano() - before.Nano(); gap < best {
			best, monotonic, realtime = gap, before.Nano()+gap/2, r.Nano()
		}
		if best < 20_000 {
			break
		}
	}
	return monotonic, realtime
}

// text returns a file's contents, or "" if it cannot be read.
func text(root fs.FS, name string) string {
	b, err := fs.ReadFile(root, name)
	if err != nil {
		return ""
	}
	return string(b)
}

// line returns a file of one line, with single spaces between its words.
func line(root fs.FS, name string) string {
	return strings.Join(strings.Fields(text(root, name)), " ")
}

func sysctl(root fs.FS, name string) string {
	return line(root, "proc/sys/"+strings.ReplaceAll(name, ".", "/"))
}

func cpus() int {
	var set unix.CPUSet
	if err := unix.SchedGetaffinity(0, &set); err != nil {
		return 0
	}
	return set.Count()
}

// field returns the value of the first "key : value" line of a /proc file.
func field(content, key string) string {
	for l := range strings.Lines(content) {
		k, v, ok := strings.Cut(l, ":")
		if ok && strings.TrimSpace(k) == key {
			return strings.TrimSpace(v)
		}
	}
	return ""
}

func cpuModel(root fs.FS) string {
	info := text(root, "proc/cpuinfo")
	for _, key := range []string{"model name", "Model", "CPU implementer"} { // x86; arm64 boards; arm64
		if v := field(info, key); v != "" {
			return v
		}
	}
	return ""
}

func memory(root fs.FS) uint64 {
	kb, _, _ := strings.Cut(field(text(root, "proc/meminfo"), "MemTotal"), " ")
	n, _ := strconv.ParseUint(kb, 10, 64)
	return n * 1024
}

func load1(root fs.FS) float64 {
	first, _, _ := strings.Cut(text(root, "proc/loadavg"), " ")
	v, _ := strconv.ParseFloat(first, 64)
	return v
}

// boot returns the boot parameters that belong to the facts.
func boot(root fs.FS) (kept []string) {
	for _, word := range strings.Fields(text(root, "proc/cmdline")) {
		if word == "--" { // the rest is for the init process
			break
		}
		if slices.ContainsFunc(bootParameters, func(prefix string) bool { return strings.HasPrefix(word, prefix) }) {
			kept = append(kept, word)
		}
	}
	return kept
}

// released lists the parameters named sched_... of released Linux kernels, from
// admin-guide/kernel-parameters.txt.
var released = []string{"sched_debug", "sched_proxy_exec", "sched_thermal_decay_shift", "sched_verbose"}

// Foreign returns the scheduler's boot parameters that released Linux kernels
// do not have. A kernel that has them places threads by rules of its own.
func (f Facts) Foreign() (foreign []string) {
	for _, p := range f.BootParameters {
		name, _, _ := strings.Cut(p, "=")
		if strings.HasPrefix(name, "sched_") && !slices.Contains(released, name) {
			foreign = append(foreign, p)
		}
	}
	return foreign
}

// hypervisor returns the name of the hypervisor: the hardware's name for
// itself, or "unnamed hypervisor" if only the CPU reports one, or "none".
func hypervisor(root fs.FS) string {
	if v := line(root, "sys/hypervisor/type"); v != "" {
		return v
	}
	dmi := line(root, "sys/class/dmi/id/sys_vendor") + " " + line(root, "sys/class/dmi/id/product_name")
	for _, name := range []string{"KVM", "QEMU", "VMware", "VirtualBox", "Xen", "Amazon EC2", "Google", "OpenStack", "Parallels", "Bochs"} {
		if strings.Contains(dmi, name) {
			return name
		}
	}
	if strings.Contains(dmi, "Microsoft") && strings.Contains(dmi, "Virtual") {
		return "Hyper-V"
	}
	if strings.Contains(" "+field(text(root, "proc/cpuinfo"), "flags")+" ", " hypervisor ") {
		if strings.Contains(text(root, "proc/cmdline"), "firecracker") {
			return "Firecracker"
		}
		return "unnamed hypervisor"
	}
	return "none"
}

// governor returns cpufreq's governor. If CPUs have different ones, it lists
// each once.
func governor(root fs.FS) string {
	files, _ := fs.Glob(root, "sys/devices/system/cpu/cpu[0-9]*/cpufreq/scaling_governor")
	var seen []string
	for _, f := range files {
		if g := line(root, f); g != "" && !slices.Contains(seen, g) {
			seen = append(seen, g)
		}
	}
	if len(seen) == 0 {
		return "none"
	}
	return strings.Join(seen, "+")
}

func mitigations(root fs.FS) map[string]string {
	const dir = "sys/devices/system/cpu/vulnerabilities"
	entries, _ := fs.ReadDir(root, dir)
	m := map[string]string{}
	for _, e := range entries {
		if v := line(root, path.Join(dir, e.Name())); v != "" && v != "Not affected" {
			m[e.Name()] = v
		}
	}
	return m
}
