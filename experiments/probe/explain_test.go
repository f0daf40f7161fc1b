package probe

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"

	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"
)

// Capability sets in the notation of /proc/self/status.
const (
	capsNone    = "0000000000000000"
	capsBPF     = "0000008000000000"
	capsPerfmon = "0000004000000000"
	capsBoth    = "000000c000000000"
	capsAdmin   = "0000000000200000"
	capsAll     = "000001ffffffffff"
)

// machineFiles returns the files of a machine that can run the probe, for a
// process with the given effective capabilities. changes are pairs of path and
// content; an empty content removes the file.
func machineFiles(effective string, changes ...string) fstest.MapFS {
	m := fstest.MapFS{
		"proc/self/status":             {Data: []byte("Name:\tlflab\nCapEff:\t" + effective + "\nCapBnd:\t" + capsAll + "\nSeccomp:\t0\n")},
		"proc/self/uid_map":            {Data: []byte("         0          0 4294967295\n")},
		"proc/sys/kernel/osrelease":    {Data: []byte("6.12.9\n")},
		"sys/kernel/btf/vmlinux":       {},
		"sys/kernel/security/lockdown": {Data: []byte("[none] integrity confidentiality\n")},
	}
	for i := 0; i < len(changes); i += 2 {
		if changes[i+1] == "" {
			delete(m, changes[i])
		} else {
			m[changes[i]] = &fstest.MapFile{Data: []byte(changes[i+1])}
		}
	}
	return m
}

// Errors in the words of the library.
var (
	errMapCreate   = fmt.Errorf("map create: %w (MEMLOCK may be too low, consider rlimit.RemoveMemlock)", unix.EPERM)
	errLoadProgram = fmt.Errorf("program enter: load program: %w (MEMLOCK may be too low, consider rlimit.RemoveMemlock)", unix.EPERM)
	errStats       = fmt.Errorf("enable stats: %w", unix.EPERM)
	errNoTypes     = fmt.Errorf("apply CO-RE relocations: load kernel spec: no BTF found for kernel version 6.12.9: %w", ebpf.ErrNotSupported)
	errNoHook      = fmt.Errorf("tracepoint sk_data_ready: attach Tracing/TraceRawTp: raw_tp sk_data_ready %w", ebpf.ErrNotSupported)
	errBareHook    = fmt.Errorf("tracepoint no_such_hook: %w", unix.ENOENT)
	errNoPrealloc  = fmt.Errorf("map threads: map create: prealloc maps %w (requires >= v4.6)", ebpf.ErrNotSupported)
	errMemlock     = fmt.Errorf("failed to set memlock rlimit: %w", unix.EPERM)
	errTracefs     = fmt.Errorf("reading file %q: %w", "/sys/kernel/tracing/events/sched/id", &fs.PathError{Op: "open", Path: "id", Err: unix.EACCES})
	errUnmounted   = errors.New("neither debugfs nor tracefs are mounted")
	errUprobe      = fmt.Errorf("creating perf_uprobe PMU: opening perf event: %w", unix.EACCES)
	errVerifier    = fmt.Errorf("program leave: load program: %w", &ebpf.VerifierError{Cause: unix.EACCES, Log: []string{"R2 invalid mem access 'scalar'"}})
)

func TestExplain(t *testing.T) {
	const userNamespace = "0 100000 65536\n"
	confined := func(effective, seccomp string) string {
		return "CapEff:\t" + effective + "\nCapBnd:\t" + effective + "\nSeccomp:\t" + seccomp + "\n"
	}
	for _, c := range []struct {
		name  string
		err   error
		files fstest.MapFS
		needs []capability
		cause error
		want  []string
		not   []string
	}{
		{"no capability, map", errMapCreate, machineFiles(capsNone), needed, unix.EPERM,
			[]string{"has neither CAP_BPF nor CAP_PERFMON", "sudo lflab", "sudo setcap cap_bpf,cap_perfmon+ep "}, nil},
		{"no capability, program", errLoadProgram, machineFiles(capsNone), needed, unix.EPERM,
			[]string{"has neither CAP_BPF nor CAP_PERFMON"}, nil},
		{"only CAP_BPF", errLoadProgram, machineFiles(capsBPF), needed, unix.EPERM,
			[]string{"lacks CAP_PERFMON ", "sudo setcap cap_bpf,cap_perfmon+ep"}, []string{"CAP_BPF"}},
		{"only CAP_PERFMON", errMapCreate, machineFiles(capsPerfmon), needed, unix.EPERM,
			[]string{"lacks CAP_BPF "}, []string{"CAP_PERFMON"}},
		{"no privilege to set a limit", errMemlock, machineFiles(capsNone), needed, unix.EPERM,
			[]string{"has neither CAP_BPF nor CAP_PERFMON"}, []string{"rlimit"}},
		{"statistics", errStats, machineFiles(capsBoth), []capability{capSysAdmin}, unix.EPERM,
			[]string{"lacks CAP_SYS_ADMIN ", "setcap cap_sys_admin+ep"}, []string{"CAP_BPF"}},
		{"a uprobe", errUprobe, machineFiles(capsNone), needed, unix.EACCES,
			[]string{"has neither CAP_BPF nor CAP_PERFMON"}, nil},
		{"root in a container", errMapCreate, machineFiles("00000000a80425fb", "proc/self/status", confined("00000000a80425fb", "2")), needed, unix.EPERM,
			[]string{"lacks CAP_BPF and CAP_PERFMON and can never gain it", "--cap-add BPF --cap-add PERFMON"}, []string{"sudo"}},
		{"root of a user namespace", errMapCreate, machineFiles(capsAll, "proc/self/uid_map", userNamespace), needed, unix.EPERM,
			[]string{"CAP_BPF and CAP_PERFMON only in a user namespace", "on the host"}, []string{"sudo"}},
		{"filtered", errMapCreate, machineFiles(capsBoth, "proc/self/status", confined(capsBoth, "2")), needed, unix.EPERM,
			[]string{"seccomp"}, []string{"lacks"}},
		{"forbidden", errLoadProgram, machineFiles(capsAdmin, "sys/kernel/security/lockdown", "none [integrity] confidentiality\n"), needed, unix.EPERM,
			[]string{"a policy of this kernel 6.12.9 forbids it (lockdown is integrity)"}, []string{"lacks", "neither"}},
		{"tracefs of root", errTracefs, machineFiles(capsBoth), needed, fs.ErrPermission,
			[]string{"a policy of this kernel 6.12.9 forbids it ["}, nil},
		{"locked down, refused", errLoadProgram, machineFiles(capsBoth, "sys/kernel/security/lockdown", "none integrity [confidentiality]\n"), needed, unix.EPERM,
			[]string{"locked down (confidentiality)", "boot without lockdown=confidentiality"}, nil},
		{"locked down, no such helper", fmt.Errorf("load program: %w", unix.EINVAL), machineFiles(capsBoth, "sys/kernel/security/lockdown", "none integrity [confidentiality]\n"), needed, unix.EINVAL,
			[]string{"locked down (confidentiality)", "invalid argument"}, nil},
		{"no type information", errNoTypes, machineFiles(capsBoth, "sys/kernel/btf/vmlinux", ""), needed, ebpf.ErrNotSupported,
			[]string{"CONFIG_DEBUG_INFO_BTF=y"}, []string{"mount -t"}},
		{"no type information, no capability", errNoTypes, machineFiles(capsNone, "sys/kernel/btf/vmlinux", ""), needed, ebpf.ErrNotSupported,
			[]string{"CONFIG_DEBUG_INFO_BTF=y"}, nil},
		{"refused, taken for a lack", errNoPrealloc, machineFiles(capsNone), needed, unix.EPERM,
			[]string{"has neither CAP_BPF nor CAP_PERFMON"}, []string{"prealloc"}},
		{"refused in a user namespace, taken for a lack", errNoPrealloc, machineFiles(capsAll, "proc/self/uid_map", userNamespace), needed, unix.EPERM,
			[]string{"only in a user namespace"}, []string{"prealloc"}},
		{"no sysfs", errNoTypes, machineFiles(capsBoth, "sys/kernel/btf/vmlinux", "", "sys/kernel/security/lockdown", ""), needed, ebpf.ErrNotSupported,
			[]string{"mount -t sysfs sysfs /sys"}, []string{"CONFIG"}},
		{"no procfs", errMapCreate, fstest.MapFS{}, needed, unix.EPERM,
			[]string{"mount -t proc proc /proc"}, []string{"neither"}},
		{"no tracepoint", errNoHook, machineFiles(capsBoth), needed, ebpf.ErrNotSupported,
			[]string{"sk_data_ready", "this kernel 6.12.9 does not offer it"}, nil},
		{"no tracepoint, bare", errBareHook, machineFiles(capsBoth), needed, unix.ENOENT,
			[]string{"no_such_hook", "this kernel 6.12.9 does not offer it"}, nil},
		{"no tracefs", errUnmounted, machineFiles(capsBoth), needed, errUnmounted,
			[]string{"neither debugfs nor tracefs are mounted"}, nil},
		{"no bpf", fmt.Errorf("map create: %w", unix.ENOSYS), machineFiles(capsBoth), needed, unix.ENOSYS,
			[]string{"CONFIG_BPF_SYSCALL=y"}, nil},
		{"no memory", fmt.Errorf("map create: %w", unix.ENOMEM), machineFiles(capsBoth), needed, unix.ENOMEM,
			[]string{"--ring"}, nil},
		{"no descriptor", fmt.Errorf("map create: %w", unix.EMFILE), machineFiles(capsBoth), needed, unix.EMFILE,
			[]string{"ulimit -n"}, nil},
		{"rejected by the verifier", errVerifier, machineFiles(capsNone), needed, unix.EACCES,
			[]string{"the verifier of this kernel 6.12.9", "program leave", "invalid mem access"}, []string{"CAP_"}},
		{"something else", fmt.Errorf("map create: %w", unix.E2BIG), machineFiles(capsBoth), needed, unix.E2BIG,
			[]string{"map create: argument list too long"}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := lookAround(c.files).explain("load the kernel programs", c.err, c.needs)
			if !errors.Is(got, c.cause) {
				t.Errorf("%v is not in the chain of %q", c.cause, got)
			}
			text := got.Error()
			if !strings.HasPrefix(text, "load the kernel programs: ") || strings.Count(text, "\n") > 0 {
				t.Errorf("%q is not one line that begins with what was tried", text)
			}
			if strings.Contains(text, "MEMLOCK") {
				t.Errorf("%q hints at locked memory", text)
			}
			for _, part := range c.want {
				if !strings.Contains(text, part) {
					t.Errorf("%q does not say %q", text, part)
				}
			}
			// The text before the hint in brackets says what is missing.
			said, _, _ := strings.Cut(text, " [")
			for _, part := range c.not {
				if strings.Contains(said, part) {
					t.Errorf("%q says %q", said, part)
				}
			}
		})
	}
}

func TestExplainKeepsTheErrorNumber(t *testing.T) {
	err := explain("load the kernel programs", errLoadProgram)
	var number syscall.Errno
	if !errors.As(err, &number) || number != unix.EPERM {
		t.Errorf("%v has error number %v, want %v", err, number, unix.EPERM)
	}
	if err := explain("anything", nil); err != nil {
		t.Errorf("no error was explained as %v", err)
	}
}

func TestExplainNamesTheFile(t *testing.T) {
	for program, want := range map[string]string{
		"/usr/local/bin/lflab":                 "sudo setcap cap_bpf,cap_perfmon+ep /usr/local/bin/lflab]",
		"/tmp/go-build3141/b001/exe/lflab":     "sudo setcap cap_bpf,cap_perfmon+ep lflab, a file made by go build ./cmd/lflab]",
		"/home/u/.cache/go-build/9/9f-d/lflab": "sudo setcap cap_bpf,cap_perfmon+ep lflab, a file made by go build ./cmd/lflab]",
	} {
		s := lookAround(machineFiles(capsNone))
		s.program = program
		if err := s.explain("load", errMapCreate, needed); !strings.HasSuffix(err.Error(), want) {
			t.Errorf("%s: %q does not end with %q", program, err, want)
		}
	}
}

// TestLookAround reads the machine that this test runs on.
func TestLookAround(t *testing.T) {
	s := lookAround(os.DirFS("/"))
	var name unix.Utsname
	if err := unix.Uname(&name); err != nil {
		t.Fatal(err)
	}
	if release := unix.ByteSliceToString(name.Release[:]); s.release != release {
		t.Errorf("the kernel is %q, want %q", s.release, release)
	}
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if err := unix.Capget(&header, &data[0]); err != nil {
		t.Fatal(err)
	}
	if want := capabilities(data[1].Effective)<<32 | capabilities(data[0].Effective); s.effective != want {
		t.Errorf("effective capabilities %#x, want %#x", s.effective, want)
	}
	for _, c := range []capability{capBPF, capPerfmon, capSysAdmin} {
		allowed, err := unix.PrctlRetInt(unix.PR_CAPBSET_READ, uintptr(c), 0, 0, 0)
		if err != nil {
			t.Fatal(err)
		}
		if got := s.bounding>>c&1 == 1; got != (allowed == 1) {
			t.Errorf("%v in the bounding set: %v, the kernel says %d", c, got, allowed)
		}
	}
	if self, err := os.Executable(); err != nil || s.program != self {
		t.Errorf("the program is %q, want %q (%v)", s.program, self, err)
	}
}
