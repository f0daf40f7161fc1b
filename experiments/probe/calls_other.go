//go:build !amd64

package probe

var olderPolls []int
