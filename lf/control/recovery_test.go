package control

import (
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// BenchmarkRecovery measures, for each accept mutex, how long a request takes
// right after a child was killed that waited for connections, and so held the
// mutex. "unharmed" measures the same without a kill.
func BenchmarkRecovery(b *testing.B) {
	for _, mutex := range mutexes() {
		for _, harm := range []bool{false, true} {
			name := "mutex=" + mutex + "/unharmed"
			if harm {
				name = "mutex=" + mutex + "/killed"
			}
			b.Run(name, func(b *testing.B) { recover20(b, mutex, harm) })
		}
	}
}

// recover20 measures 20 answers in each iteration.
func recover20(b *testing.B, mutex string, harm bool) {
	s := control(b, time.Second, "AcceptMutex "+mutex+"\nStartServers 4\nThreadsPerChild 2\nMinSpareThreads 8\nMaxSpareThreads 50\nMaxRequestWorkers 8")
	s.settled(4)
	var took []time.Duration
	resets := 0
	for b.Loop() {
		for range 20 {
			s.settled(4)
			victim := 0
			until(b, "a child that waits for connections", func() bool {
				for _, pid := range s.children() {
					if accepts(pid) {
						victim = pid
					}
				}
				return victim != 0
			})
			began := time.Now()
			if harm {
				kill(b, victim, unix.SIGKILL)
			}
			for !answers(s.addr) {
				resets++ // the child had accepted it already
			}
			took = append(took, time.Since(began))
		}
	}
	slices.Sort(took)
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(us(took[len(took)/2]), "p50-us")
	b.ReportMetric(us(took[len(took)*9/10]), "p90-us")
	b.ReportMetric(us(took[len(took)-1]), "max-us")
	b.ReportMetric(float64(resets), "resets")
	b.ReportMetric(float64(len(took)), "answers")
}

// answers sends a request on a new connection and reports whether the answer is
// right.
func answers(addr string) bool {
	c, err := net.DialTimeout("tcp", addr, patience)
	if err != nil {
		return false
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(patience))
	_, _ = io.WriteString(c, "GET /hello HTTP/1.0\r\n\r\n") // an error shows in the answer
	answer, _ := io.ReadAll(c)
	return strings.HasSuffix(string(answer), "Hello, World!")
}

func us(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }

// accepts reports whether a thread of the process is in a system call that
// waits for connections. Threads that wait for a gate are in another one.
func accepts(pid int) bool {
	calls, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/syscall", pid))
	for _, call := range calls {
		if text, err := os.ReadFile(call); err == nil {
			number, _, _ := strings.Cut(string(text), " ")
			if number == fmt.Sprint(unix.SYS_ACCEPT4) || number == fmt.Sprint(unix.SYS_EPOLL_PWAIT) {
				return true
			}
		}
	}
	return false
}
