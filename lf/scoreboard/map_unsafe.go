package scoreboard

import (
	"unsafe"

	"lflab/lf/serve"
)

// The sizes are part of the layout: these lines do not compile when a type
// does not have its own.
var (
	_ = [1]struct{}{}[unsafe.Sizeof(Header{})-headerSize]
	_ = [1]struct{}{}[unsafe.Sizeof(Process{})-processSize]
	_ = [1]struct{}{}[unsafe.Sizeof(serve.Row{})-rowSize]
)

// headerOf is the header of mapped memory, which has at least headerSize bytes.
func headerOf(mapped []byte) *Header { return (*Header)(unsafe.Pointer(&mapped[0])) }

// tablesOf are the tables of mapped memory, which has Size(slots, rows) bytes.
// It begins at a page, so that every field is where it must be.
func tablesOf(mapped []byte, slots, rows int) ([]Process, []serve.Row) {
	processes := unsafe.Slice((*Process)(unsafe.Pointer(&mapped[headerSize])), slots)
	return processes, unsafe.Slice((*serve.Row)(unsafe.Pointer(&mapped[headerSize+slots*processSize])), slots*rows)
}
