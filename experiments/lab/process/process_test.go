package process

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// The test binary runs itself as the programs that the tests start.
func TestMain(m *testing.M) {
	role, arg, _ := strings.Cut(os.Getenv("PROCESS_TEST_ROLE"), " ")
	switch role {
	case "":
		os.Exit(m.Run())
	case "listen": // writes a line, ends on SIGTERM with the status that arg says
		stop := make(chan os.Signal, 1)
		signal.Notify(stop, syscall.SIGTERM)
		fmt.Printf("listening on %s\nand more\n", arg)
		<-stop
		if arg == "fail" {
			fmt.Fprintln(os.Stderr, "lost my keys")
			os.Exit(3)
		}
	case "stubborn":
		signal.Ignore(syscall.SIGTERM)
		fmt.Println("ready")
		time.Sleep(time.Minute)
	case "die":
		fmt.Fprint(os.Stderr, strings.Repeat("x", 3*tailBytes)+"the end")
		os.Exit(1)
	case "print":
		fmt.Println("same 1750 ns\nsecond line")
	case "accept":
		time.Sleep(20 * time.Millisecond) // the caller has to wait for the port
		l, err := net.Listen("tcp4", arg)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		for {
			if c, err := l.Accept(); err == nil {
				c.Close()
			}
		}
	case "parent": // a child in the same group, whose number is the first line
		child := exec.Command(os.Args[0])
		child.Env = append(os.Environ(), "PROCESS_TEST_ROLE=stubborn")
		if err := child.Start(); err != nil {
			panic(err)
		}
		fmt.Println(child.Process.Pid)
		time.Sleep(time.Minute)
	case "orderly": // a parent that ends its child when it is asked to end
		stop := make(chan os.Signal, 1)
		signal.Notify(stop, syscall.SIGTERM)
		child := exec.Command(os.Args[0])
		child.Env = append(os.Environ(), "PROCESS_TEST_ROLE=stubborn")
		if err := child.Start(); err != nil {
			panic(err)
		}
		fmt.Println(child.Process.Pid)
		<-stop
		_ = child.Process.Kill()
	case "parents-runner": // starts an orderly parent and is killed over it
		os.Setenv("PROCESS_TEST_ROLE", "orderly")
		p, err := StartParent([]string{os.Args[0]})
		if err != nil {
			panic(err)
		}
		line, err := p.FirstLine(context.Background(), time.Minute)
		if err != nil {
			panic(err)
		}
		fmt.Println(line)
		time.Sleep(time.Minute)
	case "runner": // starts a program and is killed over it
		os.Setenv("PROCESS_TEST_ROLE", "stubborn")
		p, err := Start([]string{os.Args[0]})
		if err != nil {
			panic(err)
		}
		fmt.Println(p.PID())
		time.Sleep(time.Minute)
	case "burn": // uses user and system time until told to end
		for {
			for i := range 100000 {
				_ = i * i
			}
			_, _ = os.Stat("/proc/self/status")
		}
	default:
		panic("unknown role " + role)
	}
}

func start(t *testing.T, role string) *Process {
	t.Helper()
	t.Setenv("PROCESS_TEST_ROLE", role)
	p, err := Start([]string{os.Args[0]})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Kill)
	return p
}

func firstLine(t *testing.T, p *Process) string {
	t.Helper()
	line, err := p.FirstLine(t.Context(), 10*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	return line
}

func TestStopEndsAServer(t *testing.T) {
	p := start(t, "listen 127.0.0.1:80")
	if got := firstLine(t, p); got != "listening on 127.0.0.1:80" {
		t.Errorf("first line %q", got)
	}
	if err := p.Stop(10 * time.Second); err != nil {
		t.Error(err)
	}
	if alive(p.PID()) {
		t.Error("the process is still there")
	}
}

func TestStopReportsFaults(t *testing.T) {
	for _, c := range []struct {
		role, want string
		grace      time.Duration
	}{
		{"listen fail", "exit status 3; its standard error ends: lost my keys", 10 * time.Second},
		{"stubborn", "did not end within 30ms of SIGTERM and was killed", 30 * time.Millisecond},
	} {
		p := start(t, c.role)
		firstLine(t, p)
		if err := p.Stop(c.grace); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.role, err, c.want)
		}
		if alive(p.PID()) {
			t.Errorf("%s is still there", c.role)
		}
	}
	p := start(t, "print")
	<-p.Ended()
	if err := p.Stop(time.Second); err == nil || !strings.Contains(err.Error(), "ended by itself") {
		t.Errorf("stopping what has ended: %v", err)
	}
}

func TestAProgramThatDies(t *testing.T) {
	p := start(t, "die")
	_, err := p.FirstLine(t.Context(), 10*time.Second)
	if err == nil || !strings.HasSuffix(err.Error(), "the end") || !strings.Contains(err.Error(), "ended before it wrote a line") {
		t.Errorf("error %v", err)
	}
	if err != nil && len(err.Error()) > tailBytes+500 {
		t.Errorf("the error has %d bytes: only the end of standard error is wanted", len(err.Error()))
	}
	if _, err := Start([]string{"/no/such/program"}); err == nil || !strings.Contains(err.Error(), "start /no/such/program") {
		t.Errorf("starting nothing: %v", err)
	}
}

func TestWaitGivesTheOutput(t *testing.T) {
	out, err := start(t, "print").Wait(t.Context())
	if err != nil || out != "same 1750 ns\nsecond line\n" {
		t.Errorf("output %q, %v", out, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	p := start(t, "stubborn")
	if _, err := p.Wait(ctx); err == nil || alive(p.PID()) {
		t.Errorf("a cancelled wait gives %v", err)
	}
}

func TestAccepting(t *testing.T) {
	port, err := FreePort()
	if err != nil {
		t.Fatal(err)
	}
	at := "127.0.0.1:" + strconv.Itoa(port)
	if err := start(t, "accept "+at).Accepting(t.Context(), at, 10*time.Second); err != nil {
		t.Error(err)
	}
	port, err = FreePort()
	if err != nil {
		t.Fatal(err)
	}
	at = "127.0.0.1:" + strconv.Itoa(port)
	if err := start(t, "stubborn").Accepting(t.Context(), at, 50*time.Millisecond); err == nil || !strings.Contains(err.Error(), "did not listen on "+at) {
		t.Errorf("nobody listens: %v", err)
	}
}

func TestChildrenGoWithTheirParent(t *testing.T) {
	p := start(t, "parent")
	child, err := strconv.Atoi(firstLine(t, p))
	if err != nil || !alive(child) {
		t.Fatalf("child %d: %v", child, err)
	}
	if err := p.Stop(5 * time.Second); err != nil {
		t.Error(err)
	}
	gone(t, child)
}

// A runner that is killed cannot clean up: the kernel does.
func TestKilledRunnerLeavesNothing(t *testing.T) {
	for _, role := range []string{"runner", "parents-runner"} {
		t.Run(role, func(t *testing.T) { killRunner(t, role) })
	}
}

func killRunner(t *testing.T, role string) {
	t.Setenv("PROCESS_TEST_ROLE", role)
	cmd := exec.Command(os.Args[0])
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil || !alive(pid) {
		t.Fatalf("program %d: %v", pid, err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	gone(t, pid)
}

// alive reports whether pid runs; a zombie that init has not fetched does not.
func alive(pid int) bool {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	text := string(b)
	state := strings.Fields(text[strings.LastIndexByte(text, ')')+1:])[0]
	return state != "Z" && state != "X"
}

func gone(t *testing.T, pid int) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); alive(pid); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("process %d is still there", pid)
		}
	}
}

// A program runs where it is told to, and the thread that started it goes on
// running where it did.
func TestStartOnACPU(t *testing.T) {
	var all unix.CPUSet
	if err := unix.SchedGetaffinity(0, &all); err != nil {
		t.Fatal(err)
	}
	last := -1
	for cpu := range 1024 {
		if all.IsSet(cpu) {
			last = cpu
		}
	}
	p, err := Start([]string{"sleep", "10"}, last)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Kill()
	var its unix.CPUSet
	if err := unix.SchedGetaffinity(p.PID(), &its); err != nil {
		t.Fatal(err)
	}
	if its.Count() != 1 || !its.IsSet(last) {
		t.Errorf("it may run on %d CPUs", its.Count())
	}
	if _, err := Start([]string{"sleep", "10"}, 1023); err == nil {
		t.Error("a CPU that does not exist was taken")
	}
	free, err := Start([]string{"sleep", "10"})
	if err != nil {
		t.Fatal(err)
	}
	defer free.Kill()
	if err := unix.SchedGetaffinity(free.PID(), &its); err != nil || its != all {
		t.Errorf("a program without a place: %v, %v", its, err)
	}
}
