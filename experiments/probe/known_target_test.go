package probe

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"

	"golang.org/x/sys/unix"
)

// Targets whose every futex call is known. A target reads a byte from its input
// as an order, carries it out, and answers with a byte. The kinds:
//
//	elide N             N wake calls that find no thread
//	flood N             the same, 200 in each millisecond
//	expire N            N waits that end by timeout
//	interrupt N         N waits that end by a signal; its address is its thread
//	collide N CPU CPU   N wake calls to a thread that may not sleep yet
//	turns N CPU CPU     two threads that wake each other, N times there and back
//	strict N CPU CPU    the same, but neither runs before the other sleeps
//	hold N CPU CPU NS BY  N wake-ups of a thread, by futex, pipe or epoll, whose CPU a third one keeps busy for NS after each
//
// For two more kinds the order contains the number:
//
//	grow                a new thread makes that many wake calls
//	beget               a child process does so
//	beget               so does a child process
func init() {
	live["elide"] = func(args []string) (string, func(int)) { return alone(args, elide) }
	live["flood"] = func(args []string) (string, func(int)) { return alone(args, flood) }
	live["expire"] = func(args []string) (string, func(int)) { return alone(args, expire) }
	live["interrupt"] = func(args []string) (string, func(int)) { return alone(args, interrupt) }
	live["collide"] = beColliding
	live["turns"] = beTaking
	live["strict"] = beStrict
	live["hold"] = beHolding
	live["grow"] = func([]string) (string, func(int)) { return "", grow }
	live["beget"] = func([]string) (string, func(int)) { return "", beget }
}

// known is the state that the threads of these targets share.
var known struct {
	word, back word
	came       atomic.Int64 // wake-ups of the sleeper so far
	spins      atomic.Bool  // the third thread keeps the CPU busy
	woken      atomic.Int64 // when the sleeper was woken; 0: not yet
	hold       int64        // ns
	sleeper    uintptr      // open file in /proc of its system call
	order      [2]int       // socket to the third thread
	by         string       // what the sleeper is woken by
	pipe       [2]int
	event, set uintptr
}

// alone carries out orders on the calling thread and does not return.
func alone(args []string, act func(n int)) (string, func(int)) {
	n, err := strconv.Atoi(args[0])
	must(err)
	runtime.LockOSThread()
	pin(args[1:]...)
	fmt.Println("ready", unix.Gettid())
	obeyAlone(n, act)
	os.Exit(0)
	return "", nil
}

//go:nosplit
func obeyAlone(n int, act func(int)) {
	line := byte('\n')
	for one := byte(0); transfer(unix.SYS_READ, 0, &one); transfer(unix.SYS_WRITE, 1, &line) {
		act(n)
	}
}

// pin keeps the calling thread on the first of the CPUs, if there is one.
func pin(cpus ...string) {
	if len(cpus) == 0 {
		return
	}
	cpu, err := strconv.Atoi(cpus[0])
	must(err)
	var set unix.CPUSet
	set.Set(cpu)
	must(unix.SchedSetaffinity(0, &set))
}

// realTime gives the calling thread a real-time priority: it runs before all
// ordinary threads, and threads of the same priority do not preempt it.
func realTime() {
	must(unix.SchedSetAttr(0, &unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_FIFO, Priority: 1}, 0))
}

//go:nosplit
func elide(n int) {
	for range n {
		known.word.wake()
	}
}

//go:nosplit
func flood(n int) {
	for next := clock(); n > 0; next += 1e6 {
		for range min(n, 200) {
			known.word.wake()
			n--
		}
		for clock() < next+1e6 {
		}
	}
}

//go:nosplit
func expire(n int) {
	for n > 0 {
		before := sleeps()
		known.word.sleep(2e6)
		if sleeps() > before { // else the timeout passed before the thread slept
			n--
		}
	}
}

//go:nosplit
func interrupt(n int) {
	for range n {
		known.word.sleep(60e9)
	}
}

func beColliding(args []string) (string, func(int)) {
	thread(sleepOn, args[2])
	return alone(args, collide)
}

//go:nosplit
func sleepOn() {
	for {
		known.word.sleep(0)
		known.came.Add(1)
	}
}

//go:nosplit
func collide(n int) {
	for range n {
		for !known.word.wake() {
		}
	}
}

func beTaking(args []string) (string, func(int)) {
	thread(answerTurns, args[2])
	return alone(args, takeTurns)
}

func beStrict(args []string) (string, func(int)) {
	thread(func() {
		realTime()
		answerTurns()
	}, args[2])
	runtime.LockOSThread()
	realTime()
	return alone(args, takeTurns)
}

//go:nosplit
func takeTurns(n int) {
	for range n {
		known.word.give()
		known.back.take()
	}
}

//go:nosplit
func answerTurns() {
	for {
		known.word.take()
		known.back.give()
	}
}

func beHolding(args []string) (string, func(int)) {
	var err error
	known.hold, err = strconv.ParseInt(args[3], 10, 64)
	must(err)
	known.by = args[4]
	known.order, err = unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	must(err)
	must(unix.Pipe2(known.pipe[:], unix.O_CLOEXEC))
	event, err := unix.Eventfd(0, unix.EFD_CLOEXEC)
	must(err)
	set, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	must(err)
	must(unix.EpollCtl(set, unix.EPOLL_CTL_ADD, event, &unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLET}))
	known.event, known.set = uintptr(event), uintptr(set)
	thread(func() {
		file, err := unix.Open(fmt.Sprintf("/proc/self/task/%d/syscall", unix.Gettid()), unix.O_RDONLY|unix.O_CLOEXEC, 0)
		must(err)
		known.sleeper = uintptr(file)
		sleepBy()
	}, args[2])
	thread(func() {
		realTime()
		spin()
	}, args[2])
	return alone(args, wakeHeld)
}

// spin keeps the CPU busy from each order until known.hold after the sleeper
// was woken.
//
//go:nosplit
func spin() {
	for one := byte(0); transfer(unix.SYS_READ, uintptr(known.order[0]), &one); {
		known.spins.Store(true)
		for known.woken.Load() == 0 {
		}
		for clock() < known.woken.Load()+known.hold {
		}
		known.spins.Store(false)
	}
}

//go:nosplit
func sleepBy() {
	for one := byte(0); ; known.came.Add(1) {
		switch known.by {
		case "pipe":
			transfer(unix.SYS_READ, uintptr(known.pipe[0]), &one)
		case "epoll":
			poll(known.set)
		default:
			known.word.sleep(0)
		}
	}
}

//go:nosplit
func wakeBy() {
	one := byte(0)
	switch known.by {
	case "pipe":
		transfer(unix.SYS_WRITE, uintptr(known.pipe[1]), &one)
	case "epoll":
		signal(known.event)
	default:
		known.word.wake()
	}
}

//go:nosplit
func wakeHeld(n int) {
	one := byte(0)
	for range n {
		for known.sleeper == 0 || running(known.sleeper) {
		}
		came := known.came.Load()
		known.woken.Store(0)
		if known.hold > 0 {
			transfer(unix.SYS_WRITE, uintptr(known.order[1]), &one)
			for !known.spins.Load() {
			}
		}
		wakeBy()
		known.woken.Store(clock())
		for known.came.Load() == came {
		}
	}
}

func grow(n int) {
	done := make(chan struct{})
	thread(func() {
		elide(n)
		close(done)
	})
	<-done
}

// beget runs a child process that carries out one order.
func beget(n int) {
	child := exec.Command("/proc/self/exe", "-test.run=^TestRole$")
	child.Env = append(os.Environ(), liveVariable+"=elide "+strconv.Itoa(n))
	child.Stdin = strings.NewReader("\n")
	child.Stderr = os.Stderr
	out, err := child.Output()
	must(err)
	if answers := strings.Count(string(out), "\n"); answers != 2 {
		must(fmt.Errorf("the child said %q", out))
	}
}

// act gives such a target its order and waits until the order is carried out
// and every thread sleeps again.
func (l *liveTarget) act() {
	l.t.Helper()
	l.order("")
	l.expect("")
	l.rest()
}

// asleep waits until the target's thread tid sleeps in a futex call.
func (l *liveTarget) asleep(tid int) {
	l.t.Helper()
	want := strconv.Itoa(syscall.SYS_FUTEX) + " "
	waitFor(l.t, "a thread to sleep in futex", func() bool {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/syscall", l.PID, tid))
		return err == nil && strings.HasPrefix(string(text), want)
	})
}
