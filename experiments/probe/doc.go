// Package probe times the stages of hand-offs in the kernel.
package probe
