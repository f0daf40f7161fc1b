package httpd

import "unsafe"

// view returns b as a string without copying, for calls that do not keep the
// string. b must not change while the string is in use.
func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
