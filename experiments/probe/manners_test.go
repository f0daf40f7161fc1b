package probe

import (
	"errors"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"lflab/experiments/probe/bpf"
	"lflab/experiments/probe/stage"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
	"golang.org/x/sys/unix"
)

// livingPrograms returns those of ids that the kernel still has.
func livingPrograms(t *testing.T, ids []uint32) (living []uint32) {
	t.Helper()
	for id := ebpf.ProgramID(0); ; {
		next, err := ebpf.ProgramGetNextID(id)
		if errors.Is(err, os.ErrNotExist) {
			return living
		} else if err != nil {
			t.Fatal(err)
		}
		if id = next; slices.Contains(ids, uint32(id)) {
			living = append(living, uint32(id))
		}
	}
}

func livingLinks(t *testing.T, ids []uint32) (living []uint32) {
	t.Helper()
	for _, id := range ids {
		l, err := link.NewFromID(link.ID(id))
		switch {
		case err == nil:
			l.Close()
			living = append(living, id)
		case !errors.Is(err, unix.ENOENT) && !errors.Is(err, unix.EAGAIN): // gone or about to go
			t.Fatalf("link %d: %v", id, err)
		}
	}
	return living
}

func livingMaps(t *testing.T, ids []uint32) (living []uint32) {
	t.Helper()
	for id := ebpf.MapID(0); ; {
		next, err := ebpf.MapGetNextID(id)
		if errors.Is(err, os.ErrNotExist) {
			return living
		} else if err != nil {
			t.Fatal(err)
		}
		if id = next; slices.Contains(ids, uint32(id)) {
			living = append(living, uint32(id))
		}
	}
}

// requireIDs skips a test that lists the kernel's BPF objects if the process
// may not do so.
func requireIDs(t *testing.T) {
	t.Helper()
	requireCheck(t)
	if !lookAround(os.DirFS("/")).effective.has(capSysAdmin) {
		t.Skip("listing the kernel's BPF objects needs CAP_SYS_ADMIN, which this process lacks")
	}
}

// mapIDs returns the IDs of the maps that the programs of a probe use.
func mapIDs(t *testing.T, p *Probe) []uint32 {
	t.Helper()
	var ids []uint32
	for _, program := range []*ebpf.Program{p.program(bpf.ProbeProgEnter), p.program(bpf.ProbeProgLeave), p.objects.Seed} {
		info, err := program.Info()
		if err != nil {
			t.Fatal(err)
		}
		used, _ := info.MapIDs()
		for _, id := range used {
			ids = append(ids, uint32(id))
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

func TestCloseLeavesNothing(t *testing.T) {
	requireIDs(t)
	before := bpfDescriptors(t)
	programs, links, maps := openAndClose(t)
	if got := livingLinks(t, links); len(got) > 0 {
		t.Errorf("links %v are attached after Close", got)
	}
	if got := bpfDescriptors(t); got != before {
		t.Errorf("%d descriptors of kernel objects are open after Close, %d were before Open", got, before)
	}
	// The kernel unloads programs after a grace period. It frees the memory of
	// the variables when Go's garbage collector has unmapped it.
	waitFor(t, "programs and maps to be unloaded", func() bool {
		runtime.GC()
		return len(livingPrograms(t, programs))+len(livingMaps(t, maps)) == 0
	})
}

// openAndClose closes a probe in the middle of its measurement.
func openAndClose(t *testing.T) (programs, links, maps []uint32) {
	t.Helper()
	target := startPingPong(t, "/proc/self/exe", nil)
	p, err := Open(Options{PIDs: []int{target.pid()}, Requests: true, Calls: true})
	if err != nil {
		t.Fatal(err)
	}
	programs, links = idsOf(p)
	maps = mapIDs(t, p)
	if got := livingPrograms(t, programs); len(got) < 8 || len(got) != len(programs) {
		t.Errorf("of the programs %v, %v are loaded", programs, got)
	}
	if got := livingLinks(t, links); len(got) != len(programs) || len(got) != len(links) {
		t.Errorf("of the links %v, %v are attached", links, got)
	}
	if got := livingMaps(t, maps); len(got) < 8 || len(got) != len(maps) {
		t.Errorf("of the maps %v, %v are there", maps, got)
	}
	if err := p.Start(); err != nil {
		t.Error(err)
	}
	target.burst()
	if err := errors.Join(p.Close(), p.Close()); err != nil {
		t.Errorf("closed twice, a probe says %v", err)
	}
	return programs, links, maps
}

// bpfDescriptors counts the open programs, maps and links of this process.
func bpfDescriptors(t *testing.T) (n int) {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if name, err := os.Readlink("/proc/self/fd/" + e.Name()); err == nil && strings.HasPrefix(name, "anon_inode:bpf") {
			n++
		}
	}
	return n
}

// TestKilledProbeLeavesNothing checks that the kernel detaches the programs of
// a probe that is killed.
func TestKilledProbeLeavesNothing(t *testing.T) {
	requireIDs(t)
	target := startPingPong(t, "/proc/self/exe", nil)
	prober := startChild(t, "/proc/self/exe", "probe", nil, targetVariable+"="+strconv.Itoa(target.pid()))
	begin := hear[opened](prober)
	if begin.Err != "" {
		t.Fatal(begin.Err)
	}
	if got := livingLinks(t, begin.Links); len(got) < 8 || len(got) != len(begin.Links) {
		t.Fatalf("of the links %v, %v are attached", begin.Links, got)
	}
	target.burst()
	if err := prober.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "links and programs to go", func() bool {
		return len(livingLinks(t, begin.Links))+len(livingPrograms(t, begin.Programs)) == 0
	})
	target.burst() // the target still works
}

// TestTwoProbes checks that two probes of one process measure the same.
func TestTwoProbes(t *testing.T) {
	requireCheck(t)
	target := startPingPong(t, "/proc/self/exe", nil)
	var probes [2]*Probe
	for i := range probes {
		p, err := Open(Options{PIDs: []int{target.pid()}, Requests: true, Calls: true})
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		probes[i] = p
	}
	for _, p := range probes {
		if err := p.Start(); err != nil {
			t.Fatal(err)
		}
	}
	target.burst()
	var results [2]*Result
	for i, p := range probes {
		if err := p.Stop(); err != nil {
			t.Fatal(err)
		}
		r, err := p.Result(stage.Unknown)
		if err != nil {
			t.Fatal(err)
		}
		if lost := r.Report().Lost; lost.Any() {
			t.Errorf("probe %d lost %+v", i, lost)
		}
		results[i] = r
	}
	for _, name := range []string{"wake_calls", "wakes_issued", "handoffs_bare"} {
		a, b := results[0].Count(name), results[1].Count(name)
		if a < burst || b < burst {
			t.Errorf("%s: %d and %d, want %d or more for %d turns", name, a, b, burst, burst)
		}
		// They differ by what happened between the two Starts and between the
		// two Stops.
		if d := max(a, b) - min(a, b); d > burst/10 {
			t.Errorf("%s: one probe saw %d, the other %d", name, a, b)
		}
	}
	if err := probes[0].Close(); err != nil {
		t.Fatal(err)
	}
	before := results[1].Count("wake_calls")
	if err := probes[1].Start(); err != nil {
		t.Fatal(err)
	}
	target.burst()
	counts, err := probes[1].Counts()
	if err != nil {
		t.Fatal(err)
	}
	if got := counts["wake_calls"]; got < before+burst {
		t.Errorf("after the other was closed, a probe saw %d wake calls, want %d or more", got, before+burst)
	}
}

// TestDescriptors checks that a probe closes every descriptor, also if it
// cannot begin.
func TestDescriptors(t *testing.T) {
	requireCheck(t)
	target := startPingPong(t, "/proc/self/exe", nil)
	var crowd []int // one more than the programs' table of targets holds
	for range 65 {
		cmd := exec.Command("sleep", "60")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
		})
		crowd = append(crowd, cmd.Process.Pid)
	}
	attempts := []struct {
		name, refusal string
		o             Options
	}{
		{"histograms", "", Options{PIDs: []int{target.pid()}}},
		{"records", "", Options{PIDs: []int{target.pid()}, Requests: true, Calls: true}},
		{"odd ring", "ring buffer of 12345 bytes", Options{PIDs: []int{target.pid()}, Requests: true, RingBytes: 12345}},
		{"crowd", "at most 64 processes", Options{PIDs: crowd}},
	}
	try := func() {
		for _, a := range attempts {
			p, err := Open(a.o)
			if a.refusal != "" {
				if err == nil || !strings.Contains(err.Error(), a.refusal) {
					t.Errorf("%s: Open says %v, want %q", a.name, err, a.refusal)
				}
				p.Close() // p is nil
				continue
			}
			if err != nil {
				t.Fatalf("%s: %v", a.name, err)
			}
			if err := errors.Join(p.Start(), p.Stop(), p.Close()); err != nil {
				t.Errorf("%s: %v", a.name, err)
			}
		}
		Hooks()
	}
	try() // the first time runtime and library open some for good
	before := descriptors(t)
	try()
	if after := descriptors(t); after != before {
		t.Errorf("%d descriptors are open, %d were before", after, before)
	}
}

// descriptors counts the open files of this process.
func descriptors(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}
