package hostile

import "fmt"

// lengths are attacks on Content-Length.
func lengths() []Case {
	cl := func(name, fields string, want ...int) Case {
		return of("length/"+name, postTo("/echo", fields, "hello"), want...)
	}
	return []Case{
		cl("twice-same", "Content-Length: 5\r\nContent-Length: 5\r\n", 400),
		cl("twice-different", "Content-Length: 5\r\nContent-Length: 6\r\n", 400),
		cl("twice-other-case", "Content-Length: 5\r\ncontent-length: 0\r\n", 400),
		cl("list-same", "Content-Length: 5, 5\r\n", 400),
		cl("list-different", "Content-Length: 5, 6\r\n", 400),
		cl("plus", "Content-Length: +5\r\n", 400),
		cl("minus", "Content-Length: -5\r\n", 400),
		cl("minus-zero", "Content-Length: -0\r\n", 400),
		cl("hexadecimal", "Content-Length: 0x5\r\n", 400),
		cl("fraction", "Content-Length: 5.0\r\n", 400),
		cl("exponent", "Content-Length: 5e0\r\n", 400),
		cl("underscore", "Content-Length: 0_5\r\n", 400),
		cl("space-inside", "Content-Length: 5 0\r\n", 400),
		cl("quoted", "Content-Length: \"5\"\r\n", 400),
		cl("empty", "Content-Length:\r\n", 400),
		cl("spaces-only", "Content-Length:   \r\n", 400),
		cl("letters", "Content-Length: five\r\n", 400),
		cl("vertical-tab", "Content-Length: \v5\r\n", 400),
		cl("no-break-space", "Content-Length: \u00a05\r\n", 400),
		cl("wide-digits", "Content-Length: \uff15\r\n", 400),
		cl("overflow-64", "Content-Length: 18446744073709551621\r\n", 400, 413),
		cl("overflow-63", "Content-Length: 9223372036854775808\r\n", 400, 413),
		cl("overflow-32", "Content-Length: 4294967301\r\n", 413),
		cl("very-long", "Content-Length: "+zeros(200)+"5\r\n", 400),
		cl("space-before-colon", "Content-Length : 5\r\n", 400),
		cl("tab-before-colon", "Content-Length\t: 5\r\n", 400),
		cl("folded", "Content-Length:\r\n 5\r\n", 400),
		cl("under-other-name", "Content_Length: 0\r\nContent-Length: 5\r\n", 200),
		of("length/get-with-smuggled-body", get(fmt.Sprintf("Content-Length: %d\r\n", len(smuggled)))+smuggled, 200, 400),
		of("length/10-twice", "POST /echo HTTP/1.0\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello", 400),
	}
}

// codings are attacks on Transfer-Encoding, alone and against Content-Length.
func codings() []Case {
	const body = "5\r\nhello\r\n0\r\n\r\n"
	te := func(name, fields string, want ...int) Case {
		return of("coding/"+name, postTo("/echo", fields, body), want...)
	}
	return []Case{
		te("cl-te", "Content-Length: 15\r\nTransfer-Encoding: chunked\r\n", 400),
		te("te-cl", "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n", 400),
		te("te-cl-zero", "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n", 400),
		of("coding/cl-te-smuggling", postTo("/hello", "Content-Length: 48\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"+smuggled), 400),
		te("te-te", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", 400, 501),
		te("te-te-identity", "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", 400, 501),
		te("te-te-cow", "Transfer-Encoding: cow\r\nTransfer-Encoding: chunked\r\n", 400, 501),
		te("list-twice", "Transfer-Encoding: chunked, chunked\r\n", 400, 501),
		te("list-identity", "Transfer-Encoding: chunked, identity\r\n", 400, 501),
		te("gzip-chunked", "Transfer-Encoding: gzip, chunked\r\n", 400, 501),
		te("identity", "Transfer-Encoding: identity\r\n", 400, 501),
		te("xchunked", "Transfer-Encoding: xchunked\r\n", 400, 501),
		te("chunked-comma", "Transfer-Encoding: chunked,\r\n", 400, 501),
		te("comma-chunked", "Transfer-Encoding: ,chunked\r\n", 400, 501),
		te("parameter", "Transfer-Encoding: chunked;q=1\r\n", 400, 501),
		te("quoted", "Transfer-Encoding: \"chunked\"\r\n", 400, 501),
		te("empty", "Transfer-Encoding:\r\n", 400, 501),
		te("vertical-tab", "Transfer-Encoding: \vchunked\r\n", 400),
		te("nul", "Transfer-Encoding: chunked\x00\r\n", 400),
		te("no-break-space", "Transfer-Encoding: \u00a0chunked\r\n", 400, 501),
		te("kelvin-sign", "Transfer-Encoding: chun\u212aed\r\n", 400, 501),
		te("folded", "Transfer-Encoding:\r\n chunked\r\n", 400, 501),
		te("folded-away", "X: y\r\n Transfer-Encoding: chunked\r\n", 400),
		te("space-before-colon", "Transfer-Encoding : chunked\r\n", 400),
		te("behind-bare-cr", "X: y\rTransfer-Encoding: chunked\r\n", 400),
		te("behind-bare-lf", "X: y\nTransfer-Encoding: chunked\r\n", 400),
		te("upper-case", "TRANSFER-ENCODING: CHUNKED\r\n", 200),
		of("coding/http-1.0", "POST /echo HTTP/1.0\r\n"+host+"Transfer-Encoding: chunked\r\n\r\n"+body, 400, 501),
	}
}

// chunked are attacks on the framing of chunks.
func chunked() []Case {
	ch := func(name, body string, want ...int) Case {
		return of("chunk/"+name, postTo("/echo", "Transfer-Encoding: chunked\r\n", body), want...)
	}
	const last = "0\r\n\r\n"
	return []Case{
		ch("size-empty", "\r\nhello\r\n"+last, 400),
		ch("size-letters", "xyz\r\nhello\r\n"+last, 400),
		ch("size-prefix", "0x5\r\nhello\r\n"+last, 400),
		ch("size-plus", "+5\r\nhello\r\n"+last, 400),
		ch("size-minus", "-5\r\nhello\r\n"+last, 400),
		ch("size-minus-zero", "-0\r\n\r\n", 400),
		ch("size-leading-space", " 5\r\nhello\r\n"+last, 400),
		ch("size-trailing-space", "5 \r\nhello\r\n"+last, 400),
		ch("size-trailing-tab", "5\t\r\nhello\r\n"+last, 400),
		ch("size-underscore", "0_5\r\nhello\r\n"+last, 400),
		ch("size-too-small", "4\r\nhello\r\n"+last, 400),
		ch("size-too-large", "6\r\nhello\r\n"+last, 400),
		ch("size-overflow-64", "10000000000000005\r\nhello\r\n"+last, 400, 413),
		ch("size-overflow-63", "8000000000000000\r\nhello\r\n"+last, 400, 413),
		ch("size-minus-one", "ffffffffffffffff\r\nhello\r\n"+last, 400, 413),
		ch("size-overflow-32", "100000005\r\nhello\r\n"+last, 413),
		ch("size-many-zeros", zeros(300)+"5\r\nhello\r\n"+last, 400),
		ch("sum-too-large", "80000\r\n"+long(0x80000)+"\r\n80001\r\n", 413),
		ch("lf-only", "5\nhello\n0\n\n", 400),
		ch("lf-after-size", "5\nhello\r\n"+last, 400),
		ch("lf-after-data", "5\r\nhello\n"+last, 400),
		ch("cr-after-size", "5\rhello\r\n"+last, 400),
		ch("no-line-end-after-data", "5\r\nhello"+last, 400),
		ch("two-after-data", "5\r\nhello\r\n\r\n"+last, 400),
		ch("extension", "5;name=value\r\nhello\r\n"+last, 200),
		ch("extension-lf", "5;name\n\r\nhello\r\n"+last, 400),
		ch("extension-cr", "5;a\rb\r\nhello\r\n"+last, 400),
		ch("extension-nul", "5;a=\x00\r\nhello\r\n"+last, 400),
		ch("extension-long", "5;"+long(10000)+"\r\nhello\r\n"+last, 400, 413, 431),
		ch("extension-space-before", "5 ;a\r\nhello\r\n"+last, 400),
		ch("trailer", "5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n", 200),
		ch("trailer-length", "5\r\nhello\r\n0\r\nContent-Length: 9\r\n\r\n", 400),
		ch("trailer-coding", "5\r\nhello\r\n0\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
		ch("trailer-host", "5\r\nhello\r\n0\r\nHost: other\r\n\r\n", 400),
		ch("trailer-no-colon", "5\r\nhello\r\n0\r\nnonsense\r\n\r\n", 400),
		ch("trailer-folded", "5\r\nhello\r\n0\r\nX: y\r\n z\r\n\r\n", 400),
		ch("trailer-bare-lf", "5\r\nhello\r\n0\r\nX: y\n\r\n", 400),
		ch("trailer-smuggled", "5\r\nhello\r\n0\r\n"+smuggled, 400),
		ch("trailer-long", "5\r\nhello\r\n0\r\nX: "+long(10000)+"\r\n\r\n", 400, 431),
		ch("trailer-many", "5\r\nhello\r\n0\r\n"+manyFields(200)+"\r\n", 400, 431),
	}
}
