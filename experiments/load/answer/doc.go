// Package answer reads HTTP/1.1 answers as they arrive, in pieces of any size,
// without an allocation for each: the status, and where the body ends. It knows no
// sockets and no load.
package answer
