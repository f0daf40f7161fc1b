package mpm

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"

	"lflab/lf"
	"lflab/lf/flight"
	"lflab/sync/park"
)

// calls returns the system calls that the server's threads are in, as the
// kernel shows them. It returns false if the kernel does not.
func (r *rig) calls() (all []string, ok bool) {
	for _, tid := range r.tids() {
		call, err := os.ReadFile(fmt.Sprintf("/proc/self/task/%d/syscall", tid))
		if _, here := os.Stat("/proc/self/syscall"); here != nil || errors.Is(err, os.ErrPermission) {
			r.t.Log("cannot see what threads wait in")
			return nil, false
		}
		all = append(all, string(call)) // empty for a thread that has just ended
	}
	return all, true
}

// inCall counts the threads in a system call. It returns false if the kernel
// does not tell.
func (r *rig) inCall(number int) (n int, ok bool) {
	calls, ok := r.calls()
	for _, call := range calls {
		if strings.HasPrefix(call, fmt.Sprintf("%d ", number)) {
			n++
		}
	}
	return n, ok
}

// TestWhoAccepts checks which threads of an idle server wait in accept4, or in
// the chosen accept mode's call: only the leader or listener, but all threads
// of kernel. Of event and reactor one thread waits in the set, of percore all.
func TestWhoAccepts(t *testing.T) {
	type wait struct{ call, threads int }
	want := map[string]wait{
		"mpm=leader":                        {unix.SYS_ACCEPT4, 1},
		"mpm=leader/accept=poll":            {unix.SYS_PPOLL, 1},
		"mpm=leader/accept=epoll":           {unix.SYS_EPOLL_PWAIT, 1},
		"mpm=leader/accept=uring":           {unix.SYS_IO_URING_ENTER, 1},
		"mpm=worker":                        {unix.SYS_ACCEPT4, 1},
		"mpm=event":                         {unix.SYS_EPOLL_PWAIT, 1},
		"mpm=reactor":                       {unix.SYS_EPOLL_PWAIT, 1},
		"mpm=kernel":                        {unix.SYS_ACCEPT4, 4},
		"mpm=kernel/accept=epoll-et":        {unix.SYS_EPOLL_PWAIT, 4},
		"mpm=kernel/accept=epoll-exclusive": {unix.SYS_EPOLL_PWAIT, 4},
		"mpm=kernel/accept=uring-single":    {unix.SYS_IO_URING_ENTER, 4},
		"mpm=percore":                       {unix.SYS_EPOLL_PWAIT, 4},
	}
	tested := slices.DeleteFunc(variants(), func(v variant) bool { return want[v.String()].threads == 0 })
	each(t, tested, func(t *testing.T, v variant) {
		want := want[v.String()]
		r := startVariant(t, v, setup{})
		for range 3 {
			until(t, fmt.Sprintf("%d threads in system call %d", want.threads, want.call), func() bool {
				n, ok := r.inCall(want.call)
				return n == want.threads || !ok
			})
			r.check()
		}
	})
}

// TestLeaderAccounts checks that each connection is one event, that each
// leadership brings one event and comes from a promotion or a free slot, and
// that only promoted threads are woken.
func TestLeaderAccounts(t *testing.T) {
	unchanged(t)
	for _, parker := range primitives() {
		for _, threads := range []int{1, 2, 8} {
			t.Run(fmt.Sprintf("primitive=%s/threads=%d", parker, threads), func(t *testing.T) {
				t.Parallel()
				r := start(t, "leader", setup{threads: threads, parker: parker})
				const clients, requests = 12, 10
				var crowd sync.WaitGroup
				for i := range clients {
					crowd.Go(func() {
						if err := visit(r.addr, i, requests, true); err != nil {
							t.Error(err)
						}
					})
				}
				crowd.Wait()
				// The next leader waits for an event that does not come.
				var c map[string]uint64
				until(t, "all events to be accounted for", func() bool {
					c = r.m.Status().Counters
					return c["events"] == clients*requests && c["promotions"]+c["direct_releads"] == c["events"]+1
				})
				if n := r.m.Status().Connections; n != c["events"] {
					t.Errorf("%d connections, %d events", n, c["events"])
				}
				if c["wakes_issued"] > c["promotions"] {
					t.Errorf("%d wake-ups for %d promotions", c["wakes_issued"], c["promotions"])
				}
				if threads == 1 && c["promotions"] != 0 {
					t.Errorf("a thread alone was promoted %d times", c["promotions"])
				}
				if c["handler_panics"] != 0 {
					t.Errorf("%d panics", c["handler_panics"])
				}
			})
		}
	}
}

func primitives() (names []string) {
	for _, kind := range park.Kinds() {
		names = append(names, kind.Name)
	}
	return names
}

// TestEveryPrimitive runs all architectures that park with all parkers.
func TestEveryPrimitive(t *testing.T) {
	unchanged(t)
	for _, parker := range primitives() {
		t.Run("primitive="+parker, func(t *testing.T) {
			t.Parallel()
			for _, kind := range Kinds() {
				if !kind.Parks {
					continue
				}
				t.Run("mpm="+kind.Name, func(t *testing.T) {
					r := start(t, kind.Name, setup{threads: 4, parker: parker})
					if got := r.m.Status().Primitive; got != parker {
						t.Errorf("status names %q", got)
					}
					var crowd sync.WaitGroup
					for i := range 8 {
						crowd.Go(func() {
							if err := visit(r.addr, i, 8, i%2 == 0); err != nil {
								t.Error(err)
							}
						})
					}
					crowd.Wait()
				})
			}
		})
	}
}

// TestFlight checks that each architecture's records yield the distributions of
// its shape.
func TestFlight(t *testing.T) {
	for _, kind := range Kinds() {
		t.Run("mpm="+kind.Name, func(t *testing.T) {
			recorder := flight.New(1 << 10)
			r := start(t, kind.Name, setup{threads: 4, recorder: recorder, change: func(c *Config) {
				if kind.Pool {
					c.Promotion = lf.Handoff // one for each event
				}
			}})
			if err := r.listener.Stamp(true); err != nil {
				t.Fatal(err)
			}
			handsOff := kind.Shape != flight.NoHandoff
			var s flight.Summary
			var overwritten uint64
			// Try again if the kernel does not stamp yet, or if threads had no
			// time to fall asleep between requests.
			until(t, "the distributions", func() bool {
				recorder.On()
				if err := visit(r.addr, 0, 100, true); err != nil {
					t.Fatal(err)
				}
				r.idle()
				recorder.Off()
				var records []flight.Thread
				records, overwritten = recorder.Records()
				s = flight.Merge(records, kind.Shape, flight.Window{})
				gaps := s.Gap.TotalCount() + s.GapNoLeader.TotalCount()
				return s.Dispatch.TotalCount() >= 90 && (!handsOff || s.Handoff.TotalCount() >= 50 && gaps >= 50)
			})
			if s.Handler.TotalCount() < 99 || overwritten != 0 || s.Unmatched > 4 {
				t.Errorf("%d handlers, %d overwritten, %d unmatched", s.Handler.TotalCount(), overwritten, s.Unmatched)
			}
			if s.Dispatch.Min() < 1 || s.Dispatch.Max() >= 59e9 {
				t.Errorf("D from %d to %d ns", s.Dispatch.Min(), s.Dispatch.Max())
			}
			if !handsOff && s.Handoff.TotalCount()+s.Gap.TotalCount()+s.GapNoLeader.TotalCount() != 0 {
				t.Error("there are hand-offs where there can be none")
			}
		})
	}
}
