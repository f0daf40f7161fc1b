package mpm

import (
	"runtime"
	"testing"

	"golang.org/x/sys/unix"
)

// BenchmarkServe has one client that sends one request at a time. switches/op
// counts the voluntary context switches of all threads but the client's: how
// often the server's threads went to sleep for a request.
func BenchmarkServe(b *testing.B) {
	for _, kind := range Kinds() {
		for _, mode := range []string{"keepalive", "close"} {
			b.Run("mpm="+kind.Name+"/mode="+mode, func(b *testing.B) {
				r := start(b, kind.Name, setup{threads: 8})
				runtime.LockOSThread()
				defer runtime.UnlockOSThread()
				c := r.rawClient(mode)
				defer c.end()
				for range 100 {
					c.ask()
				}
				b.ReportAllocs()
				before := switches(b)
				for b.Loop() {
					c.ask()
				}
				b.ReportMetric(float64(switches(b)-before)/float64(b.N), "switches/op")
			})
		}
	}
}

// switches returns the voluntary switches of this process's other threads.
func switches(b *testing.B) int64 {
	var all, mine unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &all); err != nil {
		b.Fatal(err)
	}
	if err := unix.Getrusage(unix.RUSAGE_THREAD, &mine); err != nil {
		b.Fatal(err)
	}
	return all.Nvcsw - mine.Nvcsw
}
