package process

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// The test binary also plays the programs that the tests start.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == KeepCommand {
		if err := Keep(); err != nil {
			panic(err)
		}
		return
	}
	role, arg, _ := strings.Cut(os.Getenv("PROCESS_TEST_ROLE"), " ")
	switch role {
	case "":
		os.Exit(m.Run())
	case "listen": // writes a line and ends on SIGTERM, with status 3 if arg is "fail"
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
	case "parent": // its first line is the process id of its child, in the same group
		child := exec.Command(os.Args[0])
		child.Env = append(os.Environ(), "PROCESS_TEST_ROLE=stubborn")
		if err := child.Start(); err != nil {
			panic(err)
		}
		fmt.Println(child.Process.Pid)
		time.Sleep(time.Minute)
	case "daemon": // forks twice; the last process listens on the address arg
		again(arg, "daemon-again "+arg)
	case "daemon-again":
		again(arg, "accept "+arg)
	case "wrapper": // its server runs in a session of its own
		child := exec.Command(os.Args[0])
		child.Env = append(os.Environ(), "PROCESS_TEST_ROLE=accept "+arg)
		child.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
		if err := child.Run(); err != nil {
			panic(err)
		}
	case "storm": // forks all the time, each child into its own session, until killed
		for range 4 {
			go func() {
				for {
					child := exec.Command("sleep", "100")
					child.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
					if err := child.Start(); err != nil {
						time.Sleep(time.Millisecond) // no room for more processes
					}
				}
			}()
		}
		fmt.Println("storming")
		time.Sleep(time.Minute)
	case "runner": // starts a program and waits to be killed
		os.Setenv("PROCESS_TEST_ROLE", arg)
		p, err := StartServer([]string{os.Args[0]})
		if err != nil {
			panic(err)
		}
		_, address, _ := strings.Cut(arg, " ")
		if address == "" {
			if _, err := p.FirstLine(context.Background(), patience); err != nil {
				panic(err)
			}
		} else if err := p.Accepting(context.Background(), address, patience); err != nil {
			panic(err)
		}
		fmt.Println(p.Root())
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

// patience limits the wait for what must come; passing tests wait less.
const patience = time.Minute

// again starts this program in a session of its own and returns once it accepts
// connections on address.
func again(address, role string) {
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), "PROCESS_TEST_ROLE="+role)
	child.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := child.Start(); err != nil {
		panic(err)
	}
	for c, err := net.Dial("tcp", address); ; c, err = net.Dial("tcp", address) {
		if err == nil {
			c.Close()
			return
		}
		time.Sleep(time.Millisecond)
	}
}

// role starts this program in a role with start, which is Start or StartServer.
func role(t *testing.T, role string, start func([]string, ...int) (*Process, error)) *Process {
	t.Helper()
	t.Setenv("PROCESS_TEST_ROLE", role)
	p, err := start([]string{os.Args[0]})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Kill)
	return p
}

func begin(t *testing.T, name string) *Process {
	t.Helper()
	return role(t, name, Start)
}

func firstLine(t *testing.T, p *Process) string {
	t.Helper()
	line, err := p.FirstLine(t.Context(), patience)
	if err != nil {
		t.Fatal(err)
	}
	return line
}

func TestStopEndsAServer(t *testing.T) {
	p := begin(t, "listen 127.0.0.1:80")
	if got := firstLine(t, p); got != "listening on 127.0.0.1:80" {
		t.Errorf("first line %q", got)
	}
	if err := p.Stop(patience); err != nil {
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
		{"listen fail", "exit status 3; its standard error ends: lost my keys", patience},
		{"stubborn", "did not end within 30ms of SIGTERM and was killed", 30 * time.Millisecond}, // it never ends by itself
	} {
		p := begin(t, c.role)
		firstLine(t, p)
		if err := p.Stop(c.grace); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.role, err, c.want)
		}
		if alive(p.PID()) {
			t.Errorf("%s is still there", c.role)
		}
	}
	p := begin(t, "print")
	<-p.Ended()
	if err := p.Stop(time.Second); err == nil || !strings.Contains(err.Error(), "ended by itself (exit status 0)") {
		t.Errorf("stopping what has ended: %v", err)
	}
}

func TestAProgramThatDies(t *testing.T) {
	p := begin(t, "die")
	_, err := p.FirstLine(t.Context(), patience)
	if err == nil || !strings.HasSuffix(err.Error(), "the end") || !strings.Contains(err.Error(), "ended (exit status 1) before it wrote a line") {
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
	out, err := begin(t, "print").Wait(t.Context())
	if err != nil || out != "same 1750 ns\nsecond line\n" {
		t.Errorf("output %q, %v", out, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	p := begin(t, "stubborn")
	if _, err := p.Wait(ctx); err == nil || alive(p.PID()) {
		t.Errorf("a cancelled wait gives %v", err)
	}
}

func TestAccepting(t *testing.T) {
	at := freeAddress(t)
	if err := begin(t, "accept "+at).Accepting(t.Context(), at, patience); err != nil {
		t.Error(err)
	}
	at = freeAddress(t)
	if err := begin(t, "stubborn").Accepting(t.Context(), at, 50*time.Millisecond); err == nil || !strings.Contains(err.Error(), "was started but does not listen on "+at+" after 50ms; it listens on no TCP port") {
		t.Errorf("nobody listens: %v", err)
	}
}

func TestChildrenGoWithTheirParent(t *testing.T) {
	p := begin(t, "parent")
	child, err := strconv.Atoi(firstLine(t, p))
	if err != nil || !alive(child) {
		t.Fatalf("child %d: %v", child, err)
	}
	if err := p.Stop(patience); err != nil {
		t.Error(err)
	}
	gone(t, child)
}

// All that a program leaves behind ends with it, in any session or group.
func TestNothingIsLeft(t *testing.T) {
	for _, how := range []string{"daemon", "wrapper"} {
		for _, end := range []string{"stop", "kill"} {
			t.Run(how+" "+end, func(t *testing.T) {
				at := freeAddress(t)
				p := role(t, how+" "+at, StartServer)
				if err := p.Accepting(t.Context(), at, patience); err != nil {
					t.Fatal(err)
				}
				m := NewMeter(p.Root())
				if err := m.Settle(t.Context(), patience); err != nil || len(m.pids) == 0 {
					t.Fatalf("%v: %v", m.pids, err)
				}
				if u, err := m.Sample(); err != nil || u.CPU() <= 0 {
					t.Errorf("it used %v (%v)", u.CPU(), err)
				}
				pids := slices.Clone(m.pids)
				if end == "kill" {
					p.Kill()
				} else if err := p.Stop(patience); err != nil {
					t.Error(err)
				}
				for _, pid := range pids {
					if alive(pid) {
						t.Errorf("process %d is left", pid)
					}
				}
			})
		}
	}
}

// Kill also ends a program that forks faster than anyone can list.
func TestForkStorm(t *testing.T) {
	p := begin(t, "storm")
	firstLine(t, p)
	p.Kill()
	if len(p.left) > 0 {
		t.Fatalf("%v are left", p.left)
	}
	members, err := (&tree{proc: os.DirFS("/proc"), root: p.Root()}).members()
	if err != nil || len(members) > 0 {
		t.Errorf("%v, %v", members, err)
	}
}

// Accepting does not take a server that was there before for the program.
func TestSomebodyElseListens(t *testing.T) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	want := fmt.Sprintf("is not who listens on %s: process %d (", l.Addr(), os.Getpid())
	if err := begin(t, "stubborn").Accepting(t.Context(), l.Addr().String(), patience); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%v, want %q", err, want)
	}
}

// The error names the address on which the program does listen.
func TestListensElsewhere(t *testing.T) {
	at, other := freeAddress(t), freeAddress(t)
	p := role(t, "accept "+other, StartServer)
	if err := p.Accepting(t.Context(), other, patience); err != nil {
		t.Fatal(err)
	}
	if err := p.Accepting(t.Context(), at, time.Millisecond); err == nil || !strings.Contains(err.Error(), "it listens on "+other) {
		t.Errorf("%v, want %s", err, other)
	}
}

func TestWhyAProgramDoesNotStart(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for path, want := range map[string]string{
		filepath.Join(dir, "none"):           "there is no such program",
		"no-such-program-anywhere":           "there is no such program on PATH",
		write("plain", "#!/bin/sh\n", 0o644): "it may not be executed: permission denied (chmod +x",
		dir:                                  "it may not be executed",
		write("script", "#!/no/such/shell -x\n", 0o755): `its first line asks for "/no/such/shell", which is not there`,
		write("text", "hello\n", 0o755):                 "exec format error (a script needs a first line",
	} {
		if p, err := Start([]string{path}); err == nil || !strings.Contains(err.Error(), "start "+path+": ") || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", path, err, want)
			if p != nil {
				p.Kill()
			}
		}
	}
}

// One keeper serves many programs in turn, if they inherit the same.
func TestKeepersAreUsedAgain(t *testing.T) {
	first := begin(t, "print")
	<-first.Ended()
	second := begin(t, "print")
	if <-second.Ended(); first.Root() != second.Root() {
		t.Errorf("keepers %d and %d", first.Root(), second.Root())
	}
	t.Chdir(t.TempDir())
	if third := begin(t, "stubborn"); third.Root() == first.Root() {
		t.Error("a program was started in a directory that this one has left")
	}
}

// A killed runner cannot clean up: its keepers do.
func TestKilledRunnerLeavesNothing(t *testing.T) {
	for _, what := range []string{"stubborn", "parent", "daemon", "wrapper"} {
		t.Run(what, func(t *testing.T) {
			if what == "daemon" || what == "wrapper" {
				what += " " + freeAddress(t)
			}
			killRunner(t, what)
		})
	}
}

func killRunner(t *testing.T, what string) {
	t.Setenv("PROCESS_TEST_ROLE", "runner "+what)
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
	root, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		t.Fatal(err)
	}
	members, err := (&tree{proc: os.DirFS("/proc"), root: root}).members()
	if err != nil || len(members) == 0 {
		t.Fatalf("%v, %v", members, err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed
	for pid := range members {
		gone(t, pid)
	}
	gone(t, root)
}

func freeAddress(t *testing.T) string {
	t.Helper()
	port, err := FreePort()
	if err != nil {
		t.Fatal(err)
	}
	return "127.0.0.1:" + strconv.Itoa(port)
}

// alive reports whether pid runs. A zombie does not.
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
	for deadline := time.Now().Add(patience); alive(pid); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("process %d is still there", pid)
		}
	}
}

// A program runs on the CPU it is given; its starter keeps its own CPUs.
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

// TestHeldProgramWaits: a held program has done nothing until it is let go, and
// one that is asked to end, or killed, while it is held ends.
func TestHeldProgramWaits(t *testing.T) {
	file := filepath.Join(t.TempDir(), "ran")
	held := func() *Process {
		p, err := StartHeld([]string{"sh", "-c", "echo x >" + file + "; echo ran; exec sleep 60"})
		if err != nil {
			t.Fatal(err)
		}
		state, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.PID()))
		if err != nil || !strings.Contains(string(state), ") t ") {
			t.Fatalf("the state is %q, %v, want t (stopped by its tracer)", state, err)
		}
		return p
	}
	p := held()
	p.Kill()
	<-p.Ended()
	p = held()
	if err := p.Stop(time.Minute); err != nil {
		t.Errorf("asked to end: %v", err)
	}
	if _, err := os.Stat(file); err == nil {
		t.Error("a held program has run")
	}
	p = held()
	p.Go()
	p.Go() // has no effect
	if line, err := p.FirstLine(t.Context(), time.Minute); line != "ran" {
		t.Errorf("it says %q, %v", line, err)
	}
	p.Kill()
	<-p.Ended()
}
