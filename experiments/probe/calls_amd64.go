package probe

import "golang.org/x/sys/unix"

var olderPolls = []int{unix.SYS_EPOLL_WAIT}
