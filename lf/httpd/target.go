package httpd

import (
	"bytes"
	"net/netip"
)

// target checks the request target, at t in line, and records its parts. RFC
// 9112, 3.2 defines its forms: origin ("/path?query") and absolute
// ("http://host/path") for all methods, asterisk for OPTIONS, authority for
// CONNECT.
func (q *request) target(line []byte, t span) *refusal {
	b := t.of(line)
	mark, escaped := len(b), false // mark is the offset of the first '?'
	for i, c := range b {
		switch targetByte[c] {
		case alien:
			return errTarget
		case escape:
			escaped = true
		case question:
			mark = min(mark, i)
		}
	}
	switch {
	case q.method == connect:
		if !validAuthority(b) {
			return errTarget
		}
		q.host, q.inUse = t, true
		return nil
	case len(b) == 1 && b[0] == '*':
		if q.method != options {
			return errTarget
		}
		q.path, q.query = t, span{t.to, t.to}
		return nil
	case b[0] == '/':
	default:
		scheme := 0
		if len(b) > 7 && is(b[:7], "http://") {
			scheme = 7
		} else if len(b) > 8 && is(b[:8], "https://") {
			scheme = 8
		} else {
			return errTarget
		}
		size := len(b) - scheme
		if i := bytes.IndexAny(b[scheme:], "/?"); i >= 0 {
			size = i
		}
		if !validAuthority(b[scheme : scheme+size]) {
			return errTarget
		}
		q.host, q.inUse = span{t.from + scheme, t.from + scheme + size}, true
		t.from = q.host.to
		mark -= scheme + size
	}
	q.path, q.query = t, span{t.to, t.to}
	if t.from+mark < t.to {
		q.path.to = t.from + mark
		q.query.from = q.path.to + 1
	}
	if escaped && !validEscapes(q.path.of(line)) {
		return errTarget
	}
	return nil
}

// targetByte classifies the bytes of a target: those with a meaning, and those
// that are not allowed.
var targetByte = func() (t [256]uint8) {
	for c := range t {
		if c <= ' ' || c >= 0x7f || c == '#' {
			t[c] = alien
		}
	}
	t['%'], t['?'] = escape, question
	return t
}()

const (
	alien uint8 = 1 + iota
	escape
	question
)

// validEscapes reports whether two hexadecimal digits follow every %.
func validEscapes(b []byte) bool {
	for i := 0; i < len(b); i++ {
		if b[i] == '%' {
			if i+2 >= len(b) || unhex(b[i+1]) < 0 || unhex(b[i+2]) < 0 {
				return false
			}
			i += 2
		}
	}
	return true
}

func unhex(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c && c <= 'f':
		return int(c-'a') + 10
	case 'A' <= c && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}

// validAuthority reports whether b is a host name, an IPv4 address, or an IPv6
// address in brackets, with an optional port. RFC 3986 allows more (user names,
// escapes, sub-delimiters), but ordinary clients do not send those.
func validAuthority(b []byte) bool {
	var port []byte
	if len(b) > 0 && b[0] == '[' {
		end := bytes.IndexByte(b, ']')
		if end < 0 {
			return false
		}
		ip, err := netip.ParseAddr(view(b[1:end]))
		if err != nil || !ip.Is6() || ip.Zone() != "" {
			return false
		}
		if port = b[end+1:]; len(port) == 0 {
			return true
		}
		if port[0] != ':' {
			return false
		}
		port = port[1:]
	} else {
		size := 0
		for size < len(b) && nameByte[b[size]] {
			size++
		}
		if size == 0 || size < len(b) && b[size] != ':' {
			return false
		}
		if size < len(b) {
			port = b[size+1:]
		}
	}
	for _, c := range port {
		if c < '0' || c > '9' {
			return false
		}
	}
	return len(port) <= 5
}

// nameByte marks the bytes that a host name may contain.
var nameByte = func() (t [256]bool) {
	for c := range t {
		t[c] = 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' ||
			c == '.' || c == '-' || c == '_' || c == '~'
	}
	return t
}()
