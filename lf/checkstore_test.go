package lf

import (
	"bytes"
	"hash/maphash"
)

// store is the set of states seen, by number. Keys lie end to end, and a hash
// table holds their numbers: nothing in it is a pointer.
type store struct {
	seed  maphash.Seed
	keys  []byte
	ends  []int   // of each key, in keys
	table []int32 // number plus 1, or 0; open addressing
}

func newStore() store {
	return store{seed: maphash.MakeSeed(), table: make([]int32, 1<<12)}
}

func (t *store) len() int { return len(t.ends) }

func (t *store) key(at int32) []byte {
	start := 0
	if at > 0 {
		start = t.ends[at-1]
	}
	return t.keys[start:t.ends[at]]
}

// add returns the number of a key, and whether it is a new one. It copies it.
func (t *store) add(key []byte) (at int32, isNew bool) {
	if 2*t.len() > len(t.table) {
		t.grow()
	}
	slot := t.slot(key)
	if n := t.table[slot]; n != 0 {
		return n - 1, false
	}
	t.keys = append(t.keys, key...)
	t.ends = append(t.ends, len(t.keys))
	t.table[slot] = int32(t.len())
	return int32(t.len() - 1), true
}

// slot is where the key is in the table, or would be.
func (t *store) slot(key []byte) int {
	mask := len(t.table) - 1
	for i := int(maphash.Bytes(t.seed, key)) & mask; ; i = (i + 1) & mask {
		if n := t.table[i]; n == 0 || bytes.Equal(t.key(n-1), key) {
			return i
		}
	}
}

func (t *store) grow() {
	t.table = make([]int32, 4*len(t.table))
	for at := range t.ends {
		t.table[t.slot(t.key(int32(at)))] = int32(at + 1)
	}
}
