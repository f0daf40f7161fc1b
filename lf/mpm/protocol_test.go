package mpm

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"
)

const getHello = "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n"

func TestKeepAlive(t *testing.T) {
	someVariants(t, setup{}, func(t *testing.T, r *rig) {
		c := r.dial()
		for range 50 {
			c.send(getHello)
			if c.hello("GET") {
				t.Fatal("the connection is to be closed")
			}
		}
	})
}

// TestPipelining sends twenty requests in one segment and checks the order.
func TestPipelining(t *testing.T) {
	someVariants(t, setup{}, func(t *testing.T, r *rig) {
		c := r.dial()
		var all strings.Builder
		for i := range 20 {
			fmt.Fprintf(&all, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n%02d", i)
		}
		c.send(all.String())
		for i := range 20 {
			if res, body := c.answer("POST"); res.StatusCode != 200 || body != fmt.Sprintf("%02d", i) {
				t.Fatalf("answer %d: %s, %q", i, res.Status, body)
			}
		}
		// Another twenty, the last of which closes.
		c.send(strings.Repeat(getHello, 19) + "GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
		for i := range 20 {
			if closes := c.hello("GET"); closes != (i == 19) {
				t.Fatalf("answer %d: close %v", i, closes)
			}
		}
		c.end()
	})
}

func TestVersionsAndClose(t *testing.T) {
	tests := []struct {
		name, line, fields string
		closes             bool
		connection         string // field of the answer
	}{
		{"1.1", "HTTP/1.1", "Host: a\r\n", false, ""},
		{"1.1 close", "HTTP/1.1", "Host: a\r\nConnection: close\r\n", true, "close"},
		{"1.0", "HTTP/1.0", "", true, "close"},
		{"1.0 keep-alive", "HTTP/1.0", "Connection: keep-alive\r\n", false, "keep-alive"},
	}
	someVariants(t, setup{}, func(t *testing.T, r *rig) {
		for _, test := range tests {
			for _, method := range []string{"GET", "HEAD"} {
				c := r.dial()
				for range 3 {
					c.send(method + " /hello " + test.line + "\r\n" + test.fields + "\r\n")
					res, body := c.answer(method)
					if want := map[string]string{"GET": "Hello, World!"}[method]; body != want || res.ContentLength != 13 {
						t.Fatalf("%s %s: body %q, length %d", method, test.name, body, res.ContentLength)
					}
					if got := res.Header.Get("Connection"); got != test.connection {
						// net/http removes "close" from the header.
						if !(test.closes && res.Close) {
							t.Errorf("%s %s: Connection: %q, want %q", method, test.name, got, test.connection)
						}
					}
					if test.closes {
						c.end()
						break
					}
				}
				c.Close()
			}
		}
	})
}

// TestBodies sends bodies of many sizes to /echo, framed in both ways, with and
// without Expect: 100-continue.
func TestBodies(t *testing.T) {
	someVariants(t, setup{}, func(t *testing.T, r *rig) {
		c := r.dial()
		for _, n := range []int{0, 1, 26, 4095, 4096, 4097, 65536, 300_000, 1 << 20} {
			body := string(letters(n))
			chunked := ""
			for rest := body; rest != ""; {
				piece := rest[:min(len(rest), 1+len(rest)/3)]
				rest = rest[len(piece):]
				chunked += fmt.Sprintf("%x\r\n%s\r\n", len(piece), piece)
			}
			chunked += "0\r\n\r\n"
			for framing, sent := range map[string]string{fmt.Sprintf("Content-Length: %d", n): body, "Transfer-Encoding: chunked": chunked} {
				for _, expect := range []string{"", "Expect: 100-continue\r\n"} {
					c.send("POST /echo HTTP/1.1\r\nHost: a\r\n" + framing + "\r\n" + expect + "\r\n")
					if expect != "" && !(n == 0 && sent == "") {
						if res, _ := c.answer("POST"); res.StatusCode != 100 {
							t.Fatalf("%s, %d bytes: first answer %s", framing, n, res.Status)
						}
					}
					c.send(sent)
					if res, got := c.answer("POST"); res.StatusCode != 200 || got != body {
						t.Fatalf("%s, %d bytes: %s, %d bytes", framing, n, res.Status, len(got))
					}
				}
			}
		}
	})
}

// TestByteByByte sends a request in as many segments as it has bytes.
func TestByteByByte(t *testing.T) {
	someVariants(t, setup{}, func(t *testing.T, r *rig) {
		c := r.dial()
		for _, request := range []string{
			"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
			"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\nA: b\r\n\r\n",
		} {
			for i := range len(request) {
				c.send(request[i : i+1])
			}
			if res, body := c.answer("POST"); res.StatusCode != 200 || body != "hello" {
				t.Fatalf("%s, %q", res.Status, body)
			}
		}
	})
}

// TestSlowReading sends a large response to a peer with a small buffer, which
// reads small pieces while the next request waits.
func TestSlowReading(t *testing.T) {
	const n = 3_000_000
	someVariants(t, setup{}, func(t *testing.T, r *rig) {
		c := r.dial()
		c.SetReadBuffer(256 << 10)
		c.send(bytesRequest(n) + getHello)
		var all bytes.Buffer
		head := make([]byte, 0, 4096)
		for !bytes.Contains(head, []byte("\r\n\r\n")) {
			b, err := c.in.ReadByte()
			if err != nil {
				t.Fatal(err)
			}
			head = append(head, b)
		}
		if !bytes.Contains(head, []byte(fmt.Sprintf("Content-Length: %d\r\n", n))) {
			t.Fatalf("head %q", head)
		}
		for piece := make([]byte, 10_000); all.Len() < n; {
			got, err := c.in.Read(piece[:min(len(piece), n-all.Len())])
			if err != nil {
				t.Fatalf("after %d bytes: %v", all.Len(), err)
			}
			all.Write(piece[:got])
		}
		if !bytes.Equal(all.Bytes(), letters(n)) {
			t.Error("the body is not the alphabet")
		}
		c.hello("GET")
	})
}

// TestHalfClosed: a peer that closes its side after the request gets an answer.
func TestHalfClosed(t *testing.T) {
	someVariants(t, setup{}, func(t *testing.T, r *rig) {
		for range 20 {
			c := r.dial()
			c.send(getHello + bytesRequest(200_000))
			if err := c.CloseWrite(); err != nil {
				t.Fatal(err)
			}
			c.hello("GET")
			if _, body := c.answer("GET"); body != string(letters(200_000)) {
				t.Fatalf("%d bytes", len(body))
			}
			if _, err := io.ReadAll(c.in); err != nil {
				t.Fatal(err)
			}
			c.Close()
		}
	})
}
