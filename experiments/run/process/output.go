package process

import (
	"bytes"
	"strings"
	"sync"
)

// head keeps the first 4 KiB written to it. It drops the rest, so that the
// program never blocks on a full pipe.
type head struct {
	mu   sync.Mutex
	buf  []byte
	full bool          // done is closed
	done chan struct{} // closed when the first line is complete, or the buffer full
}

const headBytes = 4096

func newHead() *head { return &head{done: make(chan struct{})} }

func (h *head) Write(b []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.buf = append(h.buf, b[:min(len(b), headBytes-len(h.buf))]...)
	if !h.full && (bytes.ContainsRune(h.buf, '\n') || len(h.buf) == headBytes) {
		h.full = true
		close(h.done)
	}
	return len(b), nil
}

func (h *head) line() string {
	line, _, _ := strings.Cut(h.String(), "\n")
	return line
}

func (h *head) String() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return string(h.buf)
}

// tail keeps the last 2 KiB written to it.
type tail struct {
	mu  sync.Mutex
	buf []byte
}

const tailBytes = 2048

func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.buf = append(t.buf, b...)
	if over := len(t.buf) - tailBytes; over > 0 {
		t.buf = append(t.buf[:0], t.buf[over:]...)
	}
	return len(b), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.buf)
}
