package cas

import "testing"

// watched makes a pool with a sentinel, thread 1, whose leader is thread 0.
func watched(t *testing.T, threads, leaders int) (*Leadership, Watch) {
	t.Helper()
	l := NewLeadership(threads, leaders)
	l.word.Store(uint64(NewWord(0)))
	for j := (Join{Me: 1, Watched: true}); ; {
		switch r := j.Step(l); r {
		case JoinMore:
			continue
		case Watches:
		default:
			t.Fatalf("joins: %v, want Watches", r)
		}
		break
	}
	return l, Watch{Me: 1, Slots: uint8(leaders)}
}

func watch(l *Leadership, w *Watch) WatchResult {
	for {
		if r := w.Step(l); r != WatchMore {
			return r
		}
	}
}

func hold(l *Leadership, h *Hold) HoldResult {
	for {
		if r := h.Step(l); r != HoldMore {
			return r
		}
	}
}

func promote(l *Leadership, p Promote) (PromoteResult, uint16) {
	for {
		if r := p.Step(l); r != PromoteMore {
			return r, p.Heir
		}
	}
}

func expect(t *testing.T, l *Leadership, what string, got, want any) {
	t.Helper()
	if got != want {
		t.Fatalf("%s: %v, want %v; word %v, sentinel %x", what, got, want, l.Load(), l.Sentinel())
	}
}

func TestSentinelWord(t *testing.T) {
	for _, thread := range []uint16{0, 1, End - 1} {
		s := sentinel(thread)
		if s == NoSentinel || s.Thread() != thread || s.Asleep() || !(s | asleepBit).Asleep() || (s|asleepBit).Thread() != thread {
			t.Errorf("thread %d: %x names %d, asleep %v", thread, s, s.Thread(), s.Asleep())
		}
	}
}

// TestTaken checks that the sentinel takes the leadership from a leader that
// processes.
func TestTaken(t *testing.T) {
	l, w := watched(t, 3, 2)
	expect(t, l, "nothing happens", watch(l, &w), WatchQuiet)
	h := Hold{Slot: 1}
	expect(t, l, "leader begins", hold(l, &h), Held)
	expect(t, l, "busy", l.Lease(1).Busy() && l.Lease(1) == h.Mine, true)
	expect(t, l, "sentinel sees it", watch(l, &w), WatchBusy)
	expect(t, l, "in slot", w.Slot, uint8(1))
	w.Take()
	expect(t, l, "and takes it", watch(l, &w), WatchLeads)
	expect(t, l, "slot", w.Slot, uint8(1))
	expect(t, l, "there is no sentinel", l.Sentinel(), NoSentinel)
	expect(t, l, "the leader that was has lost it", l.End(1, h.Mine), false)
	again := Hold{Slot: 1}
	expect(t, l, "the new one begins unwatched", hold(l, &again), HeldAlone)
	expect(t, l, "a late end does not end its lease", l.End(1, h.Mine) || !l.Lease(1).Busy(), false)
	expect(t, l, "its own does", l.End(1, again.Mine), true)
}

// TestTakenTooLate checks that the sentinel takes nothing if the leader ends
// first.
func TestTakenTooLate(t *testing.T) {
	l, w := watched(t, 2, 1)
	h := Hold{}
	hold(l, &h)
	expect(t, l, "sentinel sees it", watch(l, &w), WatchBusy)
	expect(t, l, "leader ends", l.End(0, h.Mine), true)
	w.Take()
	expect(t, l, "the sentinel is too late, and sees nothing", watch(l, &w), WatchQuiet)
	h = Hold{}
	hold(l, &h)
	w.Look()
	expect(t, l, "it sees the next event", watch(l, &w), WatchBusy)
	expect(t, l, "which it leaves", w.Pass(), WatchQuiet)
	expect(t, l, "with the leader", l.End(0, h.Mine), true)
}

// TestSleep checks that a leader that begins to process, and one that frees its
// slot, wake the sleeping sentinel.
func TestSleep(t *testing.T) {
	l, w := watched(t, 3, 1)
	doze := func() {
		t.Helper()
		w.Look()
		expect(t, l, "nothing happens", watch(l, &w), WatchQuiet)
		w.Sleep()
		expect(t, l, "sentinel sleeps", watch(l, &w), WatchSleep)
		expect(t, l, "and says so", l.Sentinel(), sentinel(1)|asleepBit)
	}
	doze()
	h := Hold{}
	expect(t, l, "leader begins", hold(l, &h), HoldWake)
	expect(t, l, "and wakes", h.Heir, uint16(1))
	expect(t, l, "sentinel sees it", watch(l, &w), WatchBusy)
	h2 := Hold{}
	l.End(0, h.Mine)
	expect(t, l, "a second begin does not wake a sentinel that is awake", hold(l, &h2), Held)
	l.End(0, h2.Mine)

	doze()
	r, heir := promote(l, Promote{Way: Silent, Watched: true})
	expect(t, l, "a silent promotion", [2]any{r, heir}, [2]any{Promoted, uint16(1)})
	expect(t, l, "sentinel sees it", watch(l, &w), WatchFree)
	w.Claim()
	expect(t, l, "and takes it", watch(l, &w), WatchLeads)

	// A sentinel that wakes without a reason goes back to sleep.
	l, w = watched(t, 2, 1)
	doze()
	expect(t, l, "awake for nothing", watch(l, &w), WatchQuiet)
	expect(t, l, "it does not say that it sleeps", l.Sentinel(), sentinel(1))
}

// TestSleepIsTakenBack lets something happen after the sentinel has said that
// it sleeps and before it looks once more.
func TestSleepIsTakenBack(t *testing.T) {
	l, w := watched(t, 2, 1)
	watch(l, &w)
	w.Sleep()
	w.Step(l) // asleep
	h := Hold{}
	expect(t, l, "leader begins", hold(l, &h), HoldWake)
	expect(t, l, "the sentinel finds it itself", watch(l, &w), WatchBusy)
	l.End(0, h.Mine)

	w.Look()
	expect(t, l, "quiet again", watch(l, &w), WatchQuiet)
	w.Sleep()
	w.Step(l) // asleep
	r, _ := promote(l, Promote{Way: Silent, Watched: true})
	expect(t, l, "leadership is freed", r, Promoted)
	expect(t, l, "the sentinel finds that, too", watch(l, &w), WatchFree)
	expect(t, l, "and is awake", l.Sentinel(), sentinel(1))
}

// TestWays gives up the leadership in each way, with and without followers.
func TestWays(t *testing.T) {
	for _, c := range []struct {
		way       Way
		followers []uint16
		result    PromoteResult
		heir      uint16
		promise   Promise
		free      int
	}{
		{Named, nil, Freed, End, 0, 1},
		{Named, []uint16{2, 1}, Promoted, 1, Granted, 0},
		{Open, nil, Freed, End, 0, 1},
		{Open, []uint16{2, 1}, Promoted, 1, Called, 1},
		{Silent, nil, Freed, End, 0, 1},
		{Silent, []uint16{2, 1}, Freed, 1, NoPromise, 1},
		{Calling, nil, Freed, End, 0, 0},
		{Calling, []uint16{2, 1}, Promoted, 1, Called, 0},
	} {
		l := led(t, 3, 1, c.followers...)
		r, heir := promote(l, Promote{Way: c.way})
		if r != c.result || heir != c.heir || l.Load().Free() != c.free || heir != End && l.Promise(heir).Kind() != c.promise {
			t.Errorf("way %d with followers %v: %v heir %d, word %v; want %v heir %d promised %v and %d free",
				c.way, c.followers, r, heir, l.Load(), c.result, c.heir, c.promise, c.free)
		}
	}
}

// TestSilentWithoutSentinel checks that a silent promotion, which wakes no thread
// as long as a sentinel watches the leader's slot, wakes a follower if none does.
func TestSilentWithoutSentinel(t *testing.T) {
	l := led(t, 3, 1, 1, 2)
	r, heir := promote(l, Promote{Way: Silent, Watched: true})
	expect(t, l, "silent, without a sentinel", [2]any{r, heir}, [2]any{Promoted, uint16(2)})
	expect(t, l, "top follower", l.Promise(2), Called)
	j := Join{Me: 2, Watched: true}
	for j.Step(l) == JoinMore {
	}
	expect(t, l, "which finds the slot", [2]any{j.Slot, l.Load().Free()}, [2]any{uint8(0), 0})
}

// TestPushedWhileNobodyWatches makes the sentinel the leader after a thread has
// looked for the sentinel and before it pushes itself.
func TestPushedWhileNobodyWatches(t *testing.T) {
	l, w := watched(t, 3, 1)
	j := Join{Me: 2, Watched: true}
	for j.PC != JoinPush {
		j.Step(l)
	}
	h := Hold{}
	hold(l, &h)
	watch(l, &w)
	w.Take()
	expect(t, l, "sentinel leads", watch(l, &w), WatchLeads)
	r, _ := promote(l, Promote{Way: Calling})
	expect(t, l, "and finds no follower to call", r, Freed)
	for {
		if r := j.Step(l); r != JoinMore {
			expect(t, l, "a thread that joins now sees that there is no sentinel", r, FollowsAlone)
			break
		}
	}
	r, heir := promote(l, Promote{Way: Calling})
	expect(t, l, "and calls the follower", [2]any{r, heir}, [2]any{Promoted, uint16(2)})
}

// TestEndTellsTheSentinel checks that the end is told to the sentinel last and
// once.
func TestEndTellsTheSentinel(t *testing.T) {
	l, w := watched(t, 4, 1)
	for _, i := range []uint16{2, 3} {
		for j := (Join{Me: i, Watched: true}); j.Step(l) == JoinMore; {
		}
	}
	var told []uint16
	end := Terminate{Watched: true}
	for r := TerminateMore; r != Terminated; {
		if r = end.Step(l); r == TerminateWake {
			told = append(told, end.Heir)
		}
	}
	if len(told) != 3 || told[0] != 3 || told[1] != 2 || told[2] != 1 {
		t.Errorf("told %v, want 3, 2 and the sentinel, 1", told)
	}
	expect(t, l, "sentinel", watch(l, &w), WatchEnds)
}
