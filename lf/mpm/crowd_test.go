package mpm

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// TestCrowd has many clients at once, far more than threads. Each must get
// exactly its bytes, except for the date.
func TestCrowd(t *testing.T) { crowds(t, 40, 4) }

func crowds(t *testing.T, clients, requests int) {
	for _, mode := range []string{"keepalive", "close"} {
		t.Run("mode="+mode, func(t *testing.T) {
			guard := &guard{}
			t.Cleanup(func() { // after all variants
				if n := guard.overlaps.Load(); n != 0 {
					t.Errorf("%d times a connection or a session was served by two threads at once", n)
				}
			})
			everyVariant(t, setup{threads: 16, watch: guard.watch}, func(t *testing.T, r *rig) {
				var crowd sync.WaitGroup
				var failed atomic.Bool
				for i := range clients {
					crowd.Go(func() {
						if err := visit(r.addr, i, requests, mode == "close"); err != nil && !failed.Swap(true) {
							t.Errorf("client %d: %v", i, err)
						}
					})
				}
				crowd.Wait()
				r.idle()
				st := r.m.Status()
				connections := uint64(clients)
				if mode == "close" {
					connections *= uint64(requests)
				}
				if st.Requests != uint64(clients*requests) || st.Connections != connections {
					t.Errorf("counted %d requests, %d connections; want %d, %d", st.Requests, st.Connections, clients*requests, connections)
				}
				r.check()
			})
		})
	}
}

var errWrong = errors.New("wrong response")

// visit is one client. It echoes other data each time.
func visit(addr string, id, requests int, closes bool) error {
	var c net.Conn
	defer func() {
		if c != nil {
			c.Close()
		}
	}()
	for n := range requests {
		if c == nil {
			var err error
			if c, err = net.DialTimeout("tcp", addr, patience); err != nil {
				return err
			}
			c.SetDeadline(time.Now().Add(3 * patience))
		}
		fields, ending := "", ""
		if closes {
			fields, ending = "Connection: close\r\n", "Connection: close\r\n"
		}
		own := fmt.Sprintf("client %d, request %d", id, n)
		if _, err := fmt.Fprintf(c, "POST /echo HTTP/1.1\r\nHost: a\r\n%sContent-Length: %d\r\n\r\n%s", fields, len(own), own); err != nil {
			return fmt.Errorf("request %d: %w", n, err)
		}
		const date = "Sun, 06 Nov 1994 08:49:37 GMT"
		want := fmt.Appendf(nil, "HTTP/1.1 200 OK\r\nDate: %s\r\nContent-Type: application/octet-stream\r\nContent-Length: %d\r\n%s\r\n%s", date, len(own), ending, own)
		got := make([]byte, len(want))
		if k, err := io.ReadFull(c, got); err != nil {
			return fmt.Errorf("response %d: %d bytes: %w", n, k, err)
		}
		copy(got[len("HTTP/1.1 200 OK\r\nDate: "):], date)
		if !bytes.Equal(got, want) {
			return fmt.Errorf("%w: %d is %q, want %q", errWrong, n, got, want)
		}
		if closes {
			if k, err := c.Read(got); k != 0 || err != io.EOF {
				return fmt.Errorf("after response %d: %d bytes, %w", n, k, err)
			}
			c.Close()
			c = nil
		}
	}
	return nil
}
