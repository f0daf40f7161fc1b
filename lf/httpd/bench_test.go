package httpd

import (
	"fmt"
	"testing"

	"lflab/lf/serve"
)

// heads are requests as clients send them: wrk's is the shortest, a browser's
// has many more fields.
var heads = []struct{ name, text string }{
	{"wrk", "GET /hello HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n"},
	{"browser", "GET /hello HTTP/1.1\r\n" +
		"Host: 127.0.0.1:8080\r\n" +
		"Connection: keep-alive\r\n" +
		"sec-ch-ua: \"Chromium\";v=\"130\", \"Not?A_Brand\";v=\"99\"\r\n" +
		"sec-ch-ua-mobile: ?0\r\n" +
		"sec-ch-ua-platform: \"Linux\"\r\n" +
		"Upgrade-Insecure-Requests: 1\r\n" +
		"User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36\r\n" +
		"Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8\r\n" +
		"Sec-Fetch-Site: none\r\n" +
		"Sec-Fetch-Mode: navigate\r\n" +
		"Accept-Encoding: gzip, deflate, br, zstd\r\n" +
		"Accept-Language: en-US,en;q=0.9\r\n" +
		"Cookie: session=0123456789abcdef0123456789abcdef; theme=dark\r\n\r\n"},
	{"close", "GET /hello HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nConnection: close\r\n\r\n"},
	{"post", "POST /echo HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nContent-Length: 5\r\n\r\nhello"},
}

// BenchmarkSession measures the time of a request without system calls. On a
// stream that waits, a thread keeps one connection to its end; on one that does
// not, Serve is called for each event.
func BenchmarkSession(b *testing.B) {
	for _, h := range heads {
		for _, waits := range []bool{true, false} {
			b.Run(fmt.Sprintf("request=%s/waits=%v", h.name, waits), func(b *testing.B) {
				s := newServer(b, Config{}).newSession()
				p := &peer{request: []byte(h.text), waits: waits}
				th := serve.Thread{Row: new(serve.Row)}
				s.Reset(p)
				b.ReportAllocs()
				b.ResetTimer()
				switch {
				case h.name == "close":
					for range b.N {
						p.left = 1
						s.Reset(p)
						s.Serve(&th)
					}
				case waits:
					p.left = b.N
					s.Serve(&th)
				default:
					p.left = b.N
					for p.left > 0 {
						s.Serve(&th)
					}
				}
				if p.writes != b.N {
					b.Fatalf("%d responses to %d requests", p.writes, b.N)
				}
			})
		}
	}
}

// BenchmarkScan measures the checks of the head alone.
func BenchmarkScan(b *testing.B) {
	for _, h := range heads[:2] {
		b.Run("request="+h.name, func(b *testing.B) {
			text := []byte(h.text)
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				var q request
				q.reset()
				if r := q.scan(text, defaultHead); r != nil || !q.whole {
					b.Fatal(r)
				}
			}
		})
	}
}
