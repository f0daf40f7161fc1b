package machine

import (
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

// tree makes a file system from pairs of path and content.
func tree(files map[string]string) fstest.MapFS {
	m := fstest.MapFS{}
	for name, content := range files {
		m[name] = &fstest.MapFile{Data: []byte(content)}
	}
	return m
}

var server = map[string]string{
	"proc/sys/kernel/osrelease": "6.8.0-45-generic\n",
	"proc/cpuinfo": "processor\t: 0\nmodel name\t: AMD EPYC 9554P 64-Core Processor\nflags\t\t: fpu sse hypervisor lm\n\n" +
		"processor\t: 1\nmodel name\t: AMD EPYC 9554P 64-Core Processor\n",
	"proc/meminfo":                      "MemTotal:       16384 kB\nMemFree:        1 kB\n",
	"proc/loadavg":                      "1.75 0.50 0.25 2/345 6789\n",
	"proc/self/cgroup":                  "0::/machine/box\n",
	"proc/self/status":                  "Name:\tx\nCapEff:\t000000c000000000\n", // bits 38 and 39
	"proc/self/timerslack_ns":           "50000\n",
	"sys/fs/cgroup/machine/box/cpu.max": "max 100000\n",
	"sys/fs/cgroup/machine/cpu.max":     "150000 100000\n",
	"sys/class/dmi/id/sys_vendor":       "QEMU\n",
	"sys/class/dmi/id/product_name":     "Standard PC\n",
	"sys/devices/system/clocksource/clocksource0/current_clocksource": "hpet\n",
	"sys/devices/system/cpu/cpu0/cpufreq/scaling_governor":            "schedutil\n",
	"sys/devices/system/cpu/cpu1/cpufreq/scaling_governor":            "schedutil\n",
	"sys/devices/system/cpu/intel_pstate/no_turbo":                    "0\n",
	"sys/devices/system/cpu/smt/active":                               "1\n",
	"sys/devices/system/cpu/vulnerabilities/meltdown":                 "Not affected\n",
	"sys/devices/system/cpu/vulnerabilities/spectre_v2":               "Mitigation: Retpolines\n",
	"sys/kernel/mm/transparent_hugepage/enabled":                      "[always] madvise never\n",
	"sys/kernel/btf/vmlinux":                                          "",
	"proc/sys/net/core/somaxconn":                                     "128\n",
	"proc/sys/net/ipv4/ip_local_port_range":                           "32768\t33000\n",
	"proc/sys/net/ipv4/tcp_abort_on_overflow":                         "1\n",
	"proc/sys/net/ipv4/tcp_tw_reuse":                                  "0\n",
	"proc/sys/kernel/perf_event_paranoid":                             "3\n",
	"proc/sys/kernel/unprivileged_bpf_disabled":                       "2\n",
}

func TestFactsFromFiles(t *testing.T) {
	f := read(tree(server))
	for _, c := range []struct{ name, got, want string }{
		{"kernel", f.Kernel, "6.8.0-45-generic"},
		{"cpu", f.CPU, "AMD EPYC 9554P 64-Core Processor"},
		{"virtualised", f.Virtualised, "QEMU"},
		{"governor", f.Governor, "schedutil"},
		{"clock source", f.ClockSource, "hpet"},
		{"quota of the parent group", f.CgroupCPUMax, "150000 100000"},
		{"port range", f.Sysctl["net.ipv4.ip_local_port_range"], "32768 33000"},
		{"mitigation", f.Mitigations["spectre_v2"], "Mitigation: Retpolines"},
	} {
		if c.got != c.want {
			t.Errorf("%s is %q, want %q", c.name, c.got, c.want)
		}
	}
	if f.MemoryBytes != 16<<20 || f.Load1 != 1.75 || len(f.Mitigations) != 1 {
		t.Errorf("memory %d, load %v, mitigations %v", f.MemoryBytes, f.Load1, f.Mitigations)
	}
}

func TestBootParameters(t *testing.T) {
	f := read(tree(map[string]string{
		"proc/cmdline": "quiet console=ttyS0 sched_verbose secret=1 mitigations=auto sched_pack_tightly=15 nohz_full=2-3 schedule=x -- sched_of_init=1\n",
	}))
	if want := []string{"sched_verbose", "mitigations=auto", "sched_pack_tightly=15", "nohz_full=2-3"}; !slices.Equal(f.BootParameters, want) {
		t.Errorf("boot parameters %q, want %q", f.BootParameters, want)
	}
	if got := f.Foreign(); !slices.Equal(got, []string{"sched_pack_tightly=15"}) {
		t.Errorf("foreign: %q", got)
	}
	if got := read(tree(nil)); got.BootParameters != nil || got.Foreign() != nil {
		t.Errorf("without a command line: %q", got.BootParameters)
	}
}

// TestReadPlacement checks that the measurement ends on this machine, whatever
// its kernel does, and that its numbers are possible.
func TestReadPlacement(t *testing.T) {
	p, ok := readPlacement()
	if cpus() < 2 {
		if ok {
			t.Errorf("with one CPU: %+v", p)
		}
		return
	}
	if !ok || p.Wakes != placementWakes || p.OnWakers < 0 || p.OnWakers > 1 || p.DelayP50Ns <= 0 {
		t.Errorf("%+v, %v", p, ok)
	}
	t.Log(p)
}

func TestPlacementFinding(t *testing.T) {
	for _, c := range []struct {
		placement *Placement
		level     Level
		value     string
	}{
		{nil, OK, "not measured"},
		{&Placement{100, 0.02, 17400}, OK, "2 % of 100 on the waker's CPU, after 17.4 µs"},
		{&Placement{100, 0.3, 17400}, Note, "30 % of 100 on the waker's CPU, after 17.4 µs"},
		{&Placement{100, 0.99, 3500}, Warn, "99 % of 100 on the waker's CPU, after 3.5 µs"},
	} {
		if f := placement(patient{facts: Facts{Placement: c.placement}}); f.Level != c.level || f.Value != c.value {
			t.Errorf("%+v: %+v", c.placement, f)
		}
	}
	for _, c := range []struct {
		parameters []string
		level      Level
	}{{nil, OK}, {[]string{"psi=1"}, OK}, {[]string{"psi=1", "sched_pack=1"}, Warn}} {
		if f := bootLine(patient{facts: Facts{BootParameters: c.parameters}}); f.Level != c.level {
			t.Errorf("%q: %+v", c.parameters, f)
		}
	}
}

func TestQuotaOfCgroupV1(t *testing.T) {
	got := cpuMax(tree(map[string]string{
		"proc/self/cgroup": "3:memory:/a\n2:cpu,cpuacct:/a\n",
		"sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_quota_us":  "50000\n",
		"sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_period_us": "100000\n",
		"sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us":    "-1\n",
		"sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us":   "100000\n",
	}))
	if got != "50000 100000" {
		t.Errorf("quota %q", got)
	}
}

func TestThrottled(t *testing.T) {
	for _, c := range []struct {
		name  string
		files map[string]string
		want  time.Duration
	}{
		{"no groups", map[string]string{}, 0},
		{"no quota", map[string]string{"proc/self/cgroup": "0::/a\n", "sys/fs/cgroup/a/cpu.stat": "usage_usec 5\nnr_periods 0\n"}, 0},
		{"v2, the group above", map[string]string{
			"proc/self/cgroup":           "0::/a/b\n",
			"sys/fs/cgroup/a/b/cpu.stat": "usage_usec 5\nnr_throttled 0\nthrottled_usec 0\n",
			"sys/fs/cgroup/a/cpu.stat":   "usage_usec 5\nnr_throttled 3\nthrottled_usec 1500\n",
		}, 1500 * time.Microsecond},
		{"v1", map[string]string{
			"proc/self/cgroup":                     "2:cpu,cpuacct:/a\n1:memory:/m\n0::/\n",
			"sys/fs/cgroup/cpu/cpu.stat":           "nr_periods 9\nnr_throttled 1\nthrottled_time 10\n",
			"sys/fs/cgroup/cpu,cpuacct/a/cpu.stat": "nr_periods 9\nnr_throttled 4\nthrottled_time 2000000\n",
		}, 2 * time.Millisecond},
	} {
		if got := throttled(tree(c.files)); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestHypervisors(t *testing.T) {
	for _, c := range []struct {
		want  string
		files map[string]string
	}{
		{"none", map[string]string{"proc/cpuinfo": "flags : fpu\n"}},
		{"xen", map[string]string{"sys/hypervisor/type": "xen\n"}},
		{"Hyper-V", map[string]string{"sys/class/dmi/id/sys_vendor": "Microsoft Corporation", "sys/class/dmi/id/product_name": "Virtual Machine"}},
		{"Firecracker", map[string]string{"proc/cpuinfo": "flags : hypervisor\n", "proc/cmdline": "quiet -- --firecracker-init"}},
		{"unnamed hypervisor", map[string]string{"proc/cpuinfo": "flags : fpu hypervisor\n"}},
	} {
		if got := hypervisor(tree(c.files)); got != c.want {
			t.Errorf("%v: %q, want %q", c.files, got, c.want)
		}
	}
}

// A machine with every fault gets the level that each fault deserves. An ideal
// machine gets no warning. A machine that reports nothing gets no warning about
// missing values.
func TestDoctor(t *testing.T) {
	findings := func(files map[string]string, change func(*Facts), cc string) map[string]Finding {
		root := tree(files)
		facts := read(root)
		facts.CPUs, facts.OpenFiles = 8, 65536
		if change != nil {
			change(&facts)
		}
		m := map[string]Finding{}
		for _, f := range examine(patient{root, facts, func(string) string { return cc }}) {
			if f.Value == "" || f.Sentence == "" || f.Level == "" {
				t.Errorf("finding %+v is not complete", f)
			}
			if _, twice := m[f.Name]; twice {
				t.Errorf("finding %s comes twice", f.Name)
			}
			m[f.Name] = f
		}
		return m
	}
	bad := findings(server, func(f *Facts) { f.CPUs, f.OpenFiles = 2, 256 }, "")
	for name, want := range map[string]Level{
		"load": Warn, "cpus": Note, "smt": Note, "virtualisation": Note, "cgroup-cpu": Warn, "governor": Warn,
		"turbo": Note, "clocksource": Warn, "timer-slack": OK, "mitigations": Note, "huge-pages": Note, "open-files": Warn,
		"somaxconn": Warn, "ephemeral-ports": Warn, "time-wait": Note, "accept-overflow": Warn, "c-compiler": Note,
		"perf-event-paranoid": OK, "unprivileged-bpf": OK, "btf": OK, "capabilities": OK,
	} {
		if bad[name].Level != want {
			t.Errorf("%s is %+v, want %s", name, bad[name], want)
		}
	}
	if got := bad["capabilities"].Value; got != "bpf perfmon" {
		t.Errorf("capabilities %q", got)
	}

	ideal := maps.Clone(server)
	for name, content := range map[string]string{
		"proc/loadavg": "0.01 0 0 1/1 1", "sys/fs/cgroup/machine/cpu.max": "max 100000",
		"sys/devices/system/clocksource/clocksource0/current_clocksource": "tsc",
		"sys/devices/system/cpu/cpu0/cpufreq/scaling_governor":            "performance",
		"sys/devices/system/cpu/cpu1/cpufreq/scaling_governor":            "performance",
		"proc/sys/net/core/somaxconn":                                     "4096", "proc/sys/net/ipv4/ip_local_port_range": "32768 60999",
		"proc/sys/net/ipv4/tcp_abort_on_overflow": "0",
	} {
		ideal[name] = content
	}
	for _, f := range findings(ideal, nil, "/usr/bin/cc") {
		if f.Level == Warn {
			t.Errorf("an ideal machine is warned: %+v", f)
		}
	}
	for _, f := range findings(nil, nil, "") {
		if f.Level == Warn {
			t.Errorf("a silent machine is warned: %+v", f)
		}
	}
}

func TestThisMachine(t *testing.T) {
	f := Read()
	if f.Kernel == "" || f.CPUs < 1 || f.OpenFiles == 0 || f.MonotonicNs <= 0 || f.MemoryBytes == 0 {
		t.Errorf("facts of this machine are %+v", f)
	}
	if d := time.Since(time.Unix(0, f.RealtimeNs)).Abs(); d > time.Minute {
		t.Errorf("real time is off by %v", d)
	}
	names := []string{}
	for _, x := range Doctor() {
		names = append(names, x.Name)
	}
	if len(names) < 15 || !slices.Contains(names, "load") {
		t.Errorf("doctor finds only %s", strings.Join(names, ", "))
	}
	if _, err := os.Stat("/sys/kernel/btf/vmlinux"); err != nil {
		t.Logf("no BTF here: %v", err)
	}
}

func TestCPUTime(t *testing.T) {
	got, err := readCPUTime(tree(map[string]string{"proc/stat": "cpu  10 2 3 500 40 5 6 7 8 0\ncpu0 1 1 1 1 1 1 1 1 0 0\ncpu1 1 1 1 1 1 1 1 1 0 0\nintr 5\n"}))
	want := CPUTime{Busy: (10 + 2 + 3 + 5 + 6) * 10 * time.Millisecond, CPUs: 2, Stolen: 70 * time.Millisecond}
	if err != nil || got != want {
		t.Errorf("CPU time %+v, %v, want %+v", got, err, want)
	}
	for _, bad := range []string{"", "cpu 1 2 3\n", "cpu a b c d e f g h\n", "intr 1 2 3 4 5 6 7 8 9\n"} {
		if _, err := readCPUTime(tree(map[string]string{"proc/stat": bad})); err == nil {
			t.Errorf("%q: no error", bad)
		}
	}
	if now, err := ReadCPUTime(); err != nil || now.Busy <= 0 || OwnCPU() <= 0 {
		t.Errorf("here: %+v, %v, own %v", now, err, OwnCPU())
	}
}
