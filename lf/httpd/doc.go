// Package httpd speaks HTTP/1.1 and HTTP/1.0 on one connection. It also has the
// handlers of the laboratory's servers.
//
// A session can stop and resume anywhere. It buffers its input until the
// request is complete, checking each line as it comes, and writes its response
// in pieces. So the same code runs on streams that block and on streams that do
// not, where a slow peer needs no thread. The states of a session:
//
//	head -> body -> handler -> response -> head ...
//	   \______\________________________\-> linger -> closed
//
// This package checks every line once and refuses what net/http would refuse or
// read differently. The checks find the method, the target, the framing, and
// whether the connection stays open; a short handler needs no more. Only if a
// handler asks for other fields, or for a decoded chunked body, does fasthttp's
// parser run. It takes several times as long and is laxer than RFC 9112 in
// places.
//
// The package knows streams and threads only through package serve. It must not
// depend on an MPM, on sockets, or on how a thread waits.
package httpd
