package httpd

import "bytes"

// Limits on the framing of a chunked body. The session buffers the whole body,
// so the framing must be bounded like the data.
const (
	maxChunkLine = 256      // a size with its extensions
	spareFraming = 16 << 10 // framing may exceed the data limit by this much
	maxSizeDigit = 15       // most hexadecimal digits of a size; fasthttp reads no more
)

// chunks finds the end of a chunked body. It checks the framing strictly and
// leaves the data in place. scan looks at every byte once, so its verdict does
// not depend on how the body was split into reads.
type chunks struct {
	step     chunkStep
	pos      int // bytes of the body that are checked
	looked   int // bytes in which no further line ends
	left     int // data bytes of this chunk that are missing
	data     int // data bytes in all
	framing  int // all other bytes
	trailers int // bytes of trailer fields
	fields   int
}

type chunkStep uint8

const (
	chunkSize chunkStep = iota
	chunkData
	chunkEnd
	chunkTrailer
	chunkDone
)

// scan continues with b, which starts at the body's first byte. The body is
// complete when step is chunkDone; then pos is its size.
func (c *chunks) scan(b []byte, limits *Limits) *refusal {
	for c.step != chunkDone {
		switch c.step {
		case chunkData:
			n := min(c.left, len(b)-c.pos)
			c.pos += n
			if c.left -= n; c.left > 0 {
				return nil
			}
			c.step = chunkEnd
		case chunkEnd:
			rest := b[c.pos:]
			if len(rest) > 0 && rest[0] != '\r' || len(rest) > 1 && rest[1] != '\n' {
				return errChunkEnd
			}
			if len(rest) < 2 {
				return nil
			}
			c.pos += 2
			c.framing += 2
			c.step = chunkSize
		default:
			most, tooMuch := maxChunkLine, errChunkLine
			if c.step == chunkTrailer {
				most, tooMuch = limits.Head-c.trailers, errTrailers
			}
			line, r := c.line(b, most, tooMuch)
			if line == nil || r != nil {
				return r
			}
			if c.step == chunkSize {
				r = c.size(line, limits)
			} else {
				r = c.trailer(line)
			}
			if r != nil {
				return r
			}
		}
	}
	return nil
}

// line takes a line from b and returns it without its CRLF, or nil if it is
// incomplete.
func (c *chunks) line(b []byte, most int, tooMuch *refusal) ([]byte, *refusal) {
	from := max(c.looked, c.pos)
	i := bytes.IndexByte(b[from:], '\n')
	size := from + i + 1 - c.pos
	if i < 0 {
		c.looked = len(b)
		size = len(b) - c.pos
	}
	if size > most {
		return nil, tooMuch
	}
	if i < 0 {
		return nil, nil
	}
	line := b[c.pos : c.pos+size]
	if size < 2 || line[size-2] != '\r' {
		return nil, errBareLF
	}
	c.pos += size
	c.framing += size
	return line[:size-2], nil
}

// size reads the first line of a chunk.
func (c *chunks) size(line []byte, limits *Limits) *refusal {
	digits, n := 0, 0
	for digits < len(line) && unhex(line[digits]) >= 0 {
		if digits == maxSizeDigit {
			return errChunkLine
		}
		n = n<<4 | unhex(line[digits])
		digits++
	}
	if digits == 0 || digits < len(line) && line[digits] != ';' {
		return errChunkLine
	}
	for _, b := range line[digits:] {
		if b != '\t' && (b < ' ' || b >= 0x7f) {
			return errChunkLine
		}
	}
	if n > limits.Body-c.data || c.framing > limits.Body+spareFraming {
		return errBodySize
	}
	c.data += n
	c.left = n
	c.step = chunkData
	if n == 0 {
		c.step = chunkTrailer
	}
	return nil
}

// trailer checks a line after the last chunk. Trailer fields are ignored.
func (c *chunks) trailer(line []byte) *refusal {
	c.trailers += len(line) + 2
	if len(line) == 0 {
		c.step = chunkDone
		return nil
	}
	if c.fields++; c.fields > maxFields {
		return errFields
	}
	name, _, r := cutField(line)
	if r != nil {
		return r
	}
	for _, framing := range notTrailers {
		if is(name, framing) {
			return errName
		}
	}
	return nil
}

// notTrailers are fields that change the meaning or the end of a request. They
// may not be trailers, and a Trailer field may not announce them.
var notTrailers = [...]string{"host", "content-length", "transfer-encoding", "trailer"}
