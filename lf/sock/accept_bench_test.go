package sock

import (
	"runtime"
	"testing"

	"golang.org/x/sys/unix"
)

// BenchmarkAccept measures a connection between two threads, from connect(2)
// until both ends are closed. For by=uring-own the accepting thread has
// submitted the request to the ring, for by=uring-other a thread that sleeps in
// a read meanwhile. csw/conn is the number of context switches of the process.
func BenchmarkAccept(b *testing.B) {
	type way struct {
		accept func() (int, error)
		end    func()
	}
	ways := []struct {
		name string
		make func(*testing.B, *Listener) way
	}{
		{"accept4", func(_ *testing.B, l *Listener) way { return way{l.Accept, func() {}} }},
		{"uring-own", func(b *testing.B, l *Listener) way {
			a := uringAcceptor(b, l)
			return way{a.Accept, func() { a.Close() }}
		}},
		{"uring-other", func(b *testing.B, l *Listener) way {
			a := uringAcceptor(b, l)
			var ends [2]int
			if err := unix.Pipe2(ends[:], unix.O_CLOEXEC); err != nil {
				b.Fatal(err)
			}
			armed, ended := make(chan struct{}), make(chan struct{})
			peer := dial(b, l)
			go func() {
				defer close(ended)
				runtime.LockOSThread()
				if fd, err := a.Accept(); err == nil {
					unix.Close(fd)
				}
				close(armed)
				_, _ = read(ends[0], make([]byte, 1))
			}()
			<-armed
			unix.Close(peer)
			return way{a.Accept, func() {
				unix.Close(ends[1])
				<-ended
				unix.Close(ends[0])
				a.Close()
			}}
		}},
	}
	for _, w := range ways {
		b.Run("by="+w.name, func(b *testing.B) {
			l := listen(b, Options{})
			way := w.make(b, l)
			defer way.end()
			done := make(chan struct{})
			go func() {
				defer close(done)
				runtime.LockOSThread()
				for range b.N {
					fd, err := way.accept()
					if err != nil {
						b.Error(err)
						return
					}
					unix.Close(fd)
				}
			}()
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			before := contextSwitches(b)
			b.ResetTimer()
			for range b.N {
				fd := dial(b, l)
				var end [1]byte
				_, _ = read(fd, end[:]) // the other side closes first
				unix.Close(fd)
			}
			<-done
			b.StopTimer()
			b.ReportMetric(float64(contextSwitches(b)-before)/float64(b.N), "csw/conn")
		})
	}
}

func contextSwitches(b *testing.B) int64 {
	var ru unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &ru); err != nil {
		b.Fatal(err)
	}
	return int64(ru.Nvcsw + ru.Nivcsw)
}
