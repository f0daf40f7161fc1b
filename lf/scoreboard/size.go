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

// Size is how many bytes a board for that many processes of that many threads
// takes. Sums that no file can have are refused.
func Size(slots, rows int) (int64, error) {
	if slots < 1 || rows < 1 {
		return 0, fmt.Errorf("a scoreboard of %d slots with %d rows shows nothing (want at least 1 of each)", slots, rows)
	}
	carry, slot := bits.Mul64(uint64(rows), rowSize)
	slot, over := bits.Add64(slot, processSize, 0)
	high, all := bits.Mul64(uint64(slots), slot)
	all, last := bits.Add64(all, headerSize, 0)
	if carry|over|high|last != 0 || all > math.MaxInt64 {
		return 0, fmt.Errorf("a scoreboard of %d slots with %d rows is larger than any file (want a smaller ServerLimit or ThreadLimit)", slots, rows)
	}
	return int64(all), nil
}
