package answer

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"

	"github.com/valyala/fasthttp"
)

// maxHead bounds a head. A server that sends a longer one is in error.
const maxHead = 64 << 10

// Body lengths with a special meaning.
const (
	chunked = -1
	toEnd   = -2 // until the server closes
)

// A framing describes the rest of an answer, according to its head.
type framing struct {
	Status int
	body   int64 // length in bytes, chunked or toEnd
	Keep   bool  // the connection can carry another request
}

// A headReader parses the heads of answers. Under load a server sends the same
// head again, except for its date, and such a head is not parsed again.
type HeadReader struct {
	header fasthttp.ResponseHeader
	source bytes.Reader
	buffer *bufio.Reader

	last []byte // the last final head, including the empty line at its end
	date int    // where the Date value in last begins; 0 if there is none
	said framing
}

func NewHeadReader() *HeadReader {
	r := &HeadReader{}
	r.buffer = bufio.NewReaderSize(&r.source, maxHead)
	return r
}

// dateLen is the length of an IMF-fixdate (RFC 9110, 5.6.7).
const dateLen = len("Sun, 06 Nov 1994 08:49:37 GMT")

var (
	emptyLine = []byte("\r\n\r\n")
	dateNames = [][]byte{[]byte("\r\nDate: "), []byte("\r\ndate: ")}
)

// repeated returns the length of p's head if it equals the last head, and 0
// otherwise.
func (r *HeadReader) repeated(p []byte) int {
	n := len(r.last)
	if n == 0 || len(p) < n {
		return 0
	}
	if r.date == 0 {
		if !bytes.Equal(p[:n], r.last) {
			return 0
		}
		return n
	}
	rest := r.date + dateLen
	if !bytes.Equal(p[:r.date], r.last[:r.date]) || !bytes.Equal(p[rest:n], r.last[rest:]) {
		return 0
	}
	if date := p[r.date:rest]; !bytes.Equal(date, r.last[r.date:rest]) {
		if bytes.ContainsAny(date, "\r\n") {
			return 0 // the head ends in the date, so it differs
		}
		copy(r.last[r.date:], date)
	}
	return n
}

// parse parses a complete head, including its empty line.
func (r *HeadReader) parse(head []byte) (framing, error) {
	r.source.Reset(head)
	r.buffer.Reset(&r.source)
	if err := r.header.Read(r.buffer); err != nil {
		return framing{}, fmt.Errorf("read head: %w", err)
	}
	if r.buffer.Buffered()+r.source.Len() > 0 {
		return framing{}, errors.New("read head: bytes left over")
	}
	f := framing{
		Status: r.header.StatusCode(),
		body:   int64(r.header.ContentLength()),
		// fasthttp recognises "close" only in lower case and as the only value.
		Keep: !r.header.ConnectionClose() && !hasToken(r.header.Peek("Connection"), "close"),
	}
	switch {
	case f.Status == 101:
		return framing{}, errors.New("read head: 101 without a request to switch protocols")
	case f.Status < 200:
		return f, nil
	case f.Status == 204 || f.Status == 304:
		f.body = 0
	}
	r.remember(head, f)
	return f, nil
}

func (r *HeadReader) remember(head []byte, f framing) {
	r.last = append(r.last[:0], head...)
	r.said, r.date = f, 0
	for _, name := range dateNames {
		i := bytes.Index(head, name)
		if i < 0 {
			continue
		}
		at := i + len(name)
		if at+dateLen+2 <= len(head) && bytes.Equal(head[at+dateLen:at+dateLen+2], emptyLine[:2]) {
			r.date = at
		}
	}
}

// hasToken reports whether a comma-separated list contains token, ignoring
// case.
func hasToken(list []byte, token string) bool {
	for part := range bytes.SplitSeq(list, []byte{','}) {
		if bytes.EqualFold(bytes.TrimSpace(part), []byte(token)) {
			return true
		}
	}
	return false
}
