//go:build !long

package mpm

// unlikely tells what someVariants leaves out.
func unlikely(v variant) bool { return v.choice != "" }
