package mpm

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"os/exec"
	"strings"
	"sync"
	"testing"
)

// TestNetHTTP lets the standard library's client check the server.
func TestNetHTTP(t *testing.T) {
	someVariants(t, setup{threads: 8}, func(t *testing.T, r *rig) {
		transport := &http.Transport{}
		defer transport.CloseIdleConnections()
		client := &http.Client{Transport: transport, Timeout: patience}
		base := "http://" + r.addr
		get := func(method, path string, body io.Reader) (int, string) {
			req, err := http.NewRequest(method, base+path, body)
			if err != nil {
				t.Fatal(err)
			}
			if method == "POST" {
				req.Header.Set("Expect", "100-continue")
			}
			res, err := client.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			got, err := io.ReadAll(res.Body)
			if err != nil {
				t.Fatal(err)
			}
			return res.StatusCode, string(got)
		}
		for range 3 {
			if code, body := get("GET", "/hello", nil); code != 200 || body != "Hello, World!" {
				t.Fatalf("/hello: %d, %q", code, body)
			}
			if code, body := get("HEAD", "/hello", nil); code != 200 || body != "" {
				t.Fatalf("HEAD: %d, %q", code, body)
			}
			if code, body := get("GET", "/bytes?n=100000", nil); code != 200 || body != string(letters(100_000)) {
				t.Fatalf("/bytes: %d, %d bytes", code, len(body))
			}
			if code, body := get("POST", "/echo", bytes.NewReader(letters(50_000))); code != 200 || body != string(letters(50_000)) {
				t.Fatalf("/echo: %d, %d bytes", code, len(body))
			}
			// A reader of unknown length is sent in chunks.
			if code, body := get("POST", "/echo", io.MultiReader(bytes.NewReader(letters(50_000)))); code != 200 || body != string(letters(50_000)) {
				t.Fatalf("/echo in chunks: %d, %d bytes", code, len(body))
			}
			if code, _ := get("GET", "/nothing/here", nil); code != 404 {
				t.Fatalf("a path that is not there: %d", code)
			}
			if code, body := get("GET", "/server-status?auto", nil); code != 200 || !strings.Contains(body, "ServerMPM: "+r.kind.Name+"\n") {
				t.Fatalf("/server-status: %d, %q", code, body)
			}
		}
		// One connection was used for all.
		if n := r.m.Status().Connections; n != 1 {
			t.Errorf("%d connections for requests one after the other", n)
		}
		var all sync.WaitGroup
		for range 10 {
			all.Go(func() {
				for range 10 {
					if code, body := get("GET", "/hello", nil); code != 200 || body != "Hello, World!" {
						t.Errorf("/hello: %d, %q", code, body)
					}
				}
			})
		}
		all.Wait()
	})
}

func TestCurl(t *testing.T) {
	curl, err := exec.LookPath("curl")
	if err != nil {
		t.Skipf("no curl: %v", err)
	}
	someVariants(t, setup{}, func(t *testing.T, r *rig) {
		run := func(args ...string) string {
			t.Helper()
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			args = append([]string{"-s", "-S", "--noproxy", "*", "--http1.1"}, args...)
			out, err := exec.CommandContext(ctx, curl, args...).CombinedOutput()
			if err != nil {
				t.Fatalf("curl %q: %v, %.200q", args, err, out)
			}
			return string(out)
		}
		url := "http://" + r.addr
		if got := run(url+"/hello", url+"/hello"); got != "Hello, World!Hello, World!" {
			t.Errorf("two on one connection: %q", got)
		}
		if got := run("--http1.0", url+"/hello"); got != "Hello, World!" {
			t.Errorf("HTTP/1.0: %q", got)
		}
		if got := run("-I", url+"/bytes?n=77"); !strings.HasPrefix(got, "HTTP/1.1 200 OK\r\n") || !strings.Contains(got, "Content-Length: 77\r\n") {
			t.Errorf("HEAD: %q", got)
		}
		if got := run("-H", "Expect: 100-continue", "--data-binary", string(letters(30_000)), url+"/echo"); got != string(letters(30_000)) {
			t.Errorf("POST: %d bytes", len(got))
		}
		if got := run("-H", "Transfer-Encoding: chunked", "--data-binary", "hello", url+"/echo"); got != "hello" {
			t.Errorf("POST in chunks: %q", got)
		}
		if got := run(url + "/bytes?n=1000000"); got != string(letters(1_000_000)) {
			t.Errorf("/bytes: %d bytes", len(got))
		}
	})
}
