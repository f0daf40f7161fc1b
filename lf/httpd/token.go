package httpd

import (
	"bytes"

	"golang.org/x/net/http/httpguts"
)

// tokenByte tells the bytes a method or a field name is made of.
var tokenByte = func() (t [256]bool) {
	for b := range 128 {
		t[b] = httpguts.IsTokenRune(rune(b))
	}
	return t
}()

func isToken(b []byte) bool {
	for _, c := range b {
		if !tokenByte[c] {
			return false
		}
	}
	return len(b) > 0
}

// is reports whether b is lower, a string of lower-case ASCII, in any case.
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

// trim is b without the optional white space around it (RFC 9110, 5.6.3).
func trim(b []byte) []byte {
	for len(b) > 0 && (b[0] == ' ' || b[0] == '\t') {
		b = b[1:]
	}
	for len(b) > 0 && (b[len(b)-1] == ' ' || b[len(b)-1] == '\t') {
		b = b[:len(b)-1]
	}
	return b
}

// lists reports whether the comma-separated list b has lower in any case.
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
