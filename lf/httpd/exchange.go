package httpd

import (
	"fmt"
	"strconv"

	"github.com/valyala/fasthttp"

	"lflab/lf/serve"
)

// Exchange is one request and its response. A handler calls one of the Answer
// methods once; otherwise the answer is an empty 200. It must not keep any part
// of an Exchange after it returns.
type Exchange struct {
	Path  []byte // of the target, as sent
	Query []byte // the part after its '?', as sent

	session *Session
	thread  *serve.Thread
	method  methods
	size    int // of the request's body as sent
	args    fasthttp.Args
	parsed  parts

	status int
	ctype  string
	fields []byte // further fields, as lines
	body   []byte
	source source // used instead of body, if not nil
	length int64  // size of source
}

// parts says which parts of a request have been parsed.
type parts uint8

const (
	parsedQuery parts = 1 << iota
	parsedRequest
)

// Args returns the parsed query.
func (x *Exchange) Args() *fasthttp.Args {
	if x.parsed&parsedQuery == 0 {
		x.args.ParseBytes(x.Query)
		x.parsed |= parsedQuery
	}
	return &x.args
}

// Request returns the request, with its head and decoded body, as fasthttp's
// parser reads it. The first call parses. A handler that manages with Path,
// Query and Body saves most of the time of a request. If the parser refuses
// what has passed the checks, the handler ends there and the peer gets 400.
func (x *Exchange) Request() *fasthttp.Request {
	if x.parsed&parsedRequest == 0 {
		x.session.parse(x.size)
		x.parsed |= parsedRequest
	}
	return &x.session.parsed
}

// Body returns the request's decoded body.
func (x *Exchange) Body() []byte {
	s := x.session
	if s.request.chunked {
		return x.Request().Body()
	}
	from := s.r + s.request.checked
	return s.in[from : from+x.size]
}

// BeforeLong lets others go on before the handler blocks or works for long; see
// serve.Thread. Handlers that were slow before need not call it.
func (x *Exchange) BeforeLong() { x.thread.BeforeLong() }

// Answer sets the whole response. body may be part of the request and must not
// change until the handler has returned.
func (x *Exchange) Answer(status int, contentType string, body []byte) {
	x.status, x.ctype, x.body = status, contentType, body
}

// AnswerText is Answer with a line of plain text.
func (x *Exchange) AnswerText(status int, format string, args ...any) {
	x.Answer(status, "text/plain; charset=utf-8", fmt.Appendf(nil, format+"\n", args...))
}

// answerFrom answers with size bytes that are read from src while they are sent.
func (x *Exchange) answerFrom(status int, contentType string, src source, size int64) {
	x.status, x.ctype, x.source, x.length = status, contentType, src, size
}

// Field adds a field to the response. The value must not contain a line end.
func (x *Exchange) Field(name, value string) {
	x.fields = append(x.fields, name...)
	x.fields = append(x.fields, ": "...)
	x.fields = append(x.fields, value...)
	x.fields = append(x.fields, "\r\n"...)
}

// reset clears the request and the response.
func (x *Exchange) reset() {
	x.close()
	x.forget()
	x.Path, x.Query, x.size = nil, nil, 0
	x.status, x.ctype, x.body, x.length = fasthttp.StatusOK, "", nil, 0
	x.fields = x.fields[:0]
}

// forget drops the parsed parts.
func (x *Exchange) forget() {
	if x.parsed&parsedRequest != 0 {
		x.session.parsed.Reset()
	}
	x.parsed = 0
}

// close closes the source, if there is one.
func (x *Exchange) close() {
	if x.source != nil {
		x.source.Close() // it was only read
		x.source = nil
	}
}

// connection is the Connection field of a response.
type connection uint8

const (
	silent    connection = iota // no field: an HTTP/1.1 connection that stays open
	keepAlive                   // an HTTP/1.0 connection that stays open
	closing
)

// appendHead appends the response's head to b. It does not use fasthttp, whose
// Date comes from a goroutine with a ticker that would run beside the measured
// threads.
func (x *Exchange) appendHead(b []byte, d *date, c connection) []byte {
	if x.status == fasthttp.StatusOK {
		b = append(b, d.ok()...)
	} else {
		b = append(b, "HTTP/1.1 "...)
		b = strconv.AppendInt(b, int64(x.status), 10)
		b = append(b, ' ')
		b = append(b, fasthttp.StatusMessage(x.status)...)
		b = append(b, d.field()...)
	}
	if x.hasBody() {
		if x.ctype != "" {
			b = append(b, "Content-Type: "...)
			b = append(b, x.ctype...)
			b = append(b, "\r\n"...)
		}
		size := x.length
		if x.source == nil {
			size = int64(len(x.body))
		}
		b = append(b, "Content-Length: "...)
		b = strconv.AppendInt(b, size, 10)
		b = append(b, "\r\n"...)
	}
	b = append(b, x.fields...)
	switch c {
	case keepAlive:
		b = append(b, "Connection: keep-alive\r\n"...)
	case closing:
		b = append(b, "Connection: close\r\n"...)
	}
	return append(b, "\r\n"...)
}

// hasBody reports whether the head of a response with this status describes a
// body. That holds for HEAD, too, although the body is not sent.
func (x *Exchange) hasBody() bool {
	return x.status != fasthttp.StatusNoContent && x.status != fasthttp.StatusNotModified
}
