package probe

import (
	"fmt"
	"unsafe"

	"lflab/experiments/probe/bpf"
)

// add adds one record from the ring buffer.
func (r *Records) add(raw []byte) error {
	if len(raw) < 8 {
		return fmt.Errorf("record of %d bytes", len(raw))
	}
	switch kind := bpf.ProbeRecordKind(*(*uint32)(unsafe.Pointer(&raw[0]))); kind {
	case bpf.ProbeRecordKindRECORD_REQUEST:
		return take(&r.Requests, raw)
	case bpf.ProbeRecordKindRECORD_HANDOFF:
		return take(&r.Handoffs, raw)
	case bpf.ProbeRecordKindRECORD_GAP:
		return take(&r.Gaps, raw)
	case bpf.ProbeRecordKindRECORD_WAIT:
		return take(&r.Waits, raw)
	case bpf.ProbeRecordKindRECORD_WAKE:
		return take(&r.Wakes, raw)
	case bpf.ProbeRecordKindRECORD_RUN:
		return take(&r.Runs, raw)
	default:
		return fmt.Errorf("record of kind %d", kind)
	}
}

// take copies a record. Its Go type must have the kernel's layout.
func take[T any](list *[]T, raw []byte) error {
	var one T
	if len(raw) < int(unsafe.Sizeof(one)) {
		return fmt.Errorf("record of %d bytes, want %d", len(raw), unsafe.Sizeof(one))
	}
	copy(unsafe.Slice((*byte)(unsafe.Pointer(&one)), unsafe.Sizeof(one)), raw)
	*list = append(*list, one)
	return nil
}
