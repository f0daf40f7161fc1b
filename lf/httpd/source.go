package httpd

import (
	"io"
	"os"
)

// source is a response body that is too large to be made at once. It is read
// in order, when the peer has taken what was read before.
type source interface {
	// ReadAt fills p with the body's bytes from off on.
	io.ReaderAt
	// Close is called once, when the body has been read or is not wanted.
	io.Closer
}

// pattern is a body of any size: the lower-case letters, over and over.
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
	for n < len(p) { // what is there, whole alphabets, is doubled
		n += copy(p[n:], p[start:n])
	}
	return n, nil
}

func (pattern) Close() error { return nil }

// extract is the bytes of a file from start on.
type extract struct {
	*os.File
	start      int64
	descriptor int
	copied     bool // the stream cannot send it by itself
}

func newExtract(f *os.File, start int64) *extract {
	return &extract{File: f, start: start, descriptor: int(f.Fd())}
}

func (e *extract) ReadAt(p []byte, off int64) (int, error) { return e.File.ReadAt(p, e.start+off) }
