package httpd

import (
	"testing"

	"golang.org/x/net/http/httpguts"
	"pgregory.net/rapid"
)

// The result is the same whether the code looks at eight bytes at a time or at
// one.
func TestIsText(t *testing.T) {
	plain := func(b []byte) bool { return httpguts.ValidHeaderFieldValue(string(b)) }
	for at := range 20 {
		for c := range 256 {
			b := []byte("the quick brown fox \xff\x80 jumps")
			b[at] = byte(c)
			if got, want := isText(b), plain(b); got != want {
				t.Errorf("%q: %v, want %v", b, got, want)
			}
		}
	}
	near := rapid.SampledFrom([]byte{0, 8, '\t', 0x1f, ' ', '!', 0x7e, 0x7f, 0x80, 0x9f, 0xa0, 0xff, '\t', ' ', 'z', 'a', 'b', 'c', 'd'})
	rapid.Check(t, func(t *rapid.T) {
		b := rapid.SliceOfN(near, 0, 40).Draw(t, "b")
		if got, want := isText(b), plain(b); got != want {
			t.Errorf("%q: %v, want %v", b, got, want)
		}
	})
}
