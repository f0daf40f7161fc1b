package directive

import (
	"fmt"
	"testing"
)

// TestChain checks the numbers that depend on one another, in whatever order
// they were written.
func TestChain(t *testing.T) {
	type sums struct{ workers, children, start, least, most int }
	for _, c := range []struct {
		mpms  []string
		lines []string
		want  sums
		says  []string // each of level Warning
		hints []string // each of level Info
	}{
		{mpms: []string{"leader", "worker", "event"}, want: sums{400, 16, 3, 75, 250},
			hints: []string{"ServerLimit 16: leaves no spare slots (MaxRequestWorkers 400 = 16 children x 25 threads)"}},
		{mpms: []string{"leader", "worker", "event"}, lines: []string{"ThreadsPerChild 10"}, want: sums{160, 16, 3, 75, 250}},
		{mpms: []string{"leader", "worker", "event"}, lines: []string{"ServerLimit 2"}, want: sums{50, 2, 2, 75, 250},
			hints: []string{"StartServers 3: is more than MaxRequestWorkers 50 allows: 2 children"}},
		{mpms: []string{"leader", "worker", "event"}, lines: []string{"ThreadsPerChild 16", "MaxRequestWorkers 150"}, want: sums{144, 9, 3, 75, 250},
			says: []string{"MaxRequestWorkers 150: is not a multiple of ThreadsPerChild 16: 9 children x 16 threads = 144 is used (write 160 for 10 children)"}},
		{mpms: []string{"leader", "worker", "event"}, lines: []string{"ThreadsPerChild 16", "MaxRequestWorkers 150", "ServerLimit 9"}, want: sums{144, 9, 3, 75, 250},
			says: []string{"(write 160 and ServerLimit 10 for 10 children)"}},
		{mpms: []string{"leader", "worker", "event"}, lines: []string{"MaxRequestWorkers 5"}, want: sums{25, 1, 1, 75, 250},
			says: []string{"is less than one child's ThreadsPerChild 25"}},
		{mpms: []string{"leader", "worker", "event"}, lines: []string{"MaxRequestWorkers -5"}, want: sums{25, 1, 1, 75, 250},
			says: []string{"MaxRequestWorkers -5: is less than one child's"}},
		{mpms: []string{"leader", "worker", "event"}, lines: []string{"MaxRequestWorkers 1000"}, want: sums{400, 16, 3, 75, 250},
			says: []string{"MaxRequestWorkers 1000: would take 40 children of ThreadsPerChild 25, and ServerLimit is 16: 16 children x 25 threads = 400 is used (write ServerLimit 40"}},
		{mpms: []string{"leader", "worker", "event"}, lines: []string{"MaxRequestWorkers 1010"}, want: sums{400, 16, 3, 75, 250},
			says: []string{"MaxRequestWorkers 1010: is not a multiple", "MaxRequestWorkers 1000: would take 40 children"}},
		{mpms: []string{"leader", "worker", "event"}, lines: []string{"ThreadLimit 4", "ThreadsPerChild 8", "MaxRequestWorkers 10", "MinSpareThreads 0", "MaxSpareThreads 0", "StartServers 0"},
			want:  sums{8, 2, 1, 1, 6},
			says:  []string{"ThreadsPerChild 8: is more than ThreadLimit 4", "is not a multiple of ThreadsPerChild 4: 2 children", "MinSpareThreads 0: is less than 1", "StartServers 0"},
			hints: []string{"MaxSpareThreads 0: is too close to MinSpareThreads 1"}},
		{mpms: []string{"leader", "worker", "event"}, lines: []string{"ListenCoresBucketsRatio 2", "MinSpareThreads 3", "MaxSpareThreads 20", "StartServers 1"}, want: sums{400, 16, 4, 79, 183},
			hints: []string{"StartServers 1: leaves some of the 4 sockets", "MinSpareThreads 3: would leave some", "MaxSpareThreads 20: is too close to MinSpareThreads 79"}},
		{mpms: []string{"prefork"}, want: sums{256, 256, 5, 5, 10}},
		{mpms: []string{"prefork"}, lines: []string{"ServerLimit 4"}, want: sums{4, 4, 4, 5, 10}, hints: []string{"StartServers 5: is more than MaxRequestWorkers 4 allows: 4 children"}},
		{mpms: []string{"prefork"}, lines: []string{"MaxRequestWorkers 0"}, want: sums{1, 1, 1, 5, 10}, says: []string{"MaxRequestWorkers 0: is less than 1"}},
		{mpms: []string{"prefork"}, lines: []string{"MaxRequestWorkers 300"}, want: sums{256, 256, 5, 5, 10},
			says: []string{"would take 300 children, and ServerLimit is 256, which is used (write ServerLimit 300"}},
		{mpms: []string{"prefork"}, lines: []string{"MinSpareServers 20", "MaxSpareServers 5"}, want: sums{256, 256, 5, 20, 21},
			hints: []string{"MaxSpareServers 5: is too close to MinSpareServers 20, so children would start and end again and again: 21 idle children are used"}},
		{mpms: []string{"prefork"}, lines: []string{"ListenCoresBucketsRatio 2", "MinSpareServers 1", "MaxSpareServers 2", "StartServers 1"}, want: sums{256, 256, 4, 4, 8},
			hints: []string{"MinSpareServers 1: would leave some of the 4 sockets"}},
	} {
		for _, name := range c.mpms {
			for _, backwards := range []bool{false, true} {
				t.Run(fmt.Sprint(name, c.lines, backwards), func(t *testing.T) {
					text := ""
					for _, l := range c.lines {
						if backwards {
							text = l + "\n" + text
						} else {
							text += l + "\n"
						}
					}
					s, notes, err := configured(t, name, text)
					if err != nil {
						t.Fatal(err)
					}
					g := s.Groups[0]
					if got := (sums{g.MaxRequestWorkers, g.Children, g.StartServers, g.MinSpareThreads, g.MaxSpareThreads}); got != c.want {
						t.Errorf("got %+v, want %+v", got, c.want)
					}
					consistent(t, s)
					for level, all := range map[Level][]string{Warning: c.says, Info: c.hints} {
						for _, text := range all {
							if !says(notes, level, text) {
								t.Errorf("no %s %q in:%s", level, text, listed(notes))
							}
						}
					}
					warnings := 0
					for _, n := range notes {
						if n.Level == Warning {
							warnings++
						}
					}
					if warnings != len(c.says) {
						t.Errorf("%d warnings, want %d:%s", warnings, len(c.says), listed(notes))
					}
				})
			}
		}
	}
}

// consistent checks the conditions that all settings with children meet.
func consistent(t *testing.T, s *Settings) {
	t.Helper()
	slots := 0
	for _, g := range s.Groups {
		if g.Children*g.ThreadsPerChild != g.MaxRequestWorkers || g.Children < 1 || g.Children > g.ServerLimit ||
			g.StartServers < 1 || g.StartServers > g.Children || g.ThreadsPerChild < 1 || g.ThreadsPerChild > s.ThreadLimit ||
			g.Threads < g.ThreadsPerChild || g.FirstSlot != slots || s.Buckets < 1 || s.Buckets > g.Children ||
			!s.mpm.ListenPerThread && (g.MinSpareThreads < 1 || g.MaxSpareThreads <= g.MinSpareThreads) {
			t.Errorf("inconsistent: %+v", g)
		}
		slots += g.ServerLimit
	}
	if s.Slots != slots || s.AcceptMutex == "default" || s.AcceptMutex == "" {
		t.Errorf("inconsistent: %d slots, AcceptMutex %q", s.Slots, s.AcceptMutex)
	}
}

// TestAnyNumbers checks that the settings are consistent, whatever numbers are
// written.
func TestAnyNumbers(t *testing.T) {
	names := []string{"ServerLimit", "ThreadLimit", "ThreadsPerChild", "MaxRequestWorkers", "StartServers", "MinSpareThreads", "MaxSpareThreads", "MinSpareServers", "MaxSpareServers"}
	values := []int64{-1 << 40, -1, 0, 1, 2, 3, 24, 25, 26, 399, 401, 20001, 1 << 20, 1 << 40}
	state := uint32(1)
	next := func(n int) int {
		state = state*1664525 + 1013904223
		return int(state>>16) % n
	}
	for range 300 {
		text := ""
		for _, n := range names {
			if next(3) > 0 {
				text += fmt.Sprintf("%s %d\n", n, values[next(len(values))])
			}
		}
		if next(3) == 0 {
			text += fmt.Sprintf("ListenCoresBucketsRatio %d\n", 1+next(9))
		}
		for _, name := range []string{"leader", "event", "prefork", "percore"} {
			s, notes, err := configured(t, name, text)
			if err != nil {
				t.Fatalf("%s\n%s%v", name, text, err)
			}
			if consistent(t, s); t.Failed() {
				t.Fatalf("%s\n%s%s", name, text, listed(notes))
			}
		}
	}
}

// TestThreads checks that a listener thread is counted in addition.
func TestThreads(t *testing.T) {
	for name, want := range map[string]int{"leader": 25, "worker": 26, "event": 26, "prefork": 1} {
		if s, _, err := configured(t, name, ""); err != nil || s.Groups[0].Threads != want {
			t.Errorf("%s: %v, %v", name, s, err)
		}
	}
}

// TestTimeoutStandsForThree checks that Timeout sets those of the three
// timeouts that are not set themselves.
func TestTimeoutStandsForThree(t *testing.T) {
	s, _, err := configured(t, "leader", "Timeout 7\nBodyTimeout 8")
	if err != nil {
		t.Fatal(err)
	}
	g := s.Groups[0]
	if g.HeadTimeout.Seconds() != 7 || g.BodyTimeout.Seconds() != 8 || g.WriteTimeout.Seconds() != 7 {
		t.Errorf("%v %v %v", g.HeadTimeout, g.BodyTimeout, g.WriteTimeout)
	}
}
