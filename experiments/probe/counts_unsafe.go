package probe

import (
	"unsafe"

	"lflab/experiments/probe/bpf"
)

// addCounts adds one to sum. Both are treated as arrays of 64-bit counters.
func addCounts(sum, one *bpf.ProbeCounts) {
	const n = unsafe.Sizeof(bpf.ProbeCounts{}) / 8
	to, from := (*[n]uint64)(unsafe.Pointer(sum)), (*[n]uint64)(unsafe.Pointer(one))
	for i := range to {
		to[i] += from[i]
	}
}

// subtractCounts subtracts one from sum, as addCounts adds it.
func subtractCounts(sum, one *bpf.ProbeCounts) {
	const n = unsafe.Sizeof(bpf.ProbeCounts{}) / 8
	to, from := (*[n]uint64)(unsafe.Pointer(sum)), (*[n]uint64)(unsafe.Pointer(one))
	for i := range to {
		to[i] -= from[i]
	}
}
