package httpd

import (
	"bytes"
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"lflab/lf/httpd/hostile"
	"lflab/lf/serve"
)

// The answer has the same bytes however the input is cut on its way, whatever
// amounts the peer takes, and whether or not the stream waits.
func TestAnswersDoNotDependOnCuts(t *testing.T) {
	server := newServer(t, Config{})
	good := [][]byte{
		[]byte(getHello),
		[]byte("\r\n" + getHello),
		[]byte(ask("HEAD", "/hello", "", "")),
		[]byte("GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"),
		[]byte(ask("GET", "/bytes?n=150000", "", "")),
		[]byte(ask("GET", "/bytes?n=3", "", "")),
		[]byte(ask("GET", "/nothing", "", "")),
		[]byte(ask("PUT", "/hello", "Content-Length: 3\r\n", "abc")),
		[]byte(ask("POST", "/echo", "Content-Length: 26\r\n", alphabet)),
		[]byte(ask("POST", "/echo", "Content-Length: 9000\r\n", letters(9000))),
		[]byte(ask("POST", "/echo", "Expect: 100-continue\r\nContent-Length: 5\r\n", "hello")),
		[]byte(ask("POST", "/echo", "Transfer-Encoding: chunked\r\n", "3;a=b\r\nabc\r\n1A\r\n"+alphabet+"\r\n0\r\nX: y\r\n\r\n")),
		[]byte(ask("POST", "/echo", "Transfer-Encoding: chunked\r\n", "1388\r\n"+letters(5000)+"\r\n0\r\n\r\n")),
		[]byte(lastHello),
	}
	all := good
	for _, c := range hostile.Cases() {
		if len(c.Request) < 30000 {
			all = append(all, c.Request)
		}
	}
	sessions := [2]*Session{server.newSession(), server.newSession()}
	rapid.Check(t, func(rt *rapid.T) {
		var input []byte
		for range rapid.IntRange(0, 6).Draw(rt, "good requests") {
			input = append(input, rapid.SampledFrom(good).Draw(rt, "request")...)
		}
		input = append(input, rapid.SampledFrom(all).Draw(rt, "last request")...)
		ended := rapid.Bool().Draw(rt, "peer ends")

		whole := &fake{t: t, waits: true, pieces: [][]byte{bytes.Clone(input)}, ended: ended}
		drive(t, sessions[0], whole, whole)

		f := &fake{t: t, ended: ended}
		f.waits = rapid.Bool().Draw(rt, "waits")
		f.takes = rapid.SliceOfN(rapid.OneOf(rapid.IntRange(0, 50), rapid.IntRange(0, 100000)), 0, 5).Draw(rt, "takes")
		f.takes = append(f.takes, 2000) // at last the peer takes something
		most := rapid.SampledFrom([]int{1, 3, 40, 5000, 100000}).Draw(rt, "largest piece")
		for rest := bytes.Clone(input); len(rest) > 0; {
			n := min(rapid.IntRange(max(1, len(input)/300), max(1, len(input)/300, most)).Draw(rt, "piece"), len(rest))
			f.pieces = append(f.pieces, rest[:n])
			rest = rest[n:]
		}
		var st serve.Stream = f
		if !f.waits && rapid.Bool().Draw(rt, "tells") {
			st = noWaiter{f}
		}
		drive(t, sessions[1], f, st)

		if want, got := undated(whole.written.Bytes()), undated(f.written.Bytes()); !bytes.Equal(want, got) {
			rt.Fatalf("in one piece:\n%s\nin pieces:\n%s", brief(want), brief(got))
		}
	})
}

func brief(b []byte) string {
	if len(b) > 2000 {
		return fmt.Sprintf("%q … (%d bytes)", b[:2000], len(b))
	}
	return fmt.Sprintf("%q", b)
}
