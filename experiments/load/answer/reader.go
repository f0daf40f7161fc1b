package answer

import (
	"bytes"
	"errors"
	"math"
)

// An answer parses one response from the pieces in which it arrives. Its
// stages:
//
//	inHead -> done                     no body
//	inHead -> inHead                   1xx: another head follows
//	inHead -> inBody -> done           by Content-Length, or to the end of the connection
//	inHead -> inChunks -> done
type Reader struct {
	framing
	Stage   stage
	left    int64  // bytes of the body that have not come
	partial []byte // the beginning of a head
	begun   bool   // at least one byte has come
	chunks  chunkReader
}

type stage uint8

const (
	inHead stage = iota
	inBody
	inChunks
	Done
)

// Reset prepares for another response. It keeps its memory.
func (a *Reader) Reset() {
	a.Stage, a.begun, a.partial = inHead, false, a.partial[:0]
}

// Feed takes the next bytes from the connection and returns how many of them
// belong to the response. That is fewer than len(p) only when the response is
// complete. An error is a violation of the protocol; the connection cannot be
// used after it.
func (a *Reader) Feed(p []byte, heads *HeadReader) (int, error) {
	used := 0
	a.begun = a.begun || len(p) > 0
	for used < len(p) && a.Stage != Done {
		var n int
		var err error
		switch a.Stage {
		case inHead:
			n, err = a.feedHead(p[used:], heads)
		case inBody:
			n = int(min(int64(len(p)-used), a.left))
			if a.left -= int64(n); a.left == 0 {
				a.Stage = Done
			}
		case inChunks:
			var end bool
			if n, end, err = a.chunks.feed(p[used:]); end {
				a.Stage = Done
			}
		}
		if err != nil {
			return used, err
		}
		used += n
	}
	return used, nil
}

// Unread returns how much of the body is still to come if it has a length or
// lasts until the close, and 0 otherwise.
func (a *Reader) Unread() int64 {
	if a.Stage != inBody {
		return 0
	}
	return a.left
}

// Skip counts n bytes of the body, at most left of them, that were received
// without being looked at.
func (a *Reader) Skip(n int) {
	if a.left -= int64(n); a.left == 0 {
		a.Stage = Done
	}
}

func (a *Reader) feedHead(p []byte, heads *HeadReader) (int, error) {
	before := len(a.partial)
	if before == 0 {
		if n := heads.repeated(p); n > 0 {
			a.enter(heads.said)
			return n, nil
		}
		if i := bytes.Index(p, emptyLine); i >= 0 && i+len(emptyLine) <= maxHead {
			n := i + len(emptyLine)
			return n, a.read(p[:n], heads)
		}
	}
	a.partial = append(a.partial, p[:min(len(p), maxHead-before)]...)
	from := max(0, before-len(emptyLine)+1)
	if i := bytes.Index(a.partial[from:], emptyLine); i >= 0 {
		n := from + i + len(emptyLine)
		err := a.read(a.partial[:n], heads)
		a.partial = a.partial[:0]
		return n - before, err
	}
	if len(a.partial) == maxHead {
		return 0, errors.New("read head: longer than 64 KiB")
	}
	if bareNewline(a.partial) {
		// Its end would never be found, and the request would time out for no
		// visible reason.
		return 0, errors.New("read head: a line ends in LF without CR")
	}
	return len(p), nil
}

func (a *Reader) read(head []byte, heads *HeadReader) error {
	f, err := heads.parse(head)
	if err != nil {
		return err
	}
	if f.Status >= 200 {
		a.enter(f)
	}
	return nil
}

func (a *Reader) enter(f framing) {
	a.framing = f
	switch f.body {
	case 0:
		a.Stage = Done
	case chunked:
		a.Stage, a.chunks = inChunks, chunkReader{}
	case toEnd:
		a.Stage, a.left = inBody, math.MaxInt64
	default:
		a.Stage, a.left = inBody, f.body
	}
}

// End reports whether the response is complete, given that the server has
// closed.
func (a *Reader) End() bool {
	if a.Stage == inBody && a.body == toEnd {
		a.Stage = Done
	}
	return a.Stage == Done
}

func bareNewline(p []byte) bool {
	for at := 0; ; {
		i := bytes.IndexByte(p[at:], '\n')
		if i < 0 {
			return false
		}
		if at += i; at == 0 || p[at-1] != '\r' {
			return true
		}
		at++
	}
}
