package probe

import (
	"encoding/binary"
	"errors"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// requireRoot skips a test that changes its user or enters namespaces, for
// which the probe's own capabilities do not suffice.
func requireRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root, to run processes as other users and in other namespaces")
	}
	requireCheck(t)
}

// requireCheck skips the test with a reason if the probe cannot run. With
// LFLAB_REQUIRE_BPF set the test fails instead.
func requireCheck(t *testing.T) {
	t.Helper()
	switch err := Check(); {
	case err != nil && os.Getenv("LFLAB_REQUIRE_BPF") != "":
		t.Fatal(err)
	case err != nil:
		t.Skip(err)
	}
}

const nobody = 65534

func asNobody(cs ...capability) *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	for _, c := range cs {
		attr.AmbientCaps = append(attr.AmbientCaps, uintptr(c))
	}
	return attr
}

// TestPrivileges runs a probe as an ordinary user with each set of
// capabilities. The target is a process of the same user without capabilities.
func TestPrivileges(t *testing.T) {
	requireRoot(t)
	program := binaryForAll(t)
	target := startPingPong(t, program, asNobody())
	for _, c := range []struct {
		name string
		caps []capability
		want string // part of the refusal; empty: it works
	}{
		{"both", []capability{capBPF, capPerfmon}, ""},
		{"CAP_SYS_ADMIN", []capability{capSysAdmin}, ""},
		{"only CAP_BPF", []capability{capBPF}, "this process lacks CAP_PERFMON ["},
		{"only CAP_PERFMON", []capability{capPerfmon}, "this process lacks CAP_BPF ["},
		{"none", nil, "this process has neither CAP_BPF nor CAP_PERFMON ["},
	} {
		t.Run(c.name, func(t *testing.T) {
			prober := startChild(t, program, "probe", asNobody(c.caps...), targetVariable+"="+strconv.Itoa(target.pid()))
			begin := hear[opened](prober)
			if c.want != "" {
				for what, text := range map[string]string{"Check": begin.Check, "Open": begin.Err, "Hooks, task storage": begin.Hooks["task storage"], "Hooks, sys_enter": begin.Hooks["sys_enter"]} {
					storage := strings.HasSuffix(what, "storage") && c.name == "only CAP_BPF" // CAP_BPF suffices to create a map
					if !strings.Contains(text, c.want) && !storage {
						t.Errorf("%s says %q, want %q", what, text, c.want)
					}
				}
				if !begin.Permission {
					t.Errorf("EPERM is not in the chain of %q", begin.Err)
				}
				return
			}
			if begin.Check != "" || begin.Err != "" {
				t.Fatalf("Check says %q, Open %q", begin.Check, begin.Err)
			}
			target.burst()
			prober.order("end")
			checkMeasured(t, hear[measured](prober), c.name == "CAP_SYS_ADMIN")
		})
	}
}

// checkMeasured checks for the numbers that a burst must leave.
func checkMeasured(t *testing.T, m measured, cost bool) {
	t.Helper()
	if m.Err != "" {
		t.Errorf("the probe ended with %q", m.Err)
	}
	// Each turn wakes a thread, unless that thread does not sleep yet.
	if got := m.Counts["wakes_issued"] + m.Counts["wakes_raced"] + m.Counts["wakes_elided"]; got < 2*burst || m.Counts["wakes_issued"] == 0 {
		t.Errorf("%d wake-ups were seen of at least %d: %v", got, 2*burst, m.Counts)
	}
	if m.Records == 0 {
		t.Error("no record was kept")
	}
	if got := m.Note == ""; got != cost {
		t.Errorf("cost measured: %v, want %v (%q)", got, cost, m.Note)
	}
	if !cost && m.Note != "cost per event not measured: needs CAP_SYS_ADMIN" {
		t.Errorf("the cost's note is %q", m.Note)
	}
}

// TestFileCapabilities follows the advice of the refusal: a program file with
// the capabilities can probe for a user who has none.
func TestFileCapabilities(t *testing.T) {
	requireRoot(t)
	program := binaryForAll(t)
	// These are the bytes that setcap(8) writes: vfs_cap_data, version 2, with
	// the effective bit.
	attribute := make([]byte, 20)
	binary.LittleEndian.PutUint32(attribute, 0x02000001)
	for _, c := range needed {
		word := 4 + 8*(c/32)
		binary.LittleEndian.PutUint32(attribute[word:], binary.LittleEndian.Uint32(attribute[word:])|1<<(c%32))
	}
	err := unix.Setxattr(program, "security.capability", attribute, 0)
	if errors.Is(err, unix.ENOTSUP) {
		t.Skipf("the file system of %s keeps no capabilities", program)
	} else if err != nil {
		t.Fatal(err)
	}
	target := startPingPong(t, binaryForAll(t), asNobody())
	prober := startChild(t, program, "probe", asNobody(), targetVariable+"="+strconv.Itoa(target.pid()))
	if begin := hear[opened](prober); begin.Check != "" || begin.Err != "" {
		t.Fatalf("Check says %q, Open %q", begin.Check, begin.Err)
	}
	target.burst()
	prober.order("end")
	checkMeasured(t, hear[measured](prober), false)
}

// TestUserNamespace checks that capabilities within a user namespace do not
// suffice.
func TestUserNamespace(t *testing.T) {
	requireRoot(t)
	root := []syscall.SysProcIDMap{{ContainerID: 0, HostID: nobody, Size: 1}}
	attr := &syscall.SysProcAttr{
		Cloneflags: unix.CLONE_NEWUSER, UidMappings: root, GidMappings: root,
		Credential: &syscall.Credential{NoSetGroups: true}, // root inside, user nobody outside
	}
	prober := startChild(t, binaryForAll(t), "probe", attr)
	begin := hear[opened](prober)
	for what, text := range map[string]string{"Check": begin.Check, "Open": begin.Err} {
		if !strings.Contains(text, "CAP_BPF and CAP_PERFMON only in a user namespace of its own") {
			t.Errorf("%s says %q", what, text)
		}
	}
}

// TestMounts hides the files that the probe needs, in a mount namespace of its
// own.
func TestMounts(t *testing.T) {
	requireRoot(t)
	for _, c := range []struct{ hide, want string }{
		{"/sys/kernel/btf", "CONFIG_DEBUG_INFO_BTF=y"},
		{"/sys", "mount -t sysfs sysfs /sys"},
		{"/proc", "mount -t proc proc /proc"},
	} {
		t.Run(c.hide, func(t *testing.T) {
			prober := startChild(t, "/proc/self/exe", "probe", &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWNS},
				hideVariable+"="+c.hide, targetVariable+"="+strconv.Itoa(os.Getpid()))
			begin := hear[opened](prober)
			if !strings.Contains(begin.Err, c.want) {
				t.Errorf("Open says %q, want %q", begin.Err, c.want)
			}
			if c.hide != "/proc" && !strings.Contains(begin.Check, c.want) {
				t.Errorf("Check says %q, want %q", begin.Check, c.want)
			}
		})
	}
}
