package sock

import (
	"errors"
	"io"
	"syscall"

	"golang.org/x/sys/unix"

	"lflab/lf/serve"
)

var _ serve.FileSender = (*Conn)(nil)

// SendFile implements serve.FileSender by sendfile(2). The kernel holds back
// the end of head until the file's first bytes (MSG_MORE), so that they share
// segments.
//
// sendfile has no flag for a single non-blocking call. So the descriptor is in
// non-blocking mode during SendFile, even on a Conn that blocks; that Conn
// polls with a deadline. The two calls of fcntl(2) cost little compared with
// sending a file.
func (c *Conn) SendFile(head []byte, src int, offset, n int64) (int64, error) {
	if c.wait && c.full { // set by the previous call
		if err := c.awaitWritable(); err != nil {
			return 0, err
		}
	}
	c.full = false
	if errno := setFlags(c.fd, unix.O_NONBLOCK); errno != 0 {
		return 0, errno
	}
	done, err := c.sendAll(head, src, offset, n)
	if errno := setFlags(c.fd, 0); errno != 0 && err == nil {
		err = errno
	}
	return done, err
}

func (c *Conn) sendAll(head []byte, src int, offset, n int64) (int64, error) {
	size := int64(len(head))
	for done := int64(0); ; {
		var got int
		var errno syscall.Errno
		switch {
		case done < size:
			got, errno = send(c.fd, head[done:], unix.MSG_MORE)
		case done < size+n:
			at := done - size
			if got, errno = c.sendfile(src, offset+at, n-at); got == 0 && errno == 0 {
				return done, io.ErrUnexpectedEOF
			}
		default:
			return done, nil
		}
		switch errno {
		case 0:
			done += int64(got)
		case unix.EINTR:
		case unix.EAGAIN:
			switch {
			case !c.wait:
				c.full = true
				return done, serve.ErrWouldBlock
			case done > 0:
				c.full = true
				return done, nil
			}
			if err := c.awaitWritable(); err != nil {
				return done, err
			}
		case unix.EINVAL, unix.ENOSYS, unix.EOPNOTSUPP:
			return done, errors.ErrUnsupported // for example, by the file system
		default:
			return done, errno
		}
	}
}

// setFlags sets the descriptor's status flags. It has no other ones.
func setFlags(fd, flags int) syscall.Errno {
	_, _, errno := syscall.RawSyscall(unix.SYS_FCNTL, uintptr(fd), unix.F_SETFL, uintptr(flags))
	return errno
}
