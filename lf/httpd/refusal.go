package httpd

import "github.com/valyala/fasthttp"

// refusal is why a request is not served: the status it is answered with, and
// a sentence for the peer. The connection is closed after it, for where the
// next request would begin is not known for sure.
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
	errLine    = bad("the request line is not method, target and version with a space between")
	errVersion = bad("the version is not of the form HTTP/1.1")
	errOther   = &refusal{fasthttp.StatusHTTPVersionNotSupported, "only HTTP/1 is spoken here"}
	errTarget  = bad("the request target is malformed")
	errConnect = &refusal{fasthttp.StatusNotImplemented, "there are no tunnels here"}

	// of fields
	errFold       = bad("a field is continued on a line of its own")
	errColon      = bad("a field has no colon")
	errName       = bad("a field name is not a token")
	errValue      = bad("a field value has a control character")
	errFields     = &refusal{fasthttp.StatusRequestHeaderFieldsTooLarge, "the request has too many fields"}
	errHost       = bad("the Host field is malformed")
	errHostTwice  = bad("the Host field is there more than once")
	errHostNone   = bad("an HTTP/1.1 request needs a Host field")
	errLength     = bad("the Content-Length field is not a number of decimal digits that is in range")
	errLengths    = bad("the Content-Length field is there more than once")
	errCoding     = &refusal{fasthttp.StatusNotImplemented, "the only transfer coding known here is chunked"}
	errCodings    = bad("the Transfer-Encoding field is there more than once")
	errCoding10   = bad("HTTP/1.0 has no Transfer-Encoding")
	errTwoLengths = bad("the request has both Transfer-Encoding and Content-Length")
	errTrailer    = bad("the Trailer field announces a field that may not be a trailer")
	errExpect     = &refusal{fasthttp.StatusExpectationFailed, "the only expectation known here is 100-continue"}

	// of bodies
	errBodySize  = &refusal{fasthttp.StatusRequestEntityTooLarge, "the request body is too large"}
	errChunkLine = bad("a chunk does not begin with its size in hexadecimal digits, an extension if any, and CRLF")
	errChunkEnd  = bad("a chunk does not end with CRLF")
	errTrailers  = &refusal{fasthttp.StatusRequestHeaderFieldsTooLarge, "the trailer fields are too large"}

	// of peers
	errParser  = bad("the request is malformed")
	errEnded   = bad("the request ended before it was whole")
	errTimeout = &refusal{fasthttp.StatusRequestTimeout, "the request did not arrive in time"}
)
