//go:build !linux

package linux

const _ uint = "lflab runs on Linux only: what it measures are Linux's futexes, epoll and scheduler (build it there, or in a virtual machine or container: GOOS=linux go build ./cmd/lflab)"
