//go:build long

package mpm

// unlikely leaves nothing out: with long tests, what a connection's protocol
// promises is shown for each way of accepting, of handing over and of
// deactivating, too, and not for each architecture alone.
func unlikely(variant) bool { return false }
