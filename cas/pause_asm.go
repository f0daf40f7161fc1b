//go:build amd64 || arm64

package cas

// Pause tells the processor that this is a spin loop: it saves power, leaves
// the core to a sibling thread, and spares the pipeline flush at the end.
func Pause()
