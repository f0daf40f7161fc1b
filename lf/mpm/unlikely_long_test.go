//go:build long

package mpm

// unlikely leaves nothing out. Long tests check what a connection's protocol
// promises for each way to accept, hand over and deactivate, not only for each
// architecture.
func unlikely(variant) bool { return false }
