package probe

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/cilium/ebpf"

	"lflab/experiments/machine"
)

func TestHooks(t *testing.T) {
	requireCheck(t)
	states := Hooks()
	for _, s := range states {
		if s.Needed && s.Err != nil {
			t.Errorf("%s: %v", s.Point, s.Err)
		}
		if s.Sentence == "" || strings.Contains(s.Sentence, "MEMLOCK") {
			t.Errorf("%s: the sentence is %q", s.Point, s.Sentence)
		}
		if s.Err != nil && !strings.Contains(s.Sentence, s.Err.Error()) {
			t.Errorf("%s: %q does not say %q", s.Point, s.Sentence, s.Err)
		}
	}
	has := func(point string) bool {
		return slices.ContainsFunc(states, func(s HookState) bool { return s.Point == point })
	}
	for _, h := range hooks {
		if !has(h.point) {
			t.Errorf("hook %s was not tried", h.point)
		}
	}
	for _, point := range []string{"task storage", "histograms", "ring buffer", "iter/task", "programs", "run-time stats", "fentry"} {
		if !has(point) {
			t.Errorf("%s was not tried", point)
		}
	}
}

func TestMissingHook(t *testing.T) {
	requireCheck(t)
	states := tryHooks([]hook{
		{program: "enter", point: "lflab_no_such_point"},
		{program: "enter", point: "lflab_no_such_extra", without: "how late it is"},
	})
	for i, want := range []string{"lflab_no_such_point", "lflab_no_such_extra"} {
		s := states[i]
		if !errors.Is(s.Err, ebpf.ErrNotSupported) || !strings.Contains(s.Sentence, want) || !strings.Contains(s.Sentence, "does not offer it") {
			t.Errorf("state %+v of a tracepoint that does not exist", s)
		}
	}
	if s := states[1].Sentence; !strings.HasSuffix(s, "; without it the probe does not see how late it is") {
		t.Errorf("%q does not say what is unknown", s)
	}
	fs := findings(states)
	if fs[0].Level != machine.Note || fs[0].Value != "missing: no probe" || fs[1].Level != machine.Note || fs[1].Value != "missing" {
		t.Errorf("findings %+v", fs)
	}
}

// TestFindings checks that the basic requirements which are met share a line,
// and that each unmet one has its own.
func TestFindings(t *testing.T) {
	refused := errors.New("ring buffer: no memory")
	fs := findings([]HookState{
		{Point: "sys_enter", Needed: true, Sentence: tells["sys_enter"]},
		{Point: "task storage", Needed: true, Sentence: "state"},
		{Point: "ring buffer", Needed: true, Err: refused, Sentence: refused.Error()},
		{Point: "iter/task", Needed: true, Sentence: "threads"},
		{Point: "fentry", Sentence: "functions"},
	})
	want := []machine.Finding{
		{Name: "probe sys_enter", Level: machine.OK, Value: "usable", Sentence: tells["sys_enter"]},
		{Name: "probe ring buffer", Level: machine.Note, Value: "missing: no probe", Sentence: "no memory"},
		{Name: "probe fentry", Level: machine.OK, Value: "usable", Sentence: "functions"},
		{Name: "probe basics", Level: machine.OK, Value: "usable", Sentence: "task storage, iter/task"},
	}
	if !slices.Equal(fs, want) {
		t.Errorf("findings %+v, want %+v", fs, want)
	}
}

func TestEachHookTellsSomething(t *testing.T) {
	for _, h := range hooks {
		if tells[h.point] == "" {
			t.Errorf("%s has no text about its use", h.point)
		}
	}
	if len(tells) != len(hooks) {
		t.Errorf("%d tracepoints are described, want %d", len(tells), len(hooks))
	}
}

// TestDoctor checks that there is an answer for each hook, or one for all, with
// or without privileges.
// one for all.
func TestDoctor(t *testing.T) {
	fs := Doctor()
	if err := Check(); err != nil {
		if len(fs) != 1 || fs[0].Level != machine.Note || fs[0].Sentence != err.Error() {
			t.Errorf("findings %+v, want the one sentence %q", fs, err)
		}
		return
	}
	if len(fs) < len(hooks) {
		t.Errorf("%d findings for %d hooks", len(fs), len(hooks))
	}
	for _, f := range fs {
		if f.Name == "" || f.Value == "" || f.Sentence == "" || f.Level == machine.Warn {
			t.Errorf("finding %+v", f)
		}
	}
}

func BenchmarkCheck(b *testing.B) {
	if err := Check(); err != nil {
		b.Skip(err)
	}
	for b.Loop() {
		if err := Check(); err != nil {
			b.Fatal(err)
		}
	}
}
