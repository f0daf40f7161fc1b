package probe

import (
	"maps"
	"slices"
	"testing"

	"github.com/cilium/ebpf"

	"lflab/experiments/probe/bpf"
)

// TestHooksHavePrograms checks that the object has one program for each hook,
// one for the seed and one for the meter, and no other, and that each attaches
// to the tracepoint of the table.
func TestHooksHavePrograms(t *testing.T) {
	spec, err := bpf.LoadProbe()
	if err != nil {
		t.Fatal(err)
	}
	want := []string{bpf.ProbeProgSeed, bpf.ProbeProgNothing}
	for _, h := range hooks {
		want = append(want, h.program)
		program := spec.Programs[h.program]
		if program == nil {
			t.Errorf("the object has no program %s", h.program)
			continue
		}
		if program.Type != ebpf.Tracing || program.AttachType != ebpf.AttachTraceRawTp || program.AttachTo != h.point {
			t.Errorf("program %s is for %v %q, the table says tracepoint %q", h.program, program.AttachType, program.AttachTo, h.point)
		}
	}
	slices.Sort(want)
	if got := slices.Sorted(maps.Keys(spec.Programs)); !slices.Equal(got, want) {
		t.Errorf("the object has programs %q, want %q", got, want)
	}
	if seed := spec.Programs[bpf.ProbeProgSeed]; seed.AttachType != ebpf.AttachTraceIter || seed.AttachTo != "task" {
		t.Errorf("the seed is for %v %q", seed.AttachType, seed.AttachTo)
	}
}
