package answer

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// feedAll feeds text in pieces that end at cuts and returns the framing of each
// answer.
func feedAll(text string, cuts []int, heads *HeadReader) ([]framing, *Reader, error) {
	var answers []framing
	a := &Reader{}
	for from := 0; from < len(text); {
		to := len(text)
		for _, cut := range cuts {
			if cut > from && cut < to {
				to = cut
			}
		}
		for from < to {
			n, err := a.Feed([]byte(text[from:to]), heads)
			if err != nil {
				return answers, a, err
			}
			if from += n; a.Stage == Done {
				answers = append(answers, a.framing)
				a.Reset()
			}
		}
	}
	return answers, a, nil
}

func drawAnswer(t *rapid.T) string {
	var b strings.Builder
	for range rapid.IntRange(0, 2).Draw(t, "interim") {
		fmt.Fprintf(&b, "HTTP/1.1 %s\r\nX-A: b\r\n\r\n", rapid.SampledFrom([]string{"100 Continue", "103 Early Hints", "102 "}).Draw(t, "1xx"))
	}
	status := rapid.SampledFrom([]string{"200 OK", "204 No Content", "304 Not Modified", "404 Not Found", "503 "}).Draw(t, "status")
	fmt.Fprintf(&b, "HTTP/1.1 %s\r\n", status)
	if rapid.Bool().Draw(t, "dated") {
		fmt.Fprintf(&b, "Date: Sun, 06 Nov 1994 08:49:%02d GMT\r\n", rapid.IntRange(0, 2).Draw(t, "second"))
	}
	if rapid.Bool().Draw(t, "close") {
		fmt.Fprintf(&b, "Connection: %s\r\n", rapid.SampledFrom([]string{"close", "Close", "x, close"}).Draw(t, "token"))
	}
	body := rapid.StringMatching(`[\r\na-z0-9]{0,40}`).Draw(t, "body")
	switch {
	case strings.HasPrefix(status, "204") || strings.HasPrefix(status, "304"):
		b.WriteString("\r\n")
	case rapid.Bool().Draw(t, "chunked"):
		b.WriteString("Transfer-Encoding: chunked\r\n\r\n")
		for len(body) > 0 {
			n := rapid.IntRange(1, len(body)).Draw(t, "chunk")
			extension := rapid.SampledFrom([]string{"", ";a=b", "; a"}).Draw(t, "extension")
			fmt.Fprintf(&b, "%0*X%s\r\n%s\r\n", rapid.IntRange(1, 4).Draw(t, "digits"), n, extension, body[:n])
			body = body[n:]
		}
		b.WriteString("0\r\n")
		if rapid.Bool().Draw(t, "trailer") {
			b.WriteString("X-Sum: 1\r\nX-B: \r\n")
		}
		b.WriteString("\r\n")
	default:
		fmt.Fprintf(&b, "Content-Length: %d\r\n\r\n%s", len(body), body)
	}
	return b.String()
}

// The generator and net/http understand a stream of answers alike, however it
// is cut into reads.
func TestAnswersSplitAnywhere(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOfN(rapid.Custom(drawAnswer), 1, 5).Draw(t, "answers"), "")
		cuts := rapid.SliceOf(rapid.IntRange(0, len(text))).Draw(t, "cuts")
		got, _, err := feedAll(text, cuts, NewHeadReader())
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		oracle := bufio.NewReader(strings.NewReader(text))
		for i := 0; ; i++ {
			response, err := http.ReadResponse(oracle, nil)
			for err == nil && response.StatusCode < 200 {
				response, err = http.ReadResponse(oracle, nil)
			}
			if err == io.ErrUnexpectedEOF || err == io.EOF {
				if i != len(got) {
					t.Fatalf("%q: %d answers, net/http reads %d", text, len(got), i)
				}
				return
			}
			if err != nil {
				t.Fatalf("%q: net/http: %v", text, err)
			}
			if _, err := io.Copy(io.Discard, response.Body); err != nil {
				t.Fatalf("%q: net/http: %v", text, err)
			}
			if i >= len(got) {
				t.Fatalf("%q: %d answers, net/http reads more", text, len(got))
			}
			if got[i].Status != response.StatusCode || got[i].Keep == response.Close {
				t.Fatalf("%q: answer %d is %+v, net/http reads %d, close %v", text, i, got[i], response.StatusCode, response.Close)
			}
		}
	})
}

func TestAnswerToTheEnd(t *testing.T) {
	for _, head := range []string{"HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.0 200 OK\r\nContent-Type: a/b\r\n\r\n"} {
		answers, a, err := feedAll(head+"and so on", nil, NewHeadReader())
		if err != nil || len(answers) != 0 || a.Stage != inBody {
			t.Fatalf("%q: %v, %v, stage %d: want to be in the body", head, answers, err, a.Stage)
		}
		if !a.End() || a.Keep {
			t.Errorf("%q: the end of the connection ends the answer", head)
		}
	}
	for _, short := range []string{"", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n", "HTTP/1.1 100 Continue\r\n\r\n"} {
		answers, a, err := feedAll(short, nil, NewHeadReader())
		if err != nil || len(answers) != 0 || a.End() {
			t.Errorf("%q: %v, %v: want an answer cut short", short, answers, err)
		}
	}
}

func TestAnswerMalformed(t *testing.T) {
	chunks := "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
	for name, text := range map[string]string{
		"no HTTP":             "220 mail.example ESMTP\r\n\r\n",
		"bare LF":             "HTTP/1.1 200 OK\nContent-Length: 1\n\n",
		"no status":           "HTTP/1.1 OK\r\n\r\n",
		"switching protocols": "HTTP/1.1 101 Switching Protocols\r\n\r\n",
		"bad length":          "HTTP/1.1 200 OK\r\nContent-Length: 1x\r\n\r\n",
		"endless head":        "HTTP/1.1 200 OK\r\nA: " + strings.Repeat("a", maxHead),
		"no chunk size":       chunks + "\r\n",
		"bad chunk size":      chunks + "1g\r\n",
		"huge chunk size":     chunks + "1111111111111111\r\n",
		"chunk too long":      chunks + "1\r\nab\r\n",
		"chunk LF":            chunks + "1\na\n",
		"extension LF":        chunks + "1;a\na",
		"data without LF":     chunks + "1\r\na\rb",
		"trailer LF":          chunks + "0\r\nA: b\n\n",
		"trailer CR":          chunks + "0\r\n\rA",
		"size CR":             chunks + "1\ra",
	} {
		for _, cuts := range [][]int{nil, {1, 5, 9, len(text) - 3, len(text) - 1}} {
			if answers, _, err := feedAll(text, cuts, NewHeadReader()); err == nil {
				t.Errorf("%s: %v, want an error", name, answers)
			}
		}
	}
}

// A head counts as a repetition of the last one only if it differs in nothing
// but the date.
func TestHeadRepeated(t *testing.T) {
	head := "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: 0\r\n\r\n"
	for name, test := range map[string]struct {
		text string
		want bool
	}{
		"the same":         {head, true},
		"and more":         {head + "x", true},
		"later":            {strings.Replace(head, ":37", ":38", 1), true},
		"another status":   {strings.Replace(head, "200", "404", 1), false},
		"another length":   {strings.Replace(head, "Length: 0", "Length: 1", 1), false},
		"not all of it":    {head[:len(head)-1], false},
		"ends in the date": {strings.Replace(head, "Sun, 06 Nov", "Sun\r\n\r\nNov", 1), false},
	} {
		r := NewHeadReader()
		if _, err := r.parse([]byte(head)); err != nil {
			t.Fatal(err)
		}
		if n := r.repeated([]byte(test.text)); n != 0 != test.want || test.want && n != len(head) {
			t.Errorf("%s: %d of %d bytes, want a repetition: %v", name, n, len(head), test.want)
		}
	}
}

func BenchmarkAnswer(b *testing.B) {
	date := "HTTP/1.1 200 OK\r\nServer: lflab\r\nDate: Sun, 06 Nov 1994 08:49:%d GMT\r\nContent-Type: text/plain\r\nContent-Length: 13\r\n\r\nHello, World!"
	for _, bench := range []struct {
		name   string
		format string
	}{{"same", date}, {"new", strings.Replace(date, "lflab", "%[1]d", 1)}} {
		b.Run("head="+bench.name, func(b *testing.B) {
			texts := [2][]byte{fmt.Appendf(nil, bench.format, 37), fmt.Appendf(nil, bench.format, 38)}
			heads, a := NewHeadReader(), &Reader{}
			b.ReportAllocs()
			for i := range b.N {
				a.Reset()
				if n, err := a.Feed(texts[i&1], heads); err != nil || n != len(texts[i&1]) {
					b.Fatal(n, err)
				}
			}
		})
	}
}
