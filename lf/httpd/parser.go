package httpd

import (
	"bufio"
	"bytes"
	"errors"

	"github.com/valyala/fasthttp"
)

// parser lets fasthttp read from memory. It needs a bufio.Reader that holds a
// whole head. A session borrows a parser for one request, so sessions stay
// small.
type parser struct {
	src bytes.Reader
	br  *bufio.Reader
}

func newParser(headLimit int) *parser {
	p := &parser{}
	p.br = bufio.NewReaderSize(&p.src, headLimit)
	return p
}

var errDisagree = errors.New("the parser frames the request differently")

// head parses the head, which has passed q's checks, into r.
func (p *parser) head(r *fasthttp.Request, head []byte, q *request) error {
	p.src.Reset(head)
	p.br.Reset(&p.src)
	if err := r.Header.Read(p.br); err != nil {
		return err
	}
	length := r.Header.ContentLength()
	switch {
	case p.br.Buffered() != 0 || p.src.Len() != 0:
		return errDisagree
	case q.chunked && length != -1:
		return errDisagree
	case !q.chunked && q.length >= 0 && length != q.length:
		return errDisagree
	case !q.chunked && q.length < 0 && length > 0:
		return errDisagree
	}
	return nil
}

// chunked decodes a complete chunked body into r. It does not read beyond the
// last chunk, so that trailer fields do not become header fields.
func (p *parser) chunked(r *fasthttp.Request, body []byte, c *chunks, limit int) error {
	p.src.Reset(body)
	p.br.Reset(&p.src)
	if err := r.ReadBody(p.br, -1, limit); err != nil {
		return err
	}
	if p.br.Buffered()+p.src.Len() != c.trailers || len(r.Body()) != c.data {
		return errDisagree
	}
	return nil
}
