//go:build !amd64 && !arm64

package cas

// Pause does nothing where the processor has no such instruction.
func Pause() {}
