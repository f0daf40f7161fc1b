package bpf

import (
	"slices"
	"strings"
	"testing"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/btf"
)

func load(t *testing.T) *ebpf.CollectionSpec {
	t.Helper()
	spec, err := LoadProbe()
	if err != nil {
		t.Fatalf("the committed object cannot be read: %v", err)
	}
	return spec
}

// Capabilities that the kernel demands of a tracing program for a helper
// (bpf_base_func_proto and bpf_tracing_func_proto).
const (
	free    = ""
	bpf     = "CAP_BPF"
	perfmon = "CAP_PERFMON"
)

// helpers are the helpers in use for which CAP_BPF and CAP_PERFMON suffice. A
// helper that writes to user memory or kills processes would need
// CAP_SYS_ADMIN.
var helpers = map[asm.BuiltinFunc]string{
	asm.FnMapLookupElem:     free,
	asm.FnMapUpdateElem:     free,
	asm.FnMapDeleteElem:     free,
	asm.FnKtimeGetNs:        free,
	asm.FnGetSmpProcessorId: free,
	asm.FnRingbufReserve:    bpf,
	asm.FnRingbufSubmit:     bpf,
	asm.FnTaskStorageGet:    perfmon,
	asm.FnTaskPtRegs:        perfmon,
	asm.FnGetCurrentTaskBtf: perfmon,
	asm.FnProbeReadKernel:   perfmon,
	asm.FnProbeReadUser:     perfmon,
	asm.FnThisCpuPtr:        bpf,
}

// TestHelpers checks that no program calls a helper for which CAP_BPF and
// CAP_PERFMON do not suffice.
func TestHelpers(t *testing.T) {
	seen := map[asm.BuiltinFunc]bool{}
	for name, program := range load(t).Programs {
		for _, i := range program.Instructions {
			if i.IsKfuncCall() {
				t.Errorf("%s calls %q, a function of the kernel that older kernels lack", name, i.Reference())
			}
			if !i.IsBuiltinCall() {
				continue
			}
			f := asm.BuiltinFunc(i.Constant)
			seen[f] = true
			if _, ok := helpers[f]; !ok {
				t.Errorf("%s calls helper %v: look up which capability that takes, and enter it here if it is CAP_BPF or CAP_PERFMON", name, f)
			}
		}
	}
	for f, capability := range helpers {
		if !seen[f] {
			t.Errorf("no program calls helper %v (%s) any more: take it out of the list", f, capability)
		}
	}
}

// TestLicense checks for a licence that the kernel counts as GPL, because some
// of the helpers are for GPL programs only.
func TestLicense(t *testing.T) {
	for name, program := range load(t).Programs {
		// The licences that the kernel compares with
		// (license_is_gpl_compatible).
		gpl := []string{"GPL", "GPL v2", "GPL and additional rights", "Dual BSD/GPL", "Dual MIT/GPL", "Dual MPL/GPL"}
		if !slices.Contains(gpl, program.License) {
			t.Errorf("%s has licence %q, the kernel wants one of %q", name, program.License, gpl)
		}
	}
}

// TestNoPatching checks that the programs use no fentry, kprobe or uprobe,
// which some kernels forbid, and no kernel module.
func TestNoPatching(t *testing.T) {
	for name, program := range load(t).Programs {
		if program.Type != ebpf.Tracing || program.AttachType != ebpf.AttachTraceRawTp && program.AttachType != ebpf.AttachTraceIter {
			t.Errorf("%s is a %v program for %v, want tracepoints by type information and iterators only", name, program.Type, program.AttachType)
		}
	}
}

// TestConstants checks that the generated Go constants equal those of the
// object. Both are generated, but committed as two files.
func TestConstants(t *testing.T) {
	spec := load(t)
	for enum, last := range map[string]struct {
		name  string
		value uint64
	}{
		"stage":       {"STAGES", uint64(ProbeStageSTAGES)},
		"placement":   {"PLACEMENTS", uint64(ProbePlacementPLACEMENTS)},
		"record_kind": {"RECORD_RUN", uint64(ProbeRecordKindRECORD_RUN)},
		"call":        {"CALL_RESTART", uint64(ProbeCallCALL_RESTART)},
		"timeout":     {"TIMEOUT_TIME_4", uint64(ProbeTimeoutTIMEOUT_TIME_4)},
		"preempt":     {"PREEMPT_THREAD", uint64(ProbePreemptPREEMPT_THREAD)},
		"kind":        {"KINDS", uint64(ProbeKindKINDS)},
	} {
		var e *btf.Enum
		if err := spec.Types.TypeByName(enum, &e); err != nil {
			t.Errorf("enum %s: %v", enum, err)
			continue
		}
		for i, v := range e.Values {
			if v.Value != e.Values[0].Value+uint64(i) {
				t.Errorf("enum %s: %s is %d, which leaves a hole after %s", enum, v.Name, v.Value, e.Values[i-1].Name)
			}
		}
		if v := e.Values[len(e.Values)-1]; v.Name != last.name || v.Value != last.value {
			t.Errorf("enum %s ends with %s = %d in the object, with %s = %d in Go", enum, v.Name, v.Value, last.name, last.value)
		}
	}
}

// TestMaps checks that an older kernel can create each map, and that its value
// fits into a slot of a per-CPU map.
func TestMaps(t *testing.T) {
	const slot = 32 << 10 // PCPU_MIN_UNIT_SIZE
	for name, m := range load(t).Maps {
		if strings.HasPrefix(name, ".") { // sections of the object, such as .rodata
			continue
		}
		if m.Type == ebpf.PerCPUArray && m.ValueSize > slot {
			t.Errorf("%s has values of %d bytes, the kernel takes %d at most", name, m.ValueSize, slot)
		}
		if m.Type != ebpf.RingBuf && (m.Key == nil || m.Value == nil) {
			t.Errorf("%s does not say the types of its keys and values, which task storage needs and bpftool shows", name)
		}
		switch m.Type {
		case ebpf.Hash, ebpf.PerCPUArray, ebpf.RingBuf, ebpf.TaskStorage:
		default:
			t.Errorf("%s is a %v, which the oldest supported kernel was never tried with", name, m.Type)
		}
	}
}
