package answer

import (
	"bytes"
	"errors"
)

// A chunkReader finds the end of a chunked body (RFC 9112, 7.1), however it is
// split into pieces. The zero value starts at the body's first byte.
type chunkReader struct {
	place chunkPlace
	left  int64 // bytes of the chunk's size so far, then bytes of its data that have not come
	digit int   // hexadecimal digits read
	line  int   // bytes of the trailer line so far
}

type chunkPlace uint8

const (
	chunkSize chunkPlace = iota
	chunkExtension
	chunkSizeLF
	chunkData
	chunkDataCR
	chunkDataLF
	chunkTrailer
	chunkTrailerLF
)

var errChunk = errors.New("read chunked body: malformed")

// maxDigits keeps the size of a chunk within an int64.
const maxDigits = 15

// feed returns how many bytes of p belong to the body, and whether the body has
// ended.
func (c *chunkReader) feed(p []byte) (int, bool, error) {
	for i := 0; i < len(p); i++ {
		b := p[i]
		switch c.place {
		case chunkSize:
			switch value, ok := hexValue(b); {
			case ok && c.digit < maxDigits:
				c.left, c.digit = c.left<<4|value, c.digit+1
			case c.digit == 0:
				return i, false, errChunk
			case b == ';' || b == ' ' || b == '\t':
				c.place = chunkExtension
			case b == '\r':
				c.place = chunkSizeLF
			default:
				return i, false, errChunk
			}
		case chunkExtension:
			n := bytes.IndexAny(p[i:], "\r\n")
			if n < 0 {
				return len(p), false, nil
			}
			if i += n; p[i] == '\n' {
				return i, false, errChunk
			}
			c.place = chunkSizeLF
		case chunkSizeLF:
			if b != '\n' {
				return i, false, errChunk
			}
			c.place, c.digit, c.line = chunkData, 0, 0
			if c.left == 0 {
				c.place = chunkTrailer
			}
		case chunkData:
			n := int(min(c.left, int64(len(p)-i)))
			c.left -= int64(n)
			i += n - 1
			if c.left == 0 {
				c.place = chunkDataCR
			}
		case chunkDataCR:
			if b != '\r' {
				return i, false, errChunk
			}
			c.place = chunkDataLF
		case chunkDataLF:
			if b != '\n' {
				return i, false, errChunk
			}
			c.place = chunkSize
		case chunkTrailer:
			switch {
			case b == '\r':
				c.place = chunkTrailerLF
			case b == '\n' || c.line == maxHead:
				return i, false, errChunk
			default:
				c.line++
			}
		case chunkTrailerLF:
			if b != '\n' {
				return i, false, errChunk
			}
			if c.line == 0 {
				return i + 1, true, nil
			}
			c.place, c.line = chunkTrailer, 0
		}
	}
	return len(p), false, nil
}

func hexValue(b byte) (int64, bool) {
	switch {
	case '0' <= b && b <= '9':
		return int64(b - '0'), true
	case 'a' <= b|0x20 && b|0x20 <= 'f':
		return int64(b|0x20-'a') + 10, true
	}
	return 0, false
}
