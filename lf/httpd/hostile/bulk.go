package hostile

import "strings"

// sizes are requests beyond the limits.
func sizes() []Case {
	return []Case{
		of("size/line", "GET /"+long(20000)+" HTTP/1.1\r\n"+host+"\r\n", 414, 431),
		of("size/line-without-end", "GET /"+long(20000), 414, 431),
		of("size/method-without-end", strings.Repeat("G", 20000), 400, 414, 431),
		of("size/query", "GET /hello?"+long(20000)+" HTTP/1.1\r\n"+host+"\r\n", 414, 431),
		of("size/value", get("X: "+long(20000)+"\r\n"), 431),
		of("size/name", get(long(20000)+": y\r\n"), 431),
		of("size/cookie", get("Cookie: "+strings.Repeat("a=b; ", 5000)+"\r\n"), 431),
		of("size/spaces", get("X:"+strings.Repeat(" ", 20000)+"\r\n"), 431),
		of("size/fields", get(manyFields(101)), 431),
		of("size/fields-very-many", get(manyFields(2000)), 431),
		of("size/body", postTo("/echo", "Content-Length: 1048577\r\n", ""), 413),
		of("size/body-sent", postTo("/echo", "Content-Length: 1100000\r\n", long(1100000)), 413),
		of("size/body-expected", postTo("/echo", "Content-Length: 1048577\r\nExpect: 100-continue\r\n", ""), 413),
		of("size/body-chunk", postTo("/echo", "Transfer-Encoding: chunked\r\n", "100001\r\n"), 413),
		of("size/body-framing", postTo("/echo", "Transfer-Encoding: chunked\r\n", strings.Repeat("1;"+long(200)+"\r\nx\r\n", 10000)), 413),
	}
}

// strangers are peers that speak another protocol.
func strangers() []Case {
	hello := "\x16\x03\x01\x00\xf8\x01\x00\x00\xf4\x03\x03" + strings.Repeat("\xa5", 32) +
		"\x20" + strings.Repeat("\x5a", 32) + "\x00\x08\x13\x02\x13\x03\x13\x01\x00\xff\x01\x00\x00\xa3"
	return []Case{
		of("stranger/tls", hello, 400),
		of("stranger/http-2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00", 400, 505),
		of("stranger/nuls", strings.Repeat("\x00", 1000), 400),
		of("stranger/high-bytes", strings.Repeat("\xff", 1000), 400),
		of("stranger/ssh", "SSH-2.0-OpenSSH_9.6\r\n", 400),
		of("stranger/smtp", "EHLO lab.test\r\n", 400),
		of("stranger/response", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 400, 505),
		of("stranger/socks", "\x05\x01\x00", 400),
		of("stranger/proxy", "PROXY TCP4 127.0.0.1 127.0.0.1 1 2\r\n"+get(""), 400),
		of("stranger/json", "{\"method\":\"GET\"}\r\n\r\n", 400),
		of("stranger/markup", "<policy-file-request/>\x00\r\n", 400),
		of("stranger/utf-16", "G\x00E\x00T\x00 \x00/\x00\r\n\r\n", 400),
		of("stranger/byte-order-mark", "\ufeff"+get(""), 400),
		of("stranger/noise", "A\x8f\x13\x00\xd2\r\n\x99\x01 \xfe\x00\r\n\r\n", 400),
	}
}

// partial are requests that end too early.
func partial() []Case {
	p := func(name, request string, want ...int) Case {
		c := of("partial/"+name, request, want...)
		c.AllowClose, c.HalfClose = true, true
		return c
	}
	return []Case{
		p("nothing", "", 400, 408),
		p("one-byte", "G", 400, 408),
		p("cr", "\r", 400, 408),
		p("line", "GET /hello HTTP/1.1", 400, 408),
		p("line-with-end", "GET /hello HTTP/1.1\r\n", 400, 408),
		p("line-with-nul", "GET /\x00", 400, 408),
		p("in-name", "GET /hello HTTP/1.1\r\nHo", 400, 408),
		p("in-value", "GET /hello HTTP/1.1\r\nHost: lab", 400, 408),
		p("no-empty-line", "GET /hello HTTP/1.1\r\n"+host, 400, 408),
		p("half-line-end", "GET /hello HTTP/1.1\r\n"+host+"\r", 400, 408),
		p("no-body", postTo("/echo", "Content-Length: 5\r\n", ""), 400, 408),
		p("short-body", postTo("/echo", "Content-Length: 5\r\n", "hell"), 400, 408),
		p("no-chunk", postTo("/echo", "Transfer-Encoding: chunked\r\n", ""), 400, 408),
		p("in-size", postTo("/echo", "Transfer-Encoding: chunked\r\n", "5"), 400, 408),
		p("in-chunk", postTo("/echo", "Transfer-Encoding: chunked\r\n", "5\r\nhel"), 400, 408),
		p("no-last-chunk", postTo("/echo", "Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n"), 400, 408),
		p("no-end-of-trailer", postTo("/echo", "Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n0\r\n"), 400, 408),
		p("half-end-of-trailer", postTo("/echo", "Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n0\r\n\r"), 400, 408),
	}
}
