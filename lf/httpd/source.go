package httpd

import (
	"io"
	"os"
)

// source is a response body that is too large for memory. It is read in order;
// each read follows when the peer has accepted the previous one.
type source interface {
	// ReadAt fills p with the body's bytes from offset off on.
	io.ReaderAt
	// Close is called once, when the body has been read or is not needed.
	io.Closer
}

// pattern is a body of any size: the lower-case letters, repeated.
type pattern struct{}

const alphabet = "abcdefghijklmnopqrstuvwxyz"

func (pattern) ReadAt(p []byte, off int64) (int, error) {
	n := 0
	if at := off % int64(len(alphabet)); at != 0 {
		n = copy(p, alphabet[at:])
	}
	start := n
	if n < len(p) {
		n += copy(p[n:], alphabet)
	}
	for n < len(p) { // double what is there, which is whole alphabets
		n += copy(p[n:], p[start:n])
	}
	return n, nil
}

func (pattern) Close() error { return nil }

// extract is the part of a file from start on.
type extract struct {
	*os.File
	start      int64
	descriptor int
	copied     bool // SendFile does not support the file
}

func newExtract(f *os.File, start int64) *extract {
	return &extract{File: f, start: start, descriptor: int(f.Fd())}
}

func (e *extract) ReadAt(p []byte, off int64) (int, error) { return e.File.ReadAt(p, e.start+off) }
