package httpd

import (
	"crypto/rand"
	"fmt"
	"io"
	"os"
)

// multipart is a body with several ranges of a file as its parts
// (multipart/byteranges: RFC 9110, 14.6).
type multipart struct {
	*os.File
	boundary string
	parts    []part
}

// part is a section of the body: text, or a range of the file.
type part struct {
	at   int64 // offset in the body
	text string
	file byteRange
}

func (p *part) size() int64 {
	if p.text != "" {
		return int64(len(p.text))
	}
	return p.file.size()
}

func newMultipart(f *os.File, ranges []byteRange, ctype string, size int64) *multipart {
	m := &multipart{File: f, boundary: rand.Text()}
	add := func(p part) {
		p.at = m.size()
		m.parts = append(m.parts, p)
	}
	for _, r := range ranges {
		add(part{text: fmt.Sprintf("\r\n--%s\r\nContent-Type: %s\r\nContent-Range: %s\r\n\r\n", m.boundary, ctype, r.of(size))})
		add(part{file: r})
	}
	add(part{text: fmt.Sprintf("\r\n--%s--\r\n", m.boundary)})
	return m
}

func (m *multipart) contentType() string { return "multipart/byteranges; boundary=" + m.boundary }

func (m *multipart) size() int64 {
	if len(m.parts) == 0 {
		return 0
	}
	last := &m.parts[len(m.parts)-1]
	return last.at + last.size()
}

// ReadAt reads from the body. It hides File.ReadAt.
func (m *multipart) ReadAt(p []byte, off int64) (n int, err error) {
	for i := range m.parts {
		part := &m.parts[i]
		skip := off + int64(n) - part.at
		if skip < 0 || skip >= part.size() {
			continue
		}
		want := p[n:]
		if left := part.size() - skip; int64(len(want)) > left {
			want = want[:left]
		}
		if part.text != "" {
			n += copy(want, part.text[skip:])
		} else {
			got, err := m.File.ReadAt(want, part.file.first+skip)
			n += got
			if got < len(want) {
				return n, err
			}
		}
		if n == len(p) {
			return n, nil
		}
	}
	return n, io.EOF
}
