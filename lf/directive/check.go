package directive

import "io"

// Check writes the effective values to w: each with where it comes from and
// whether a graceful restart can change it, and then the notes. Settings may
// be nil, where there are only notes to write.
func Check(w io.Writer, s *Settings, notes Notes) error {
	panic("not yet")
}
