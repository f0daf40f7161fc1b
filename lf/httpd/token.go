package httpd

import (
	"bytes"
	"encoding/binary"

	"golang.org/x/net/http/httpguts"
)

// tokenByte marks the bytes that a method or field name may contain.
var tokenByte = func() (t [256]bool) {
	for b := range 128 {
		t[b] = httpguts.IsTokenRune(rune(b))
	}
	return t
}()

func isToken(b []byte) bool { return len(b) > 0 && tokenSize(b) == len(b) }

// tokenSize returns the length of the token at the start of b.
func tokenSize(b []byte) int {
	for i, c := range b {
		if !tokenByte[c] {
			return i
		}
	}
	return len(b)
}

// isText reports whether b may be a field value: it has no control characters
// except tabs. It checks 8 bytes at a time, because most of a head is values.
func isText(b []byte) bool {
	const ones, tops, spaces, dels = 0x0101010101010101, 0x8080808080808080, 0x2020202020202020, 0x7f7f7f7f7f7f7f7f
	for ; len(b) >= 8; b = b[8:] {
		w := binary.LittleEndian.Uint64(b)
		del := w ^ dels
		// This sets the top bit of bytes below a space and of DEL. It is exact
		// for the lowest such byte, and one is enough.
		if ((w-spaces)&^w|(del-ones)&^del)&tops != 0 && !eachText(b[:8]) {
			return false
		}
	}
	return eachText(b)
}

func eachText(b []byte) bool {
	for _, c := range b {
		if c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}

// is reports whether b equals lower, a string of lower-case ASCII, ignoring
// case.
func is(b []byte, lower string) bool {
	if len(b) != len(lower) {
		return false
	}
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			c |= 0x20
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}

// trim returns b without optional white space at both ends (RFC 9110, 5.6.3).
func trim(b []byte) []byte {
	for len(b) > 0 && (b[0] == ' ' || b[0] == '\t') {
		b = b[1:]
	}
	for len(b) > 0 && (b[len(b)-1] == ' ' || b[len(b)-1] == '\t') {
		b = b[:len(b)-1]
	}
	return b
}

// lists reports whether the comma-separated list b contains lower, ignoring
// case.
func lists(b []byte, lower string) bool {
	for {
		item, rest, more := bytes.Cut(b, []byte{','})
		if is(trim(item), lower) {
			return true
		}
		if !more {
			return false
		}
		b = rest
	}
}
