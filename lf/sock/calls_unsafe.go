package sock

import (
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"lflab/lf/flight"
	"lflab/sync/block"
)

// receiver holds the arguments of recvmsg(2) with control data.
type receiver struct {
	header  unix.Msghdr
	vector  unix.Iovec
	control [64]byte
}

// recv receives into p, which must not be empty. With MSG_DONTWAIT it does not
// block.
func (c *Conn) recv(p []byte, flags int) (int, syscall.Errno) {
	if c.stamped {
		return c.recvStamped(p, flags)
	}
	var r uintptr
	var errno syscall.Errno
	if flags&unix.MSG_DONTWAIT != 0 {
		r, _, errno = syscall.RawSyscall6(unix.SYS_RECVFROM, uintptr(c.fd), uintptr(unsafe.Pointer(&p[0])), uintptr(len(p)), uintptr(flags), 0, 0)
	} else {
		r, _, errno = block.Syscall6(unix.SYS_RECVFROM, uintptr(c.fd), uintptr(unsafe.Pointer(&p[0])), uintptr(len(p)), uintptr(flags), 0, 0)
		runtime.KeepAlive(p)
	}
	return int(r), errno
}

// recvStamped is recv with the kernel's time stamp of the data
// (SCM_TIMESTAMPNS).
func (c *Conn) recvStamped(p []byte, flags int) (int, syscall.Errno) {
	m := &c.receive
	m.vector.Base, m.vector.Len = &p[0], uint64(len(p))
	m.header = unix.Msghdr{Iov: &m.vector, Iovlen: 1, Control: &m.control[0], Controllen: uint64(len(m.control))}
	var r uintptr
	var errno syscall.Errno
	if flags&unix.MSG_DONTWAIT != 0 {
		r, _, errno = syscall.RawSyscall(unix.SYS_RECVMSG, uintptr(c.fd), uintptr(unsafe.Pointer(&m.header)), uintptr(flags))
	} else {
		r, _, errno = block.Syscall6(unix.SYS_RECVMSG, uintptr(c.fd), uintptr(unsafe.Pointer(&m.header)), uintptr(flags), 0, 0, 0)
		runtime.KeepAlive(m)
	}
	m.vector.Base = nil
	c.arrived = 0
	if errno == 0 && m.header.Controllen >= uint64(unix.CmsgSpace(16)) {
		h := (*unix.Cmsghdr)(unsafe.Pointer(&m.control[0]))
		if h.Level == unix.SOL_SOCKET && h.Type == unix.SCM_TIMESTAMPNS {
			ts := (*unix.Timespec)(unsafe.Pointer(&m.control[unix.CmsgLen(0)]))
			c.arrived = flight.FromRealtime(ts.Nano())
		}
	}
	return int(r), errno
}

// send sends without blocking and without SIGPIPE. flags are added.
func send(fd int, p []byte, flags int) (int, syscall.Errno) {
	r, _, errno := syscall.RawSyscall6(unix.SYS_SENDTO, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)),
		uintptr(flags|unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL), 0, 0)
	return int(r), errno
}

// sendfile is sendfile(2). It may block on the file, and on the connection if
// that is in blocking mode.
func (c *Conn) sendfile(src int, offset, n int64) (int, syscall.Errno) {
	c.offset = offset // in the Conn, because a stack may move meanwhile
	r, _, errno := block.Syscall6(unix.SYS_SENDFILE, uintptr(c.fd), uintptr(src), uintptr(unsafe.Pointer(&c.offset)), uintptr(n), 0, 0)
	runtime.KeepAlive(c)
	return int(r), errno
}

func setReceiveTimeout(fd int, tv *unix.Timeval) syscall.Errno {
	_, _, errno := syscall.RawSyscall6(unix.SYS_SETSOCKOPT, uintptr(fd), unix.SOL_SOCKET, unix.SO_RCVTIMEO,
		uintptr(unsafe.Pointer(tv)), unsafe.Sizeof(*tv), 0)
	return errno
}

// epollPoll is epoll_pwait(2) with a timeout of 0.
func epollPoll(fd int, events []unix.EpollEvent) (int, syscall.Errno) {
	r, _, errno := syscall.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(events))),
		uintptr(len(events)), 0, 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(r), 0
}
