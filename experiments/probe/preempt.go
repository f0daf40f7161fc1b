package probe

import (
	"fmt"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/btf"

	"lflab/experiments/probe/bpf"
)

// preemptMark stands in the programs for the address of the preemption count, as
// PREEMPT_COUNT in bpf/interrupt.h.
const preemptMark = 0x6c666c61625f7063

// pseudoBTF makes a load of 64 bits yield the address of a kernel variable, by the
// variable's number in the kernel's type information (BPF_PSEUDO_BTF_ID).
const pseudoBTF = asm.R3

// tellInterrupts tells the programs where this kernel keeps the preemption count:
// in a variable of each CPU, in a structure of each CPU (x86, Linux 6.2 to 6.14),
// or in each thread. Some kernels do not give the address of a variable to
// programs. Then the programs count interrupts themselves, which costs a little at
// each, and the result is true.
func tellInterrupts(spec *ebpf.CollectionSpec, kernel points) (traced bool, err error) {
	form, offset, id := bpf.ProbePreemptPREEMPT_TRACED, uint32(0), btf.TypeID(0)
	var variable *btf.Var
	var thread *btf.Struct
	if kernel.spec.TypeByName("__preempt_count", &variable) == nil {
		form = bpf.ProbePreemptPREEMPT_VARIABLE
	} else if kernel.spec.TypeByName("pcpu_hot", &variable) == nil {
		if at, ok := memberOffset(variable.Type, "preempt_count"); ok {
			form, offset = bpf.ProbePreemptPREEMPT_STRUCTURE, at
		}
	} else if kernel.spec.TypeByName("thread_info", &thread) == nil {
		if _, ok := memberOffset(thread, "preempt_count"); ok {
			form = bpf.ProbePreemptPREEMPT_THREAD
		}
	}
	if form == bpf.ProbePreemptPREEMPT_VARIABLE || form == bpf.ProbePreemptPREEMPT_STRUCTURE {
		if id, err = kernel.spec.TypeID(variable); err != nil {
			return false, fmt.Errorf("find the preemption count: %w", err)
		}
		if tryVariable(id) != nil {
			form, id = bpf.ProbePreemptPREEMPT_TRACED, 0
		}
	}
	for _, program := range spec.Programs {
		for i := range program.Instructions {
			if ins := &program.Instructions[i]; ins.OpCode.IsDWordLoad() && ins.Constant == preemptMark && id != 0 {
				ins.Src, ins.Constant = pseudoBTF, int64(id)
			}
		}
	}
	for name, value := range map[string]uint32{bpf.ProbeVarPreemptForm: uint32(form), bpf.ProbeVarPreemptOffset: offset} {
		if err := spec.Variables[name].Set(value); err != nil {
			return false, fmt.Errorf("set %s: %w", name, err)
		}
	}
	return form == bpf.ProbePreemptPREEMPT_TRACED, nil
}

// tryVariable loads a program that reads a variable of each CPU.
func tryVariable(id btf.TypeID) error {
	program, err := small(ebpf.AttachTraceRawTp, "sched_process_exit",
		asm.Instruction{OpCode: asm.LoadImmOp(asm.DWord), Dst: asm.R1, Src: pseudoBTF, Constant: int64(id)},
		asm.FnThisCpuPtr.Call(), asm.Mov.Imm(asm.R0, 0), asm.Return(),
	)
	if err != nil {
		return err
	}
	return program.Close()
}

// memberOffset returns the offset in bytes of a structure's member, which may lie
// in a nameless part of it.
func memberOffset(t btf.Type, name string) (uint32, bool) {
	var members []btf.Member
	switch t := btf.UnderlyingType(t).(type) {
	case *btf.Struct:
		members = t.Members
	case *btf.Union:
		members = t.Members
	}
	for _, m := range members {
		if m.Name == name {
			return m.Offset.Bytes(), true
		}
		if m.Name == "" {
			if at, ok := memberOffset(m.Type, name); ok {
				return m.Offset.Bytes() + at, true
			}
		}
	}
	return 0, false
}
