// Package hostile is a table of malformed and hostile HTTP requests, and what
// a server may answer to each. Tests send them to a session in memory and to
// whole servers.
//
// The server is expected to have /hello and /echo, a document root or none,
// limits of 8 KiB for a head and 1 MiB for a body, and never to answer 2xx but
// where a case lists it. After an answer that does not close the connection,
// the next request on it must be understood.
package hostile

import (
	"slices"
	"strings"
)

// Case is one hostile peer.
type Case struct {
	Name    string
	Request []byte

	// Want are the status codes that are right. More than one is where RFC
	// 9112 leaves a choice.
	Want []int

	// AllowClose tells that closing without an answer is right as well.
	AllowClose bool

	// HalfClose tells that the peer ends its side after the request; without
	// it the server must answer or close by itself. Such requests are not
	// whole, and nothing may be sent behind them.
	HalfClose bool
}

// Cases are all cases. The names are unique.
func Cases() []Case {
	return slices.Concat(lengths(), codings(), chunked(), lines(), fields(), hosts(), targets(), sizes(), strangers(), partial())
}

const host = "Host: lab.test\r\n"

// of makes a case of a whole request.
func of(name, request string, want ...int) Case {
	return Case{Name: name, Request: []byte(request), Want: want, AllowClose: want[0] >= 400}
}

// get is a GET of /hello with further field lines.
func get(fields string) string { return "GET /hello HTTP/1.1\r\n" + host + fields + "\r\n" }

// postTo is a POST with further field lines and a body as it is sent.
func postTo(path, fields, body string) string {
	return "POST " + path + " HTTP/1.1\r\n" + host + fields + "\r\n" + body
}

// smuggled is what an attacker would like to be taken for a request.
const smuggled = "GET /smuggled HTTP/1.1\r\nHost: lab.test\r\n\r\n"

func long(n int) string { return strings.Repeat("x", n) }
