package httpd

import "unsafe"

// view is b as a string without a copy, for calls that do not keep it. b may
// not change while the string is in use.
func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
