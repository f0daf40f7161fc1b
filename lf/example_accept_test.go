package lf_test

import (
	"context"
	"fmt"
	"io"
	"net"

	"golang.org/x/sys/unix"

	"lflab/lf"
)

// listener is an event source that accepts connections. An event is the
// descriptor of a connection.
type listener struct {
	fd   int
	port int
}

func listen() (*listener, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	if err := unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		return nil, err
	}
	if err := unix.Listen(fd, 16); err != nil {
		return nil, err
	}
	name, err := unix.Getsockname(fd)
	if err != nil {
		return nil, err
	}
	return &listener{fd, name.(*unix.SockaddrInet4).Port}, nil
}

// Wait returns errors such as ECONNABORTED to the pool, which calls it again. A
// server should wait a while here if descriptors have run out.
func (l *listener) Wait(int) (int, error) {
	conn, _, err := unix.Accept4(l.fd, unix.SOCK_CLOEXEC)
	if err == unix.EINVAL {
		return 0, lf.ErrEnded // the listener was shut down
	}
	return conn, err
}

// Interrupt ends the blocked accept. Closing the descriptor would not.
func (l *listener) Interrupt() { unix.Shutdown(l.fd, unix.SHUT_RD) }

// echo answers one message.
func echo(_, conn int) {
	defer unix.Close(conn)
	message := make([]byte, 64)
	if n, err := unix.Read(conn, message); err == nil {
		unix.Write(conn, message[:n])
	}
}

// An accept loop: the leader accepts, promotes a follower to accept next, and
// serves the connection itself.
func Example_acceptLoop() {
	source, err := listen()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer unix.Close(source.fd) // after Run has returned
	pool, err := lf.New(source, echo, lf.Options{Name: "echo", Threads: 3})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		defer cancel()
		for _, word := range []string{"leader", "follower"} {
			conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", source.port))
			if err != nil {
				fmt.Println(err)
				return
			}
			io.WriteString(conn, word)
			answer, err := io.ReadAll(conn)
			fmt.Println(string(answer), err)
			conn.Close()
		}
	}()
	fmt.Println(pool.Run(ctx))
	// Output:
	// leader <nil>
	// follower <nil>
	// context canceled
}
