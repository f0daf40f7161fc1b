package lf

import (
	"bytes"
	"hash/maphash"
)

// store is the set of states found so far, by number. Keys are stored end to
// end and a hash table holds their numbers, so that the garbage collector finds
// no pointers in it.
type store struct {
	seed  maphash.Seed
	keys  []byte
	ends  []int   // end of each key in keys
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

// add copies a key and returns its number and whether it is new.
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

// slot returns the place of the key in the table, or the place for it.
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
