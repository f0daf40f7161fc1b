package httpd

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"net/textproto"
	"net/url"
	"strings"
	"testing"

	"github.com/valyala/fasthttp"

	"lflab/lf/httpd/hostile"
)

// net/http accepts every head that this server accepts, and reads the same from
// it: two servers that disagree enable request smuggling.
func FuzzHead(f *testing.F) {
	for _, c := range hostile.Cases() {
		if len(c.Request) < 2000 {
			f.Add(c.Request)
		}
	}
	for _, s := range []string{
		getHello, lastHello, "GET / HTTP/1.0\r\n\r\n", "OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n",
		ask("GET", "/a%20b?c=%zz&d;e", "Cookie: a=b; c=d\r\nAccept: */*\r\n!#$%&'*+-.^_`|~09: x\r\n", ""),
		ask("POST", "/", "Content-Length: 00012\r\nExpect: 100-continue\r\nPragma: no-cache\r\n", ""),
		ask("POST", "http://[2001:db8::1]:80?x", "Transfer-Encoding: cHUNKED\r\nTrailer: X-Sum, Y\r\n", ""),
		ask("POST", "/", "Transfer-Encoding: chunked\r\nTrailer: Content-Length\r\n", ""),
		ask("GET", "HTTPS://h_~.-:/:@!$&'()*+,;=", "Connection: a , keep-alive,, close\r\n", ""),
	} {
		f.Add([]byte(s))
	}
	p := newParser(defaultHead)
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) == 0 {
			return
		}
		var q request
		q.reset()
		r := q.scan(b, defaultHead)
		sameInPieces(t, b, &q, r)
		if r != nil || !q.whole {
			return
		}
		head := b[:q.checked]
		theirs, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(head)))
		if err != nil {
			t.Fatalf("accepted, but net/http says: %v", err)
		}
		// A handler that asks for more than the checks have found gets it from
		// fasthttp, which may refuse.
		var parsed fasthttp.Request
		if p.head(&parsed, head, &q) == nil {
			if got, want := string(parsed.Header.Method()), theirs.Method; got != want {
				t.Errorf("method %q, want %q", got, want)
			}
			if got, want := string(parsed.Header.RequestURI()), theirs.RequestURI; got != want {
				t.Errorf("target %q, want %q", got, want)
			}
		}
		if got, want := q.method, methodOf([]byte(theirs.Method)); got != want {
			t.Errorf("method %v, want %v of %q", got, want, theirs.Method)
		}
		if got, want := string(q.host.of(head)), theirs.Host; got != want {
			t.Errorf("host %q, want %q", got, want)
		}
		if got, want := string(q.query.of(head)), theirs.URL.RawQuery; got != want {
			t.Errorf("query %q, want %q", got, want)
		}
		if got, err := url.PathUnescape(string(q.path.of(head))); got != theirs.URL.Path || err != nil {
			t.Errorf("path %q %v, want %q", got, err, theirs.URL.Path)
		}
		if got, want := q.http10, theirs.ProtoMinor == 0; got != want || theirs.ProtoMajor != 1 {
			t.Errorf("HTTP/1.0 is %v in %s", got, theirs.Proto)
		}
		chunked := len(theirs.TransferEncoding) == 1 && theirs.TransferEncoding[0] == "chunked"
		if q.chunked != chunked || len(theirs.TransferEncoding) > 1 {
			t.Errorf("chunked is %v, want %v", q.chunked, theirs.TransferEncoding)
		}
		if !q.chunked && int64(max(q.length, 0)) != theirs.ContentLength {
			t.Errorf("length %d, want %d", q.length, theirs.ContentLength)
		}
		if got := q.closes || q.http10 && !q.keepsAlive; got != theirs.Close {
			t.Errorf("close is %v, want %v", got, theirs.Close)
		}
		if got, want := q.fields, countFields(t, head); got != want {
			t.Errorf("%d fields, want %d", got, want)
		}
	})
}

// sameInPieces checks that the verdict is the same if the head comes byte by
// byte.
func sameInPieces(t *testing.T, b []byte, want *request, refused *refusal) {
	var q request
	q.reset()
	for i := range b {
		if r := q.scan(b[:i+1], defaultHead); r != nil {
			if r != refused {
				t.Errorf("in pieces %v, whole %v", r, refused)
			}
			return
		}
		if q.whole {
			break
		}
	}
	if refused != nil {
		t.Errorf("in pieces accepted, whole %v", refused)
	}
	if q.looked = want.looked; q != *want {
		t.Errorf("in pieces %+v, whole %+v", q, *want)
	}
}

// countFields counts field lines as net/textproto does.
func countFields(t *testing.T, head []byte) int {
	r := textproto.NewReader(bufio.NewReader(bytes.NewReader(head)))
	if _, err := r.ReadLine(); err != nil {
		t.Fatal(err)
	}
	header, err := r.ReadMIMEHeader()
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, values := range header {
		n += len(values)
	}
	return n
}

// net/http accepts all chunks that this server accepts, with the same data and
// the same end.
func FuzzChunks(f *testing.F) {
	for _, c := range hostile.Cases() {
		if _, body, ok := bytes.Cut(c.Request, []byte("\r\n\r\n")); ok && strings.HasPrefix(c.Name, "chunk/") && len(body) < 2000 {
			f.Add(body)
		}
	}
	f.Add([]byte("5\r\nhello\r\n0A;a=\"b;c\"\r\n0123456789\r\n000\r\nX: y\r\n\r\nGET"))
	limits, err := Limits{Body: 5000}.complete()
	if err != nil {
		f.Fatal(err)
	}
	p := newParser(defaultHead)
	head := ask("POST", "/", "Transfer-Encoding: chunked\r\n", "")
	f.Fuzz(func(t *testing.T, b []byte) {
		var c chunks
		r := c.scan(b, &limits)
		var pieces chunks
		var inPieces *refusal
		for i := range b {
			if inPieces = pieces.scan(b[:i+1], &limits); inPieces != nil || pieces.step == chunkDone {
				break
			}
		}
		if inPieces != r || r == nil && (pieces.step != c.step || pieces.pos != c.pos || pieces.data != c.data) {
			t.Fatalf("in pieces %v %+v, whole %v %+v", inPieces, pieces, r, c)
		}
		if r != nil || c.step != chunkDone {
			return
		}
		body := b[:c.pos]
		var parsed fasthttp.Request
		if err := p.chunked(&parsed, body, &c, limits.Body); err != nil {
			t.Fatalf("accepted, but fasthttp says: %v", err)
		}
		from := bufio.NewReader(io.MultiReader(strings.NewReader(head), bytes.NewReader(body), strings.NewReader("!")))
		theirs, err := http.ReadRequest(from)
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(theirs.Body)
		if err != nil {
			t.Fatalf("accepted, but net/http says: %v", err)
		}
		if !bytes.Equal(data, parsed.Body()) {
			t.Errorf("data %q, want %q", parsed.Body(), data)
		}
		if rest, _ := io.ReadAll(from); string(rest) != "!" {
			t.Errorf("net/http leaves %q of the body", rest)
		}
	})
}
