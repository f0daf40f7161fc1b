package probe

import (
	"testing"

	"lflab/experiments/probe/stage"
)

// Servers with three threads that take turns at the same listener, and wait for
// it in different ways.
func init() {
	for kind, wait := range map[string]func(set, listener uintptr){
		"waits-accept": func(set, listener uintptr) {},
		"waits-epoll":  func(set, listener uintptr) { poll(set) },
		"waits-poll":   func(set, listener uintptr) { pollOne(listener) },
		"waits-select": func(set, listener uintptr) { selectOne(listener) },
	} {
		live[kind] = func(args []string) (string, func(int)) {
			listener, addr := listen(args)
			set := readySet(listener)
			var leadership word
			leadership.give()
			for range 3 {
				thread(func() {
					for {
						leadership.take()
						wait(set, listener)
						fd := accept(listener)
						once(set, epollMod, listener)
						leadership.give()
						serve(fd)
					}
				})
			}
			return addr, nil
		}
	}
}

// TestWaitsBeforeAccept checks that a gap ends when the next thread waits for the
// listener, whether it waits in accept, epoll_wait, poll or select: before the next
// connection comes, because the client lets the server rest first.
func TestWaitsBeforeAccept(t *testing.T) {
	requireCheck(t)
	const n = 12
	for _, kind := range []string{"waits-accept", "waits-epoll", "waits-poll", "waits-select"} {
		t.Run(kind, func(t *testing.T) {
			target := startTarget(t, kind)
			target.rest()
			exactly(t, func(t testing.TB) {
				o := watched(t, Options{PIDs: []int{target.PID}, Requests: true}, func() {
					for range n {
						target.load(1, 1, 1)
						target.rest()
					}
				})
				if got := len(o.Gaps); got != n {
					t.Errorf("%d gaps, want %d, one after each connection", got, n)
				}
				for i, gap := range o.Gaps {
					if i+1 < len(o.Requests) && gap.Time > o.Requests[i+1].Established {
						t.Errorf("gap %d ends at %d, after the next connection came at %d", i, gap.Time, o.Requests[i+1].Established)
					}
				}
				o.counts(t, map[string]uint64{"connections": n, "requests": n})
			})
		})
	}
}

// TestEndedProcesses checks that ended processes take no room in the table and
// remain in the number of those that were followed.
func TestEndedProcesses(t *testing.T) {
	requireCheck(t)
	target := startTarget(t, "beget")
	p, err := Open(Options{PIDs: []int{target.PID}, Children: true})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	const n = 3
	for range n {
		target.play(1)
	}
	waitFor(t, "the children to leave the table", func() bool {
		left, pid, one := 0, uint32(0), uint8(0)
		for it := p.objects.Processes.Iterate(); it.Next(&pid, &one); {
			left++
		}
		return left == 1
	})
	if err := p.Stop(); err != nil {
		t.Fatal(err)
	}
	r, err := p.Result(stage.Unknown)
	if err != nil {
		t.Fatal(err)
	}
	if r.Processes < n+1 {
		t.Errorf("%d processes were followed, want %d or more", r.Processes, n+1)
	}
}
