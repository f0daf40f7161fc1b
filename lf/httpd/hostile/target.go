package hostile

// targets are attacks on the request target, and targets of unusual form.
func targets() []Case {
	t := func(name, target string, want ...int) Case {
		return of("target/"+name, "GET "+target+" HTTP/1.1\r\n"+host+"\r\n", want...)
	}
	m := func(name, method, target string, want ...int) Case {
		return of("target/"+name, method+" "+target+" HTTP/1.1\r\n"+host+"\r\n", want...)
	}
	return []Case{
		t("up", "/../../../../etc/passwd", 400, 403, 404),
		t("up-inside", "/a/../../etc/passwd", 400, 403, 404),
		t("up-to-handler", "/a/../hello", 400, 403, 404),
		t("up-escaped", "/%2e%2e/%2e%2e/etc/passwd", 400, 403, 404),
		t("up-escaped-slash", "/..%2f..%2fetc%2fpasswd", 400, 403, 404),
		t("up-escaped-twice", "/%252e%252e/%252e%252e/etc/passwd", 400, 403, 404),
		t("up-overlong", "/%c0%ae%c0%ae/%c0%ae%c0%ae/etc/passwd", 400, 403, 404),
		t("up-overlong-slash", "/..%c0%af..%c0%afetc/passwd", 400, 403, 404),
		t("up-backslash", `/..\..\..\etc\passwd`, 400, 403, 404),
		t("up-backslash-escaped", "/..%5c..%5cetc%5cpasswd", 400, 403, 404),
		t("up-dots", "/....//....//etc/passwd", 400, 403, 404),
		t("up-semicolon", "/..;/..;/etc/passwd", 400, 403, 404),
		t("up-query", "/x?/../../etc/passwd", 400, 403, 404),
		t("two-slashes", "//etc/passwd", 400, 403, 404),
		t("three-slashes", "///etc/passwd", 400, 403, 404),
		t("two-slashes-host", "//other.test/..%2f", 400, 403, 404),
		t("escaped-slash", "/%2fetc/passwd", 400, 403, 404),
		t("dot", "/./etc/passwd", 400, 403, 404),
		t("proc", "/proc/self/environ", 400, 403, 404),
		t("nul-escaped", "/hello%00.html", 400, 403, 404),
		t("nul-escaped-up", "/%00/../../etc/passwd", 400, 403, 404),
		t("line-end-escaped", "/x%0d%0aSet-Cookie:%20a=b", 400, 403, 404),
		t("escape-short", "/%2", 400),
		t("escape-alone", "/%", 400),
		t("escape-letters", "/%zz", 400),
		t("fragment", "/hello#here", 400),
		t("control", "/hel\x01lo", 400),
		t("delete-byte", "/hel\x7flo", 400),
		t("high-bytes", "/\xff\xfe", 400, 404),
		t("no-slash", "hello", 400),
		t("dots-only", "../../etc/passwd", 400),
		t("absolute", "http://lab.test/hello", 200),
		t("absolute-other-host", "http://other.test/hello", 200, 400, 421),
		t("absolute-no-path", "http://lab.test", 200, 404),
		t("absolute-up", "http://lab.test/../../etc/passwd", 400, 403, 404),
		t("absolute-user", "http://user:word@lab.test/hello", 400),
		t("absolute-no-host", "http:///hello", 400),
		t("absolute-port", "http://lab.test:port/hello", 400),
		t("absolute-bracket", "http://[::1/hello", 400),
		t("absolute-file", "file:///etc/passwd", 400),
		t("absolute-ftp", "ftp://lab.test/hello", 400),
		t("absolute-script", "javascript:alert(1)", 400),
		t("asterisk", "*", 400),
		t("authority", "lab.test:80", 400),
		t("parameter-huge", "/bytes?n=99999999999999999999", 400),
		t("parameter-minus", "/bytes?n=-1", 400),
		t("parameter-escaped-line-end", "/sleep?ms=1%0d%0aX:y", 400),
		m("options-asterisk", "OPTIONS", "*", 200, 204, 405),
		m("options-two-asterisks", "OPTIONS", "**", 400),
		m("connect", "CONNECT", "lab.test:443", 400, 405, 501),
		m("connect-path", "CONNECT", "/hello", 400, 405, 501),
		m("trace", "TRACE", "/hello", 405, 501),
		m("put", "PUT", "/x", 404, 405, 501),
		m("delete", "DELETE", "/hello", 404, 405, 501),
		m("preface", "PRI", "*", 400, 405, 501, 505),
	}
}
