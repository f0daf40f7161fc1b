// Package bpf holds the kernel programs of the probe, in C, and the Go that
// loads their compiled object. It knows nothing of what the numbers mean; the
// package above does.
//
// The object is compiled once and committed, so that building needs no C
// compiler. It relocates itself to the running kernel's structures (CO-RE) and
// needs that kernel's BTF. clang.txt names the compiler that made it: another
// one makes another object, and a test rebuilds and compares only with that one.
package bpf

//go:generate go tool bpf2go -cc clang-19 -strip llvm-strip-19 -go-package bpf -target bpfel -type stage -type placement -type record_kind -type call -type timeout -type preempt -type kind -type mechanism -type histogram -type counts -type record_request -type record_handoff -type record_gap -type record_wait -type record_wake -type record_run Probe probe.bpf.c -- -O2 -g -Wall -Werror -mcpu=v3 -I/usr/include/x86_64-linux-gnu
//go:generate sh -c "clang-19 --version | head -n 1 >clang.txt"
