package hostile

import (
	"fmt"
	"strings"
)

// lines are attacks on line ends and on the request line.
func lines() []Case {
	line := func(name, l string, want ...int) Case {
		return of("line/"+name, l+"\r\n"+host+"\r\n", want...)
	}
	return []Case{
		of("line/bare-lf-all", "GET /hello HTTP/1.1\nHost: lab.test\n\n", 400),
		of("line/bare-lf-first", "GET /hello HTTP/1.1\n"+host+"\r\n", 400),
		of("line/bare-lf-last", "GET /hello HTTP/1.1\r\n"+host+"\n", 400),
		of("line/bare-cr-all", "GET /hello HTTP/1.1\rHost: lab.test\r\r\n\r\n", 400),
		of("line/two-cr", "GET /hello HTTP/1.1\r\r\n"+host+"\r\n", 400),
		of("line/lf-before", "\nGET /hello HTTP/1.1\r\n"+host+"\r\n", 400),
		of("line/cr-before", "\rGET /hello HTTP/1.1\r\n"+host+"\r\n", 400),
		of("line/empty-line-before", "\r\nGET /hello HTTP/1.1\r\n"+host+"\r\n", 200),
		line("space-before", " GET /hello HTTP/1.1", 400),
		line("space-behind", "GET /hello HTTP/1.1 ", 400),
		line("two-spaces", "GET  /hello HTTP/1.1", 400),
		line("two-spaces-version", "GET /hello  HTTP/1.1", 400),
		line("tabs", "GET\t/hello\tHTTP/1.1", 400),
		line("vertical-tab", "GET\v/hello\vHTTP/1.1", 400),
		line("nul-in-method", "G\x00T /hello HTTP/1.1", 400),
		line("nul-in-target", "GET /hel\x00lo HTTP/1.1", 400),
		line("four-parts", "GET /hello /hello HTTP/1.1", 400),
		line("no-target", "GET HTTP/1.1", 400),
		line("empty-target", "GET  HTTP/1.1", 400),
		line("no-method", "/hello HTTP/1.1", 400),
		line("method-only", "GET", 400),
		line("method-not-token", "G(E)T /hello HTTP/1.1", 400),
		line("method-latin", "G\u00c9T /hello HTTP/1.1", 400),
		line("method-lower", "get /hello HTTP/1.1", 400, 405, 501),
		line("method-unknown", "BREW /hello HTTP/1.1", 405, 501),
		line("method-long", strings.Repeat("G", 5000)+" /hello HTTP/1.1", 400, 405, 501),
		line("http-0.9", "GET /hello", 400),
		line("version-0.9", "GET /hello HTTP/0.9", 400, 505),
		line("version-1.2", "GET /hello HTTP/1.2", 200), // a higher minor version counts as ours (RFC 9110, 2.5)
		line("version-1.10", "GET /hello HTTP/1.10", 400, 505),
		line("version-01.1", "GET /hello HTTP/01.1", 400, 505),
		line("version-2.0", "GET /hello HTTP/2.0", 505),
		line("version-3", "GET /hello HTTP/3", 400, 505),
		line("version-lower", "GET /hello http/1.1", 400, 505),
		line("version-other", "GET /hello ICY/1.1", 400),
		line("version-comma", "GET /hello HTTP/1,1", 400, 505),
		line("version-letters", "GET /hello HTTP/x.y", 400, 505),
		line("version-plus", "GET /hello HTTP/+1.1", 400, 505),
		line("version-tail", "GET /hello HTTP/1.1x", 400, 505),
	}
}

// fields are attacks on field lines.
func fields() []Case {
	f := func(name, l string, want ...int) Case { return of("field/"+name, get(l), want...) }
	return []Case{
		f("space-before-colon", "X : y\r\n", 400),
		f("space-in-name", "X Y: z\r\n", 400),
		f("space-before-name", " X: y\r\n", 400),
		f("folded-space", "X: y\r\n z\r\n", 400),
		f("folded-tab", "X: y\r\n\tz\r\n", 400),
		f("folded-empty", "X: y\r\n \r\n", 400),
		f("no-colon", "nonsense\r\n", 400),
		f("empty-name", ": y\r\n", 400),
		f("name-control", "X\x01: y\r\n", 400),
		f("name-nul", "X\x00: y\r\n", 400),
		f("name-latin", "X\u00e9: y\r\n", 400),
		f("name-bracket", "X[]: y\r\n", 400),
		f("name-slash", "X/Y: z\r\n", 400),
		f("name-quoted", "\"X\": y\r\n", 400),
		f("name-bare-cr", "X\rY: z\r\n", 400),
		f("value-nul", "X: \x00\r\n", 400),
		f("value-control", "X: \x01\x02\r\n", 400),
		f("value-escape", "X: \x1b[2J\r\n", 400),
		f("value-delete", "X: \x7f\r\n", 400),
		f("value-bare-cr", "X: a\rb\r\n", 400),
		f("value-bare-lf", "X: a\nY: b\r\n", 400),
		f("value-two-cr", "X: a\r\r\n", 400),
		f("value-obs-text", "X: \xff\xfe\r\n", 200),
		f("value-empty", "X:\r\n", 200),
		of("field/first-is-folded", "GET /hello HTTP/1.1\r\n "+host+"\r\n", 400),
		f("expect-unknown", "Expect: a-miracle\r\n", 417),
		f("expect-two", "Expect: 100-continue, a-miracle\r\n", 417),
		f("expect-empty", "Expect:\r\n", 417),
		f("expect-without-body", "Expect: 100-continue\r\n", 200),
		f("connection-nonsense", "Connection: ,,;,\x80\r\n", 200),
		f("upgrade-h2c", "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n", 200),
		f("range-many", "Range: bytes="+strings.Repeat("0-0,", 1000)+"0-0\r\n", 200),
	}
}

// hosts are attacks on the Host field.
func hosts() []Case {
	h := func(name, l string, want ...int) Case {
		return of("host/"+name, "GET /hello HTTP/1.1\r\n"+l+"\r\n", want...)
	}
	return []Case{
		h("missing", "", 400),
		h("missing-with-others", "Accept: */*\r\n", 400),
		h("twice", host+host, 400),
		h("twice-different", host+"Host: other.test\r\n", 400),
		h("twice-other-case", host+"hOST: other.test\r\n", 400),
		h("empty", "Host:\r\n", 400),
		h("space-before-colon", "Host : lab.test\r\n", 400),
		h("space-inside", "Host: lab test\r\n", 400),
		h("user", "Host: lab.test@other.test\r\n", 400),
		h("path", "Host: lab.test/path\r\n", 400),
		h("list", "Host: lab.test, other.test\r\n", 400),
		h("url", "Host: http://lab.test\r\n", 400),
		h("port-letters", "Host: lab.test:http\r\n", 400),
		h("port-minus", "Host: lab.test:-1\r\n", 400),
		h("port-twice", "Host: lab.test:80:80\r\n", 400),
		h("bracket-open", "Host: [::1\r\n", 400),
		h("bracket-nonsense", "Host: [zz]:80\r\n", 400),
		h("markup", "Host: <script>\r\n", 400),
		h("nul", "Host: lab\x00.test\r\n", 400),
		h("ipv6", "Host: [::1]:8080\r\n", 200),
		of("host/10-twice", "GET /hello HTTP/1.0\r\n"+host+host+"\r\n", 400),
		of("host/10-missing", "GET /hello HTTP/1.0\r\n\r\n", 200),
	}
}

func manyFields(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "X-%d: y\r\n", i)
	}
	return b.String()
}

func zeros(n int) string { return strings.Repeat("0", n) }
