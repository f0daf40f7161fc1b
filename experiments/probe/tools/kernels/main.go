// Command kernels is the only program of a small virtual machine. It tries each
// hook of the probe on the machine's kernel, probes a short run with known
// numbers, and prints what the probe saw. The script run in this directory
// boots kernels with it.
package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"lflab/experiments/probe"
)

// The last line of the output. It tells the script that the output is complete.
const (
	passed = "kernel passed"
	failed = "kernel failed"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "target" {
		beTarget()
		return
	}
	if os.Getpid() == 1 {
		err := prepare()
		if err == nil {
			err = check()
		}
		conclude(err)
		// The machine stops when its first process ends.
		unix.Sync()
		fmt.Fprintln(os.Stderr, "power off the machine:", unix.Reboot(unix.LINUX_REBOOT_CMD_RESTART))
		return
	}
	if err := check(); err != nil {
		fmt.Fprintln(os.Stderr, "kernels:", err)
		os.Exit(1)
	}
}

func conclude(err error) {
	if err != nil {
		fmt.Printf("%v\n%s\n", err, failed)
		return
	}
	fmt.Println(passed)
}

// prepare mounts the file systems that the probe reads, and brings up the
// loopback device, as a distribution's init does.
func prepare() error {
	for _, m := range []struct{ kind, dir string }{{"proc", "/proc"}, {"sysfs", "/sys"}, {"devtmpfs", "/dev"}, {"tmpfs", "/tmp"}} {
		if err := os.MkdirAll(m.dir, 0o755); err != nil {
			return err
		}
		if err := unix.Mount(m.kind, m.dir, m.kind, 0, ""); err != nil {
			return fmt.Errorf("mount %s: %w", m.dir, err)
		}
	}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	lo, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	lo.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	if err := unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, lo); err != nil {
		return fmt.Errorf("bring the loopback device up: %w", err)
	}
	return nil
}

func check() error {
	var name unix.Utsname
	if err := unix.Uname(&name); err != nil {
		return err
	}
	fmt.Printf("\nkernel %s, %s\n", unix.ByteSliceToString(name.Release[:]), unix.ByteSliceToString(name.Version[:]))
	if err := hooks(); err != nil {
		return err
	}
	return errors.Join(pingPong(), serve(), knownAnswers())
}

func hooks() error {
	var missing []string
	for _, s := range probe.Hooks() {
		verdict := "ok"
		switch {
		case s.Err != nil && s.Needed:
			verdict = "MISSING"
			missing = append(missing, s.Point)
		case s.Err != nil:
			verdict = "absent"
		}
		fmt.Printf("hook %-20s %-8s %s\n", s.Point, verdict, s.Sentence)
	}
	if len(missing) > 0 {
		return fmt.Errorf("hooks that the probe needs are missing: %s", strings.Join(missing, ", "))
	}
	return nil
}

// knownAnswers runs the package's tests with known answers, if the script has
// put their program into the machine.
func knownAnswers() error {
	const tests = "/probe.test"
	if _, err := os.Stat(tests); err != nil {
		return nil
	}
	// The virtual machine may be emulated, so tests can be very slow.
	cmd := exec.Command(tests, "-test.run=^TestKnown", "-test.v", "-test.timeout=10m")
	cmd.Env = append(os.Environ(), "LFLAB_REQUIRE_BPF=1", "PATH=/")
	began := time.Now()
	out, err := cmd.CombinedOutput()
	for line := range strings.Lines(string(out)) {
		if !strings.HasPrefix(line, "=== ") {
			fmt.Print("known ", line)
		}
	}
	if err != nil {
		return fmt.Errorf("known answers, after %.0f s: %w", time.Since(began).Seconds(), err)
	}
	return nil
}
