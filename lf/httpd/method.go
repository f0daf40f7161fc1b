package httpd

type methods uint8

const (
	get methods = 1 << iota
	head
	post
	options
	connect
	known   // PUT, DELETE, PATCH and TRACE: no handler accepts them
	unknown // any other token
)

func methodOf(b []byte) methods {
	switch string(b) {
	case "GET":
		return get
	case "HEAD":
		return head
	case "POST":
		return post
	case "OPTIONS":
		return options
	case "CONNECT":
		return connect
	case "PUT", "DELETE", "PATCH", "TRACE":
		return known
	}
	return unknown
}

// allow returns the value of an Allow field.
func (m methods) allow() string {
	if m&post != 0 {
		return "GET, HEAD, POST"
	}
	return "GET, HEAD"
}
