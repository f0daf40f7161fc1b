package mpm

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// client is a peer that does not wait for ever.
type client struct {
	t testing.TB
	*net.TCPConn
	in *bufio.Reader
}

// dial is for the test's own goroutine. The rig closes the client at the end.
func (r *rig) dial() *client {
	r.t.Helper()
	c := dialTo(r.t, r.addr)
	r.clients = append(r.clients, c)
	return c
}

func dialTo(t testing.TB, addr string) *client {
	t.Helper()
	c, err := net.DialTimeout("tcp", addr, patience)
	if err != nil {
		t.Fatal(err)
	}
	c.SetDeadline(time.Now().Add(patience))
	return newClient(t, c)
}

func newClient(t testing.TB, c net.Conn) *client {
	return &client{t, c.(*net.TCPConn), bufio.NewReader(c)}
}

func (c *client) send(data string) {
	c.t.Helper()
	if _, err := c.Write([]byte(data)); err != nil {
		c.t.Fatalf("send %.60q: %v", data, err)
	}
}

// answer reads one response. net/http checks its form.
func (c *client) answer(method string) (*http.Response, string) {
	c.t.Helper()
	res, err := http.ReadResponse(c.in, &http.Request{Method: method})
	if err != nil {
		c.t.Fatalf("read a response: %v", err)
	}
	var body strings.Builder
	body.Grow(int(max(res.ContentLength, 0)))
	if n, err := io.Copy(&body, res.Body); err != nil {
		c.t.Fatalf("read a body of %d bytes: %d, %v", res.ContentLength, n, err)
	}
	return res, body.String()
}

// hello reads the response of /hello and reports whether the connection ends.
func (c *client) hello(method string) (closes bool) {
	c.t.Helper()
	res, body := c.answer(method)
	want := "Hello, World!"
	if method == "HEAD" {
		want = ""
	}
	if res.StatusCode != 200 || body != want || res.ContentLength != 13 {
		c.t.Fatalf("answer %s, %q, length %d", res.Status, body, res.ContentLength)
	}
	return res.Close
}

// statusRequest is handled only after rig.letGo, see setup.holds.
const statusRequest = "GET /server-status?auto HTTP/1.1\r\nHost: a\r\n\r\n"

// status reads the response to statusRequest. It reports whether that ends the
// connection.
func (c *client) status() (closes bool) {
	c.t.Helper()
	res, body := c.answer("GET")
	if res.StatusCode != 200 || !strings.Contains(body, "\nServerMPM: ") {
		c.t.Fatalf("answer %s, %.60q", res.Status, body)
	}
	return res.Close
}

// end checks that the server ends the connection without sending more.
func (c *client) end() {
	c.t.Helper()
	if rest, err := io.ReadAll(c.in); err != nil || len(rest) > 0 {
		c.t.Fatalf("the connection goes on with %.60q, %v", rest, err)
	}
}

// vanish ends the connection with a reset.
func (c *client) vanish() {
	c.SetLinger(0)
	c.Close()
}

// letters returns the body of /bytes?n=N.
func letters(n int) []byte {
	return bytes.Repeat([]byte("abcdefghijklmnopqrstuvwxyz"), n/26+1)[:n]
}

// hasEnded reports whether err means that the peer has ended the connection.
func hasEnded(err error) bool {
	var timeout net.Error
	return err != nil && !(errors.As(err, &timeout) && timeout.Timeout())
}

func bytesRequest(n int) string {
	return fmt.Sprintf("GET /bytes?n=%d HTTP/1.1\r\nHost: a\r\n\r\n", n)
}
