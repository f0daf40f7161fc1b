package scoreboard

import (
	"fmt"
	"math"
	"math/bits"
)

const (
	headerSize  = 1024
	processSize = 512
	rowSize     = 256
)

// sizeOf returns the size in bytes of a board for slots processes of rows threads
// each. It returns an error if there are none, or if no file can be that large.
func sizeOf(slots, rows int) (int64, error) {
	if slots < 1 || rows < 1 {
		return 0, fmt.Errorf("scoreboard of %d slots with %d rows (want at least 1 of each)", slots, rows)
	}
	carry, slot := bits.Mul64(uint64(rows), rowSize)
	slot, over := bits.Add64(slot, processSize, 0)
	high, all := bits.Mul64(uint64(slots), slot)
	all, last := bits.Add64(all, headerSize, 0)
	if carry|over|high|last != 0 || all > math.MaxInt64 {
		return 0, fmt.Errorf("scoreboard of %d slots with %d rows is larger than any file (use a smaller ServerLimit or ThreadLimit)", slots, rows)
	}
	return int64(all), nil
}
