//go:build amd64 || arm64

package cas

// Pause tells the processor that this is a spin loop. This saves power, leaves
// the core to its sibling hyperthread, and avoids a pipeline flush at the end.
func Pause()
