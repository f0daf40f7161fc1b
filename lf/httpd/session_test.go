package httpd

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

const (
	getHello  = "GET /hello HTTP/1.1\r\nHost: h\r\n\r\n"
	lastHello = "GET /hello HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
)

func ask(method, target, fields, body string) string {
	return method + " " + target + " HTTP/1.1\r\nHost: h\r\n" + fields + "\r\n" + body
}

func TestTranscripts(t *testing.T) {
	type want struct {
		code  int
		body  string
		close bool
	}
	ok := want{200, helloWords, false}
	last := want{200, helloWords, true}
	echo := func(fields, body string) string { return ask("POST", "/echo", fields, body) }
	tests := []struct {
		name  string
		input string
		heads []string // methods of the requests
		want  []want
	}{
		{"one", getHello, nil, []want{ok}},
		{"close", lastHello, nil, []want{last}},
		{"close-in-list", ask("GET", "/hello", "Connection: te, CLOSE\r\n", ""), nil, []want{last}},
		{"two", getHello + getHello, nil, []want{ok, ok}},
		{"after-close-nothing", lastHello + getHello, nil, []want{last}},
		{"empty-lines-between", getHello + "\r\n\r\n" + getHello + "\r\n", nil, []want{ok, ok}},
		{"hundred", strings.Repeat(getHello, 100), nil, slices.Repeat([]want{ok}, 100)},
		{"http-1.0", "GET /hello HTTP/1.0\r\n\r\n" + getHello, nil, []want{last}},
		{"http-1.0-keep-alive", "GET /hello HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n" + lastHello, nil, []want{ok, last}},
		{"http-1.0-both", "GET /hello HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n" + getHello, nil, []want{last}},
		{"head", ask("HEAD", "/hello", "", "") + lastHello, []string{"HEAD"}, []want{{200, "", false}, last}},
		{"head-bytes", ask("HEAD", "/bytes?n=100000", "", "") + lastHello, []string{"HEAD"}, []want{{200, "", false}, last}},
		{"head-missing", ask("HEAD", "/nothing", "", "") + lastHello, []string{"HEAD"}, []want{{404, "", false}, last}},
		{"head-refused", ask("HEAD", "/hello", "X\r\n", ""), []string{"HEAD"}, []want{{400, "", true}}},
		{"post-hello", ask("POST", "/hello", "Content-Length: 3\r\n", "abc") + lastHello, nil, []want{ok, last}},
		{"post-empty", echo("Content-Length: 0\r\n", "") + lastHello, nil, []want{{200, "", false}, last}},
		{"post-no-length", echo("", "") + lastHello, nil, []want{{200, "", false}, last}},
		{"post-length", echo("Content-Length: 005\r\n", "hello") + lastHello, nil, []want{{200, "hello", false}, last}},
		{"post-chunked", echo("Transfer-Encoding: Chunked\r\n", "5\r\nhello\r\n00b;x=\"y z\"\r\n, big world\r\n0\r\nX-Sum: 1\r\n\r\n") + lastHello,
			nil, []want{{200, "hello, big world", false}, last}},
		{"post-chunked-empty", echo("Transfer-Encoding: chunked\r\n", "0\r\n\r\n") + lastHello, nil, []want{{200, "", false}, last}},
		{"get-with-body", ask("GET", "/echo", "Content-Length: 5\r\n", "hello") + lastHello, nil, []want{{200, "hello", false}, last}},
		{"get-with-chunks", ask("GET", "/echo", "Transfer-Encoding: chunked\r\n", "1\r\nx\r\n0\r\n\r\n") + lastHello, nil, []want{{200, "x", false}, last}},
		{"bytes-none", ask("GET", "/bytes?n=0", "", "") + lastHello, nil, []want{{200, "", false}, last}},
		{"bytes-few", ask("GET", "/bytes?n=30", "", "") + lastHello, nil, []want{{200, alphabet + "abcd", false}, last}},
		{"bytes-many", ask("GET", "/bytes?n=300000", "", "") + lastHello, nil, []want{{200, letters(300000), false}, last}},
		{"bytes-pipelined", getHello + ask("GET", "/bytes?n=70000", "", "") + ask("GET", "/bytes?n=65536", "", "") + lastHello,
			nil, []want{ok, {200, letters(70000), false}, {200, letters(65536), false}, last}},
		{"echo-large", echo("Content-Length: 200000\r\n", letters(200000)) + lastHello, nil, []want{{200, letters(200000), false}, last}},
		{"spin", ask("GET", "/spin?us=1", "", "") + ask("GET", "/sleep?ms=0", "", ""), nil, []want{{200, "spun\n", false}, {200, "slept\n", false}}},
		{"missing", ask("GET", "/nothing", "", "") + lastHello, nil, []want{{404, "not found\n", false}, last}},
		{"ended-early", getHello + "GET /hel", nil, []want{ok, {400, errEnded.reason + "\n", true}}},
		{"ended-in-body", echo("Content-Length: 5\r\n", "hell"), nil, []want{{400, errEnded.reason + "\n", true}}},
		{"refused-after-good", getHello + "nonsense\r\n" + getHello, nil, []want{ok, {400, errLine.reason + "\n", true}}},
		{"options", ask("OPTIONS", "*", "", "") + lastHello, nil, []want{{204, "", false}, last}},
		{"absolute", ask("GET", "http://h:80/hello?x", "", "") + ask("GET", "HTTPS://[::1]/hello", "", ""), nil, []want{ok, ok}},
		{"expect-10", "POST /echo HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\nx", nil, []want{{200, "x", true}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			onAllKinds(t, Config{}, test.input, false, func(t *testing.T, f *fake, transcript string) {
				got := answers(t, transcript, test.heads...)
				if len(got) != len(test.want) {
					t.Fatalf("%d responses, want %d: %.300q", len(got), len(test.want), transcript)
				}
				for i, w := range test.want {
					if g := (want{got[i].code, got[i].body, got[i].close}); g != w {
						t.Errorf("response %d is %.200v, want %.200v", i, g, w)
					}
				}
			})
		})
	}
}

func letters(n int) string { return strings.Repeat(alphabet, n/len(alphabet)+1)[:n] }

func TestHeadHasTheLengthOfGet(t *testing.T) {
	for _, target := range []string{"/hello", "/bytes?n=12345", "/nothing", "/spin?us=x"} {
		input := ask("GET", target, "", "") + ask("HEAD", target, "", "")
		onAllKinds(t, Config{}, input, false, func(t *testing.T, f *fake, transcript string) {
			a := answers(t, transcript, "GET", "HEAD")
			if len(a) != 2 || a[0].code != a[1].code || a[0].header.Get("Content-Length") != a[1].header.Get("Content-Length") ||
				a[1].header.Get("Content-Length") != fmt.Sprint(len(a[0].body)) {
				t.Errorf("%s: %.300q", target, transcript)
			}
		})
	}
}

func TestConnectionField(t *testing.T) {
	tests := []struct{ name, input, want string }{
		{"1.1 stays", getHello, ""},
		{"1.1 ends", lastHello, "close"},
		{"1.0 stays", "GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "keep-alive"},
		{"1.0 ends", "GET /hello HTTP/1.0\r\n\r\n", "close"},
		{"error", "G\r\n", "close"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			onAllKinds(t, Config{}, test.input, false, func(t *testing.T, f *fake, transcript string) {
				_, got, _ := strings.Cut(transcript, "\r\nConnection: ")
				got, _, _ = strings.Cut(got, "\r\n")
				if len(answers(t, transcript)) != 1 || got != test.want {
					t.Errorf("Connection is not %q: %q", test.want, transcript)
				}
			})
		})
	}
}

func TestContinue(t *testing.T) {
	head := ask("POST", "/echo", "Expect: 100-Continue\r\nContent-Length: 5\r\n", "")
	run := func(t *testing.T, pieces ...string) []answer {
		f := &fake{t: t, ended: true}
		for _, p := range pieces {
			f.pieces = append(f.pieces, []byte(p))
		}
		drive(t, newServer(t, Config{}).newSession(), f, f)
		return answers(t, f.written.String())
	}
	if a := run(t, head, "hello"); len(a) != 2 || a[0].code != 100 || a[1].body != "hello" {
		t.Errorf("the body comes later: %v", a)
	}
	if a := run(t, getHello+head, "hello"); len(a) != 3 || a[0].body != helloWords || a[1].code != 100 || a[2].body != "hello" {
		t.Errorf("pipelined: %v", a)
	}
	if a := run(t, head+"h", "ello"); len(a) != 1 || a[0].body != "hello" {
		t.Errorf("the body has begun: %v", a)
	}
	if a := run(t, ask("POST", "/echo", "Expect: 100-continue\r\n", "")); len(a) != 1 || a[0].code != 200 {
		t.Errorf("there is no body: %v", a)
	}
	if a := run(t, ask("POST", "/echo", "Expect: 100-continue\r\nContent-Length: 1048577\r\n", "")); len(a) != 1 || a[0].code != 413 {
		t.Errorf("the body would be too large: %v", a)
	}
	if a := run(t, ask("POST", "/echo", "Expect: 200-ok\r\nContent-Length: 5\r\n", "")); len(a) != 1 || a[0].code != 417 || !a[0].close {
		t.Errorf("another expectation: %v", a)
	}
}

func TestMaxKeepAliveRequests(t *testing.T) {
	c := Config{Limits: Limits{MaxKeepAliveRequests: 3}}
	onAllKinds(t, c, strings.Repeat(getHello, 5), false, func(t *testing.T, f *fake, transcript string) {
		a := answers(t, transcript)
		if len(a) != 3 || a[1].close || !a[2].close {
			t.Errorf("%q", transcript)
		}
	})
}
