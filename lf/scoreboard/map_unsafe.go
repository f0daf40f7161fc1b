package scoreboard

import (
	"unsafe"

	"lflab/lf/serve"
)

// The sizes are part of the layout. These lines do not compile if a size is
// wrong.
var (
	_ = [1]struct{}{}[unsafe.Sizeof(Header{})-headerSize]
	_ = [1]struct{}{}[unsafe.Sizeof(Process{})-processSize]
	_ = [1]struct{}{}[unsafe.Sizeof(serve.Row{})-rowSize]
)

// headerOf returns the header of mapped memory, which must have at least
// headerSize bytes.
func headerOf(mapped []byte) *Header { return (*Header)(unsafe.Pointer(&mapped[0])) }

// tablesOf returns the tables of mapped memory, which must have Size(slots,
// rows) bytes. The memory begins at a page, so every field is aligned.
func tablesOf(mapped []byte, slots, rows int) ([]Process, []serve.Row) {
	processes := unsafe.Slice((*Process)(unsafe.Pointer(&mapped[headerSize])), slots)
	return processes, unsafe.Slice((*serve.Row)(unsafe.Pointer(&mapped[headerSize+slots*processSize])), slots*rows)
}
