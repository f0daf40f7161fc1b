// Package hostile is a table of malformed and hostile HTTP requests and their
// acceptable answers. Tests send them to a session in memory and to whole
// servers.
//
// The server must have /hello and /echo, and limits of 8 KiB for a head and 1
// MiB for a body. It may have a document root. It must answer 2xx only where a
// case lists it. After an answer that does not close the connection, it must
// understand the next request.
package hostile

import (
	"slices"
	"strings"
)

// Case is one hostile request.
type Case struct {
	Name    string
	Request []byte

	// Want lists the acceptable status codes. There are several where RFC 9112
	// leaves a choice.
	Want []int

	// AllowClose says that closing without an answer is acceptable, too.
	AllowClose bool

	// HalfClose says that the peer closes its side after the request, which is
	// incomplete. Without HalfClose the server must answer or close by itself.
	// Nothing may be sent after an incomplete request.
	HalfClose bool
}

// Cases returns all cases. Their names are unique.
func Cases() []Case {
	return slices.Concat(lengths(), codings(), chunked(), lines(), fields(), hosts(), targets(), sizes(), strangers(), partial())
}

const host = "Host: lab.test\r\n"

// of makes a case of a complete request.
func of(name, request string, want ...int) Case {
	return Case{Name: name, Request: []byte(request), Want: want, AllowClose: want[0] >= 400}
}

// get returns a GET of /hello with further field lines.
func get(fields string) string { return "GET /hello HTTP/1.1\r\n" + host + fields + "\r\n" }

// postTo returns a POST with further field lines and a body as sent.
func postTo(path, fields, body string) string {
	return "POST " + path + " HTTP/1.1\r\n" + host + fields + "\r\n" + body
}

// smuggled is text that an attacker wants the server to read as a request.
const smuggled = "GET /smuggled HTTP/1.1\r\nHost: lab.test\r\n\r\n"

func long(n int) string { return strings.Repeat("x", n) }
