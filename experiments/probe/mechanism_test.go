package probe

import (
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"lflab/experiments/probe/stage"
)

// compiled compiles a program of testdata. It skips the test if there is no
// compiler.
func compiled(t *testing.T, name string) string {
	t.Helper()
	cc, err := exec.LookPath("cc")
	if err != nil {
		t.Skip("no C compiler is installed [apt-get install gcc libc6-dev]")
	}
	program := filepath.Join(t.TempDir(), name)
	out, err := exec.Command(cc, "-O1", "-pthread", "-o", program, filepath.Join("testdata", name+".c"), "-lrt").CombinedOutput()
	if err != nil {
		t.Fatalf("compile %s: %v\n%s", name, err, out)
	}
	return program
}

// kindsOf gives the counter of each mechanism's wake-ups by the beginning of its
// name.
var kindsOf = []struct{ prefix, counter string }{
	{"futex", "wakes_futex"}, {"semaphore", "wakes_futex"}, {"condition", "wakes_futex"}, {"uring-futex", "wakes_futex"},
	{"eventfd", "wakes_eventfd"}, {"uring-read", "wakes_eventfd"}, {"compat", "wakes_eventfd"},
	{"pipe", "wakes_pipe"}, {"socket", "wakes_socket"}, {"signal", "wakes_signal"}, {"semop", "wakes_semaphore"},
	{"mqueue", "wakes_queue"}, {"msgqueue", "wakes_queue"}, {"epoll_ctl", "wakes_epoll"}, {"uring-msg_ring", "wakes_uring"},
	{"flock", "wakes_lock"}, {"ofd-lock", "wakes_lock"}, {"close", "wakes_close"}, {"exit", "wakes_exit"},
}

func kindOf(t *testing.T, name string) string {
	t.Helper()
	for _, k := range kindsOf {
		if strings.HasPrefix(name, k.prefix) {
			return k.counter
		}
	}
	t.Fatalf("the kind of %q is not known", name)
	return ""
}

// mechanismTargets starts a target (testdata/mechanisms.c) of each mechanism that
// this kernel has. An order makes it hand over n times.
func mechanismTargets(t *testing.T, program, mode string, n int) (names []string, targets map[string]*liveTarget) {
	t.Helper()
	list, err := exec.Command(program).Output()
	if err != nil {
		t.Fatal(err)
	}
	targets = map[string]*liveTarget{}
	for name := range strings.FieldsSeq(string(list)) {
		c := launch(t, exec.Command(program, name, mode, strconv.Itoa(n)))
		word, rest, _ := strings.Cut(c.answer(), " ")
		switch word {
		case "ready":
			names = append(names, name)
			targets[name] = &liveTarget{child: c, PID: c.pid(), addr: rest}
		case "skip":
			t.Logf("%s: %s", name, rest)
		default:
			t.Fatalf("the target %s says %q", name, word)
		}
	}
	return names, targets
}

// TestKnownMechanisms checks that a wake-up of one thread by another is seen and
// counted under its kind, whatever the mechanism, and that a hand-over to a thread
// that does not sleep is none. One probe follows all targets, because a start takes
// long.
func TestKnownMechanisms(t *testing.T) {
	requireCheck(t)
	program := compiled(t, "mechanisms")
	for _, c := range []struct {
		mode  string
		n     int
		serve bool
		want  map[string]bool // whether a counter grows by n, else by nothing
	}{
		{mode: "pair", n: 200, want: map[string]bool{"wakes_issued": true, "kind": true, "handoffs_bare": true, "wakes_wasted": false, "wakes_other": false, "handoffs_item": false}},
		{mode: "spin", n: 50, want: map[string]bool{"wakes_issued": false, "kind": false, "handoffs_bare": false}},
		{mode: "serve", n: 20, serve: true, want: map[string]bool{"wakes_issued": true, "kind": true, "handoffs_item": true, "handoffs_bare": false,
			"wakes_wasted": false, "connections": true, "requests": true, "requests_passed": true, "requests_queued": false, "requests_slept": false}},
		{mode: "servespin", n: 20, serve: true, want: map[string]bool{"wakes_issued": false, "handoffs_item": false, "connections": true, "requests": true,
			"requests_passed": false, "requests_queued": true, "requests_slept": false}},
	} {
		t.Run(c.mode, func(t *testing.T) {
			names, targets := mechanismTargets(t, program, c.mode, c.n)
			if len(names) < 20 {
				t.Errorf("this kernel has %d mechanisms, want 20 or more", len(names))
			}
			var pids []int
			for _, name := range names {
				pids = append(pids, targets[name].PID)
			}
			p, err := Open(Options{PIDs: pids})
			if err != nil {
				t.Fatal(err)
			}
			defer p.Close()
			if err := p.Start(); err != nil {
				t.Fatal(err)
			}
			counts := func() map[string]uint64 {
				all, err := p.Counts()
				if err != nil {
					t.Fatal(err)
				}
				return all
			}
			total := uint64(0)
			for _, name := range names {
				exactly(t, func(t testing.TB) {
					before := counts()
					if c.serve {
						targets[name].load(1, c.n, 1)
					} else {
						targets[name].order("")
						targets[name].expect("")
					}
					after := counts()
					total += after["wakes_issued"] - before["wakes_issued"]
					for counter, grows := range c.want {
						if counter == "kind" {
							counter = kindOf(targets[name].t, name)
						}
						low, high, got := 0, 0, int(after[counter]-before[counter])
						if grows {
							low, high = c.n, c.n
						}
						switch counter {
						case "handoffs_bare": // the last one is settled by the next
							low = max(0, low-1)
							high++
						case "requests_queued": // before the first connection the other thread sleeps
							low = max(0, low-1)
						case "requests_slept":
							high++
						}
						if got < low || got > high {
							t.Errorf("%s: %s has grown by %d, want %d to %d", name, counter, got, low, high)
						}
					}
				})
			}
			if err := p.Stop(); err != nil {
				t.Fatal(err)
			}
			r, err := p.Result(stage.Unknown)
			if err != nil {
				t.Fatal(err)
			}
			listed := uint64(0)
			for _, m := range r.Report().Mechanisms {
				listed += m.Count
				if m.Kind == "unknown" || strings.HasPrefix(m.By+m.In, "call ") {
					t.Errorf("%d wake-ups are listed as %s: %s wakes %s", m.Count, m.Kind, m.By, m.In)
				}
			}
			if listed != total {
				t.Errorf("%d wake-ups are listed by their calls, %d were issued", listed, total)
			}
			(&outcome{Result: r, lost: r.Report().Lost}).whole(t)
		})
	}
}
