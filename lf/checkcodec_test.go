package lf

import "lflab/cas"

// num packs a small number, or unpacks it.
func num[T ~uint8](k *codec, v *T) {
	if k.reading {
		*v, k.buf = T(k.buf[0]), k.buf[1:]
		return
	}
	k.buf = append(k.buf, byte(*v))
}

func (k *codec) bools(all ...*bool) {
	var b uint8
	for i, v := range all {
		if *v {
			b |= 1 << i
		}
	}
	num(k, &b)
	for i, v := range all {
		*v = b>>i&1 != 0
	}
}

func (k *codec) permit(v *uint32) {
	b := uint8(*v)
	num(k, &b)
	*v = uint32(b)
}

const (
	nobody   = 0xff // End, or no thread
	deadLink = 0xfe
)

// name packs a thread's number as its place in the permutation.
func (k *codec) name(v *uint16) {
	b := uint8(nobody)
	if !k.reading && int(*v) < k.c.threads {
		b = k.place[*v]
	}
	num(k, &b)
	if !k.reading {
		return
	}
	if *v = uint16(b); b == nobody {
		*v = cas.End
	}
}

func (k *codec) names(all ...*uint16) {
	for _, v := range all {
		k.name(v)
	}
}

// link packs a follower's link. dead means that no thread will read it.
func (k *codec) link(v *uint16, dead bool) {
	switch {
	case k.reading && k.buf[0] == deadLink:
		*v, k.buf = cas.End, k.buf[1:]
	case dead:
		k.buf = append(k.buf, deadLink)
	default:
		k.name(v)
	}
}

func (k *codec) promise(v *cas.Promise) {
	b := uint8(v.Kind()) | v.Slot()<<4
	num(k, &b)
	*v = cas.Promise(b&0xf) | cas.Promise(b>>4)<<8
}

const (
	termFlag     = 0x40
	choosingFlag = 0x20
	staleFlag    = 0x80
)

// word packs the parts of a word that a comparison looks at. It reports whether
// the comparison can no longer succeed.
func (k *codec) word(v *cas.Word) (stale bool) {
	if k.reading {
		b := k.buf[0]
		if k.buf = k.buf[1:]; b == staleFlag {
			*v = 0xffffffff << 32
			return true
		}
		w := cas.NewWord(0)
		for slot := range k.c.leaders {
			if b>>slot&1 != 0 {
				w |= freeBit(slot)
			}
		}
		if b&choosingFlag != 0 {
			w |= 1 << 30
		}
		if b&termFlag != 0 {
			w |= 1 << 31
		}
		head := uint16(0)
		k.name(&head)
		*v = w&^0xffff | cas.Word(head)
		return false
	}
	if k.c.stale(k.s, *v) {
		k.buf = append(k.buf, staleFlag)
		return true
	}
	var b uint8
	for slot := range k.c.leaders {
		if *v&freeBit(slot) != 0 {
			b |= 1 << slot
		}
	}
	if v.Choosing() {
		b |= choosingFlag
	}
	if v.Terminated() {
		b |= termFlag
	}
	head := v.Head()
	k.buf = append(k.buf, b)
	k.name(&head)
	return false
}

func freeBit(slot int) cas.Word { return cas.NewWord(slot+1) &^ cas.NewWord(slot) }

// parity packs a lease of which only the busy bit matters.
func (k *codec) parity(v *cas.Lease) {
	b := uint8(*v & 1)
	num(k, &b)
	if k.reading {
		*v = 4 + cas.Lease(b)
	}
}

// lease packs a lease that a thread has read or will store, relative to the
// present one.
func (k *codec) lease(v *cas.Lease, now cas.Lease) {
	b := uint8(2)
	if *v-now < 2 {
		b = uint8(*v - now)
	}
	num(k, &b)
	if k.reading {
		if *v = now + cas.Lease(b); b == 2 {
			*v = now - 2
		}
	}
}
