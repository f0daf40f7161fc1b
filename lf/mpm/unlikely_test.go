//go:build !long

package mpm

// unlikely reports whether someVariants leaves out v.
func unlikely(v variant) bool { return v.choice != "" }
