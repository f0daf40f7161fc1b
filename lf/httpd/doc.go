// Package httpd speaks HTTP/1.1 and HTTP/1.0 on one connection, and has the
// handlers that the laboratory's servers answer with.
//
// Everything is resumable: a session gathers its input in a buffer of its own
// until a whole request is there, checked line by line, and writes its
// response in pieces, so that the same code runs on streams that wait and on
// streams that do not, and a slow peer needs no thread on the latter. A
// session's way:
//
//	head -> body -> handler -> response -> head ...
//	   \______\________________________\-> linger -> closed
//
// Every line passes the checks of this package, once: what net/http would
// refuse, or read differently, is refused. The checks find the method, the
// target, the framing and what becomes of the connection, which is all that a
// short handler needs. fasthttp's parser, which takes several times as long and
// is laxer than RFC 9112 in places, reads other fields and decodes chunks, when
// a handler asks for them.
//
// The package knows streams and threads as package serve describes them. It
// may not know an MPM, a socket, nor how a thread waits.
package httpd
