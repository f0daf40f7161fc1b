package httpd

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
)

// answer is one response as a client of net/http reads it.
type answer struct {
	code   int
	header http.Header
	body   string
	close  bool
}

// answers reads all responses to requests with the given methods (GET for
// missing ones). It fails the test on anything that net/http does not
// understand.
func answers(t testing.TB, transcript string, methods ...string) []answer {
	t.Helper()
	var all []answer
	r := bufio.NewReader(strings.NewReader(transcript))
	for i := 0; ; i++ {
		if _, err := r.Peek(1); errors.Is(err, io.EOF) {
			return all
		}
		method := "GET"
		if i < len(methods) {
			method = methods[i]
		}
		resp, err := http.ReadResponse(r, &http.Request{Method: method})
		if err != nil {
			t.Fatalf("response %d: %v in %q", i, err, transcript)
		}
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatalf("body of response %d: %v", i, err)
		}
		if resp.StatusCode != 100 {
			if resp.Header.Get("Date") == "" {
				t.Errorf("response %d has no Date", i)
			}
			if _, err := http.ParseTime(resp.Header.Get("Date")); err != nil {
				t.Error(err)
			}
		}
		all = append(all, answer{resp.StatusCode, resp.Header, string(body), resp.Close})
	}
}

var (
	dateField  = regexp.MustCompile(`Date: [^\r]*\r\n`)
	goOn       = []byte("HTTP/1.1 100 Continue\r\n\r\n")
	helloWords = "Hello, World!"
)

// undated removes from a transcript what may differ between two runs: the date,
// and the interim response that asks for a body, because the body may have
// arrived already.
func undated(transcript []byte) []byte {
	return bytes.ReplaceAll(dateField.ReplaceAll(transcript, nil), goOn, nil)
}
