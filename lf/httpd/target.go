package httpd

import (
	"bytes"
	"net/netip"
)

// target checks the request target, at t in line, and notes its parts. The
// forms of RFC 9112, 3.2: origin ("/path?query") for all methods, absolute
// ("http://host/path") likewise, asterisk for OPTIONS, authority for CONNECT.
func (q *request) target(line []byte, t span) *refusal {
	b := t.of(line)
	for _, c := range b {
		if c <= ' ' || c >= 0x7f || c == '#' {
			return errTarget
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
	}
	q.path, q.query = t, span{t.to, t.to}
	if i := bytes.IndexByte(t.of(line), '?'); i >= 0 {
		q.path.to = t.from + i
		q.query.from = q.path.to + 1
	}
	if !validEscapes(q.path.of(line)) {
		return errTarget
	}
	return nil
}

// validEscapes reports whether every % has two hexadecimal digits behind it.
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

// validAuthority reports whether b is a host name, an IPv4 address or an IPv6
// address in brackets, with a port or without. RFC 3986 allows more (user
// names, escapes, sub-delimiters); no honest client sends them here.
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
		name := b
		if i := bytes.IndexByte(b, ':'); i >= 0 {
			name, port = b[:i], b[i+1:]
		}
		if len(name) == 0 {
			return false
		}
		for _, c := range name {
			switch {
			case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
			case c == '.', c == '-', c == '_', c == '~':
			default:
				return false
			}
		}
	}
	for _, c := range port {
		if c < '0' || c > '9' {
			return false
		}
	}
	return len(port) <= 5
}
