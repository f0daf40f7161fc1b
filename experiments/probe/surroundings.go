package probe

import (
	"errors"
	"io/fs"
	"os"
	"strconv"
	"strings"
)

// surroundings are the facts that explain an error of the kernel.
type surroundings struct {
	proc      bool         // procfs is mounted at /proc
	effective capabilities // capabilities of this process
	bounding  capabilities // capabilities that it could gain
	userNS    bool         // it is in another user namespace than the initial one, where its capabilities do not count
	seccomp   bool         // a filter restricts its system calls
	lockdown  string       // "none", "integrity" or "confidentiality"; empty if unknown
	types     string       // why the kernel's type information cannot be read, with a hint; else empty
	release   string       // of the kernel
	program   string       // path of this program
}

// lookAround reads the facts from the file system at root.
func lookAround(root fs.FS) surroundings {
	status := keyed(root, "proc/self/status")
	s := surroundings{
		proc:      len(status) > 0,
		effective: set(status["CapEff"]),
		bounding:  set(status["CapBnd"]),
		seccomp:   status["Seccomp"] != "" && status["Seccomp"] != "0",
		types:     typesMissing(root),
		release:   contents(root, "proc/sys/kernel/osrelease"),
	}
	// The initial user namespace maps every ID to itself.
	if ids := strings.Fields(contents(root, "proc/self/uid_map")); len(ids) > 0 {
		s.userNS = strings.Join(ids, " ") != "0 0 4294967295"
	}
	if _, rest, ok := strings.Cut(contents(root, "sys/kernel/security/lockdown"), "["); ok {
		s.lockdown, _, _ = strings.Cut(rest, "]")
	}
	s.program, _ = os.Executable()
	return s
}

// typesMissing says why /sys/kernel/btf/vmlinux cannot be read.
func typesMissing(root fs.FS) string {
	f, err := root.Open("sys/kernel/btf/vmlinux")
	if err == nil {
		f.Close()
		return ""
	}
	if errors.Is(err, fs.ErrPermission) {
		return "this user may not read /sys/kernel/btf/vmlinux [sudo chmod a+r /sys/kernel/btf/vmlinux, or run lflab as root]"
	}
	if _, err := fs.Stat(root, "sys/kernel"); err != nil {
		return "sysfs is not mounted, but the probe needs the kernel's type information from it [mount -t sysfs sysfs /sys]"
	}
	return "the kernel has no type information, /sys/kernel/btf/vmlinux [it must be built with CONFIG_DEBUG_INFO_BTF=y, as the distributions' own kernels are]"
}

func contents(root fs.FS, name string) string {
	text, _ := fs.ReadFile(root, name) // empty if it cannot be read
	return strings.TrimSpace(string(text))
}

// keyed reads a file of lines "key: value".
func keyed(root fs.FS, name string) map[string]string {
	m := map[string]string{}
	for line := range strings.Lines(contents(root, name)) {
		if key, value, ok := strings.Cut(line, ":"); ok {
			m[key] = strings.TrimSpace(value)
		}
	}
	return m
}

func set(hex string) capabilities {
	n, _ := strconv.ParseUint(hex, 16, 64)
	return capabilities(n)
}
