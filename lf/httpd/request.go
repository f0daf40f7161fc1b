package httpd

import "bytes"

// maxFields is the largest number of fields of a request.
const maxFields = 100

// request is the result of the checks of a request's head. It holds offsets
// from the head's start and no slices, because the buffer may move when it
// grows.
//
// scan is called again as more of the head arrives. It checks the lines in
// order and looks at every byte once, so its verdict does not depend on how the
// head was split into reads.
type request struct {
	checked int // bytes of complete lines that have passed
	looked  int // bytes in which no further line ends
	fields  int
	whole   bool // the head is complete, and checked is its size

	method  methods
	http10  bool
	path    span
	query   span
	host    span // of the target, or else of the Host field
	inUse   bool // host comes from the target
	hosts   int
	chunked bool
	length  int // Content-Length, or -1 if there is none

	closes     bool // Connection: close
	keepsAlive bool // Connection: keep-alive
	expects    bool // Expect: 100-continue
	expectsAny bool // another expectation

	conditional bool // If-Match or If-None-Match, which also concern what has no validators
}

// span is a part of the head, as offsets.
type span struct{ from, to int }

func (s span) of(b []byte) []byte { return b[s.from:s.to] }

func (q *request) reset() { *q = request{length: -1} }

// scan checks the new lines in b, which starts at the head's first byte. If it
// returns nil and whole is false, it needs more input.
func (q *request) scan(b []byte, limit int) *refusal {
	if !tokenByte[b[0]] && b[0] != '\n' {
		return errFirst
	}
	for !q.whole {
		i := bytes.IndexByte(b[q.looked:], '\n')
		if i < 0 {
			q.looked = len(b)
			if len(b) > limit {
				return errHeadSize
			}
			return nil
		}
		end := q.looked + i + 1
		if end > limit {
			return errHeadSize
		}
		line := b[q.checked : end-1]
		if len(line) == 0 || line[len(line)-1] != '\r' {
			return errBareLF
		}
		line = line[:len(line)-1]
		var r *refusal
		switch {
		case q.checked == 0:
			r = q.requestLine(line)
		case len(line) == 0:
			q.whole = true
			r = q.together()
		default:
			r = q.field(line, q.checked)
		}
		if r != nil {
			return r
		}
		q.checked, q.looked = end, end
	}
	return nil
}

func (q *request) requestLine(line []byte) *refusal {
	sp := bytes.IndexByte(line, ' ')
	if sp < 0 {
		return errLine
	}
	method := line[:sp]
	q.method = methodOf(method)
	if q.method == unknown && !isToken(method) {
		return errMethod
	}
	from := sp + 1
	sp = bytes.IndexByte(line[from:], ' ')
	if sp <= 0 {
		return errLine
	}
	if r := q.version(line[from+sp+1:]); r != nil {
		return r
	}
	return q.target(line, span{from, from + sp})
}

// version reads HTTP-version. A higher minor version counts as ours (RFC 9110,
// 2.5). Another major version is another protocol.
func (q *request) version(v []byte) *refusal {
	digit := func(c byte) bool { return '0' <= c && c <= '9' }
	if len(v) != 8 || string(v[:5]) != "HTTP/" || !digit(v[5]) || v[6] != '.' || !digit(v[7]) {
		return errVersion
	}
	if v[5] != '1' {
		return errOther
	}
	q.http10 = v[7] == '0'
	return nil
}

// field checks a field line, and records the field's value if it concerns
// framing or the connection.
func (q *request) field(line []byte, at int) *refusal {
	if q.fields++; q.fields > maxFields {
		return errFields
	}
	name, value, r := cutField(line)
	if r != nil {
		return r
	}
	switch len(name) {
	case len("host"):
		if is(name, "host") {
			return q.hostField(value, at+cap(line)-cap(value)) // value is a slice of line
		}
	case len("expect"):
		if is(name, "expect") {
			if is(value, "100-continue") {
				q.expects = true
			} else {
				q.expectsAny = true
			}
		}
	case len("trailer"):
		if is(name, "trailer") {
			for _, framing := range notTrailers {
				if lists(value, framing) {
					return errTrailer
				}
			}
		}
	case len("if-match"):
		q.conditional = q.conditional || is(name, "if-match")
	case len("if-none-match"):
		q.conditional = q.conditional || is(name, "if-none-match")
	case len("connection"):
		if is(name, "connection") {
			q.closes = q.closes || lists(value, "close")
			q.keepsAlive = q.keepsAlive || lists(value, "keep-alive")
		}
	case len("content-length"):
		if is(name, "content-length") {
			return q.lengthField(value)
		}
	case len("transfer-encoding"):
		if is(name, "transfer-encoding") {
			if q.chunked {
				return errCodings
			}
			if !is(value, "chunked") {
				return errCoding
			}
			q.chunked = true
		}
	}
	return nil
}

// cutField splits a field line or trailer line and checks both parts.
func cutField(line []byte) (name, value []byte, r *refusal) {
	colon := tokenSize(line)
	if colon == 0 || colon == len(line) || line[colon] != ':' {
		return nil, nil, misnamed(line)
	}
	value = trim(line[colon+1:])
	if !isText(value) {
		return nil, nil, errValue
	}
	return line[:colon], value, nil
}

// misnamed says what is wrong with a line that does not begin with a token and
// a colon.
func misnamed(line []byte) *refusal {
	switch {
	case line[0] == ' ' || line[0] == '\t':
		return errFold
	case bytes.IndexByte(line, ':') < 0:
		return errColon
	}
	return errName
}

func (q *request) hostField(value []byte, at int) *refusal {
	if q.hosts++; q.hosts > 1 {
		return errHostTwice
	}
	if !validAuthority(value) {
		return errHost
	}
	if !q.inUse {
		q.host = span{at, at + len(value)}
	}
	return nil
}

// lengthField accepts only digits. fasthttp and strconv accept other forms of
// numbers, which two servers may read differently.
func (q *request) lengthField(value []byte) *refusal {
	if q.length >= 0 {
		return errLengths
	}
	if len(value) == 0 || len(value) > 18 {
		return errLength
	}
	n := 0
	for _, c := range value {
		if c < '0' || c > '9' {
			return errLength
		}
		n = n*10 + int(c-'0')
	}
	q.length = n
	return nil
}

// together makes the checks that need the whole head.
func (q *request) together() *refusal {
	switch {
	case q.hosts == 0 && !q.http10:
		return errHostNone
	case q.chunked && q.length >= 0:
		return errTwoLengths
	case q.chunked && q.http10:
		return errCoding10
	case q.method == connect:
		return errConnect
	case q.expectsAny && !q.http10:
		return errExpect
	}
	return nil
}
