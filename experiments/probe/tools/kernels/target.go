package main

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// words are the futex words that the target's threads sleep on.
var words struct {
	there, back atomic.Uint32 // set when it is this thread's turn
	full, free  atomic.Uint32 // connection waits for service, or may be written
	connection  atomic.Uint64 // its descriptor
}

// beTarget runs the process that is probed. Two threads wake each other, for a
// number of rounds after each byte of input. Of two further threads, one
// accepts connections and hands them to the other.
func beTarget() {
	debug.SetGCPercent(-1)
	runtime.GOMAXPROCS(8)
	runtime.LockOSThread()
	listener, port, err := listen()
	if err != nil {
		fmt.Fprintln(os.Stderr, "target:", err)
		os.Exit(1)
	}
	words.free.Store(1)
	up := make(chan struct{})
	for _, thread := range []func(){partner, func() { listenTo(listener) }, work} {
		go func() {
			runtime.LockOSThread()
			up <- struct{}{}
			thread()
		}()
		<-up
	}
	fmt.Println(port)
	playOnDemand()
}

//go:nosplit
func playOnDemand() {
	for one := [1]byte{}; transfer(unix.SYS_READ, 0, &one); transfer(unix.SYS_WRITE, 1, &one) {
		for range rounds {
			pass(&words.there)
			await(&words.back)
		}
	}
}

//go:nosplit
func partner() {
	for {
		await(&words.there)
		pass(&words.back)
	}
}

//go:nosplit
func listenTo(listener uintptr) {
	for {
		fd, _, errno := unix.RawSyscall6(unix.SYS_ACCEPT4, listener, 0, 0, unix.SOCK_CLOEXEC, 0, 0)
		if errno != 0 {
			continue
		}
		await(&words.free)
		words.connection.Store(uint64(fd))
		pass(&words.full)
	}
}

// work sends every byte of a connection back.
//
//go:nosplit
func work() {
	for {
		await(&words.full)
		fd := uintptr(words.connection.Load())
		pass(&words.free)
		for one := [1]byte{}; transfer(unix.SYS_READ, fd, &one); transfer(unix.SYS_WRITE, fd, &one) {
		}
		_, _, _ = unix.RawSyscall(unix.SYS_CLOSE, fd, 0, 0)
	}
}

func listen() (listener uintptr, port int, err error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0, 0, err
	}
	if err := unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		return 0, 0, err
	}
	if err := unix.Listen(fd, 16); err != nil {
		return 0, 0, err
	}
	bound, err := unix.Getsockname(fd)
	if err != nil {
		return 0, 0, err
	}
	return uintptr(fd), bound.(*unix.SockaddrInet4).Port, nil
}
