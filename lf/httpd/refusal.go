package httpd

import "github.com/valyala/fasthttp"

// refusal is the reason why a request is not served: the status of the answer
// and a sentence for the peer. The connection is closed after it, because the
// start of the next request is not known for sure.
type refusal struct {
	status int
	reason string
}

func bad(reason string) *refusal { return &refusal{fasthttp.StatusBadRequest, reason} }

var (
	// of lines
	errBareLF   = bad("a line ends with LF and not with CRLF")
	errFirst    = bad("the request does not begin with a method")
	errHeadSize = &refusal{fasthttp.StatusRequestHeaderFieldsTooLarge, "the request line and fields are too large"}

	// of the request line
	errMethod  = bad("the method is not a token")
	errLine    = bad("the request line is not method, target and version, separated by single spaces")
	errVersion = bad("the version is not of the form HTTP/1.1")
	errOther   = &refusal{fasthttp.StatusHTTPVersionNotSupported, "only HTTP/1 is supported"}
	errTarget  = bad("the request target is malformed")
	errConnect = &refusal{fasthttp.StatusNotImplemented, "tunnels are not supported"}

	// of fields
	errFold       = bad("a field continues on a second line")
	errColon      = bad("a field has no colon")
	errName       = bad("a field name is not a token")
	errValue      = bad("a field value has a control character")
	errFields     = &refusal{fasthttp.StatusRequestHeaderFieldsTooLarge, "the request has too many fields"}
	errHost       = bad("the Host field is malformed")
	errHostTwice  = bad("the request has more than one Host field")
	errHostNone   = bad("an HTTP/1.1 request needs a Host field")
	errLength     = bad("the Content-Length field is not a decimal number in range")
	errLengths    = bad("the request has more than one Content-Length field")
	errCoding     = &refusal{fasthttp.StatusNotImplemented, "the only supported transfer coding is chunked"}
	errCodings    = bad("the request has more than one Transfer-Encoding field")
	errCoding10   = bad("HTTP/1.0 has no Transfer-Encoding")
	errTwoLengths = bad("the request has both Transfer-Encoding and Content-Length")
	errTrailer    = bad("the Trailer field announces a field that may not be a trailer")
	errExpect     = &refusal{fasthttp.StatusExpectationFailed, "the only supported expectation is 100-continue"}

	// of bodies
	errBodySize  = &refusal{fasthttp.StatusRequestEntityTooLarge, "the request body is too large"}
	errChunkLine = bad("a chunk does not begin with its size in hexadecimal digits, an extension if any, and CRLF")
	errChunkEnd  = bad("a chunk does not end with CRLF")
	errTrailers  = &refusal{fasthttp.StatusRequestHeaderFieldsTooLarge, "the trailer fields are too large"}

	// of peers
	errParser  = bad("the request is malformed")
	errEnded   = bad("the request is incomplete")
	errTimeout = &refusal{fasthttp.StatusRequestTimeout, "the request did not arrive in time"}
)
