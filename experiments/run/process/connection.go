package process

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// connection is one end of the socket between a runner and a keeper. It carries
// packets of JSON with files attached.
type connection struct{ *net.UnixConn }

// longestOrder limits a packet, in bytes; the program's command needs most.
const longestOrder = 160 << 10

// newConnection takes over f and closes it.
func newConnection(f *os.File) (*connection, error) {
	defer f.Close()
	conn, err := net.FileConn(f)
	if err != nil {
		return nil, err
	}
	u, ok := conn.(*net.UnixConn)
	if !ok {
		conn.Close()
		return nil, errors.New("the connection to the runner is no Unix socket")
	}
	return &connection{u}, nil
}

// connectionPair makes a connection. The keeper will inherit its end.
func connectionPair() (ours *connection, keepers *os.File, err error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, nil, err
	}
	keepers = os.NewFile(uintptr(fds[1]), "keeper")
	if ours, err = newConnection(os.NewFile(uintptr(fds[0]), "runner")); err != nil {
		keepers.Close()
		return nil, nil, err
	}
	return ours, keepers, nil
}

func (c *connection) send(v any, files ...*os.File) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	if len(text) > longestOrder {
		return fmt.Errorf("a command of %d bytes is too long (allowed: %d)", len(text), longestOrder)
	}
	var rights []byte
	if len(files) > 0 {
		fds := make([]int, len(files))
		for i, f := range files {
			fds[i] = int(f.Fd())
		}
		rights = unix.UnixRights(fds...)
	}
	_, _, err = c.WriteMsgUnix(text, rights, nil)
	return err
}

// receive reads one packet into v. io.EOF means that the other end is closed.
func (c *connection) receive(v any) (files []*os.File, err error) {
	text, rights := make([]byte, longestOrder), make([]byte, unix.CmsgSpace(4*4))
	n, rn, _, _, err := c.ReadMsgUnix(text, rights)
	if err != nil || n == 0 {
		return nil, errors.Join(io.EOF, err)
	}
	messages, err := syscall.ParseSocketControlMessage(rights[:rn])
	if err != nil {
		return nil, err
	}
	for i := range messages {
		fds, err := syscall.ParseUnixRights(&messages[i])
		if err != nil {
			return nil, err
		}
		for _, fd := range fds {
			unix.CloseOnExec(fd)
			files = append(files, os.NewFile(uintptr(fd), "output"))
		}
	}
	return files, json.Unmarshal(text[:n], v)
}
