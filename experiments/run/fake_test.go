package run

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"lflab/experiments/machine"
	"lflab/experiments/run/process"
	"lflab/experiments/suite"
	"lflab/sync/futex"
)

// The test binary also runs as the server that trials measure, as another
// project's server, as a command that prints a figure, and as a runner that
// gets killed.
func TestMain(m *testing.M) {
	role := ""
	if len(os.Args) > 1 {
		role = os.Args[1]
	}
	if role != "handoff" && role != SpinnerCommand && role != process.KeepCommand && !strings.HasPrefix(role, "fake-") {
		sideBySide()
		calibrate = quickCalibration
		os.Exit(m.Run())
	}
	calibrate = quickCalibration
	switch args := os.Args[2:]; role {
	case "handoff":
		fmt.Printf("%s %s: 2500 ns one way mean, p50 1800 ns, p90 2600 ns, p99 9000 ns\n", args[1], args[3])
	case process.KeepCommand:
		if err := process.Keep(); err != nil {
			panic(err)
		}
	case SpinnerCommand:
		announce()
		panic(machine.SpinIdle(func() { fmt.Println("spinning") }))
	case "fake-serve":
		fakeServe(args)
	case "fake-other":
		fakeOther(args[0])
	case "fake-figure":
		fmt.Printf("%s %d ns one way mean, p50 1700 ns\n", args[0], 1000+len(args[1]))
	case "fake-configured":
		fakeConfigured(args[0])
	case "fake-spin":
		announce()
		fmt.Println("spinning")
		for turns := 0; ; turns++ {
		}
	case "fake-pingpong":
		fakePingPong()
	case "fake-runner":
		fakeRunner(args[0], args[1], args[2:])
	}
}

var calibrations atomic.Int64

// quickCalibration counts the calibrations, because real ones take a second.
func quickCalibration() machine.Calibration {
	return machine.Calibration{At: time.Now(), SyscallNs: float64(calibrations.Add(1))}
}

// sideBySide runs more tests in parallel than there are processors, because
// they wait for processes more than they compute. The flag -parallel overrides
// it.
func sideBySide() {
	flag.Parse()
	if slices.ContainsFunc(os.Args, func(arg string) bool { return strings.HasPrefix(arg, "-test.parallel") }) {
		return
	}
	if err := flag.Set("test.parallel", "6"); err != nil {
		panic(err)
	}
}

// announce writes this process's id to the directory that the test checks.
func announce() { announceIn(os.Getenv("FAKE_PIDS")) }

func announceIn(dir string) {
	if dir != "" {
		if err := os.WriteFile(filepath.Join(dir, strconv.Itoa(os.Getpid())), nil, 0o600); err != nil {
			panic(err)
		}
	}
}

// fakeServe follows the contract of `lflab serve --lab`.
func fakeServe(args []string) {
	flags := map[string]string{}
	for _, a := range args {
		name, value, _ := strings.Cut(strings.TrimPrefix(a, "--"), "=")
		flags[name] = value
	}
	announceIn(cmp.Or(flags["pids"], os.Getenv("FAKE_PIDS")))
	switch flags["mpm"] {
	case "refuses":
		fmt.Fprintln(os.Stderr, "refuses: no such mpm")
		os.Exit(2)
	case "mumbles":
		fmt.Println("good morning")
	}
	l, err := net.Listen("tcp4", flags["listen"])
	if err != nil {
		panic(err)
	}
	// Package os tests once, with a short-lived process, whether pidfds work.
	// Do it now, before anyone counts processes.
	if _, err := os.FindProcess(os.Getpid()); err != nil {
		panic(err)
	}
	var requests atomic.Uint64
	var stall sync.RWMutex
	var stamps sync.Map // of CLOCK_MONOTONIC, by request
	mux := http.NewServeMux()
	mux.HandleFunc("/hello", func(w http.ResponseWriter, r *http.Request) {
		n := requests.Add(1)
		at, _ := machine.Clocks()
		stamps.Store(n, at)
		switch {
		case flags["mpm"] == "grows" && n == 1:
			growOnce()
		case flags["mpm"] == "dies" && n > 20:
			fmt.Fprintln(os.Stderr, "dies: out of luck")
			os.Exit(4)
		case flags["mpm"] == "slams" && n%100 == 0:
			if conn, _, err := w.(http.Hijacker).Hijack(); err == nil {
				_ = conn.Close()
			}
			return
		case flags["mpm"] == "late" && n%50 == 0:
			time.Sleep(time.Second) // long after the grace
		case flags["mpm"] == "stalls":
			stall.RLock()
			defer stall.RUnlock()
		case flags["mpm"] == "errs" && n%4 == 0:
			http.Error(w, "no", http.StatusInternalServerError)
			return
		}
		fmt.Fprint(w, "Hello, World!")
	})
	status := func() string {
		return fmt.Sprintf("ServerMPM: x\nTotal Accesses: %d\nBusyWorkers: 3\nIdleWorkers: 5\nwakes_issued: %d\nconnections_open: 5\n", requests.Load(), 2*requests.Load())
	}
	takes := 0
	asked := fakeSnapshots(func() any {
		// The first snapshot is taken as the measured time begins. Stall then,
		// and as it ends.
		if takes++; flags["mpm"] == "stalls" && takes%2 == 1 {
			go func() {
				stallFor5ms(&stall)
				time.Sleep(sabotagedFor - 8*time.Millisecond)
				stallFor5ms(&stall)
			}()
		}
		n := requests.Load()
		return map[string]any{"heap_before": 1000 + 3*n, "heap_after": 1000 + 3*n, "served_by": []uint64{n / 4, 0, n - n/4}, "status": status()}
	})
	mux.HandleFunc("/lab/counters", func(w http.ResponseWriter, r *http.Request) { fmt.Fprintf(w, `{"snapshots": %q}`, asked) })
	mux.HandleFunc("/busy", func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(time.Millisecond) // a handler that blocks
		fmt.Fprint(w, "done")
	})
	mux.Handle("/files/", http.StripPrefix("/files/", http.FileServer(http.Dir(flags["docroot"]))))
	mux.HandleFunc("/server-status", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, status())
	})
	var recording bool
	mux.HandleFunc("/lab/flight", func(w http.ResponseWriter, r *http.Request) {
		if r.FormValue("record") == "on" {
			recording = true
			fmt.Fprint(w, "{}")
			return
		}
		if !recording {
			http.Error(w, "nothing was recorded", http.StatusConflict)
			return
		}
		h := hdrhistogram.New(1, 60e9, 3)
		for i := range int64(1000) {
			if err := h.RecordValue(5000 + i); err != nil {
				panic(err)
			}
		}
		text, err := h.Encode(hdrhistogram.V2CompressedEncodingCookieBase)
		if err != nil {
			panic(err)
		}
		from, _ := strconv.ParseInt(r.FormValue("from"), 10, 64)
		to, _ := strconv.ParseInt(r.FormValue("to"), 10, 64)
		dispatched := hdrhistogram.New(1, 60e9, 3)
		stamps.Range(func(_, stamp any) bool {
			if at := stamp.(int64); flags["mpm"] == "warm" || from <= at && at < to {
				if err := dispatched.RecordValue(100); err != nil {
					panic(err)
				}
			}
			return true
		})
		d, err := dispatched.Encode(hdrhistogram.V2CompressedEncodingCookieBase)
		if err != nil {
			panic(err)
		}
		overwritten := 0
		if flags["mpm"] == "forgets" {
			overwritten = 100
		}
		if err := json.NewEncoder(w).Encode(map[string]any{"H": string(text), "D": string(d), "unmatched": 2, "overwritten": overwritten}); err != nil {
			panic(err)
		}
	})
	fmt.Printf("listening on %s\n", l.Addr())
	server := &http.Server{Handler: mux}
	if flags["mpm"] == "tidies" {
		server.IdleTimeout = 20 * time.Millisecond
	}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	go func() {
		<-stop
		if flags["mpm"] == "stays" {
			return
		}
		_ = server.Close()
	}()
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		panic(err)
	}
}

// fakeSnapshots follows the contract of a server's socket for snapshots and
// returns its name.
func fakeSnapshots(read func() any) (name string) {
	name = fmt.Sprint("@lflab-fake-", os.Getpid())
	l, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Net: "unixgram", Name: name})
	if err != nil {
		panic(err)
	}
	go func() {
		taken := []any{}
		message := make([]byte, 16)
		for {
			n, from, err := l.ReadFromUnix(message)
			switch {
			case err != nil:
				panic(err)
			case string(message[:n]) == "take":
				taken = append(taken, read())
			default:
				text, err := json.Marshal(taken)
				if err != nil {
					panic(err)
				}
				_, _ = l.WriteToUnix(text, from) // the runner may be gone
				taken = taken[:0]
			}
		}
	}()
	return name
}

func stallFor5ms(m *sync.RWMutex) {
	m.Lock()
	time.Sleep(5 * time.Millisecond)
	m.Unlock()
}

// growOnce starts two processes that end by themselves after about 1 s.
func growOnce() {
	for range 2 {
		cmd := exec.Command("sleep", "1")
		if err := cmd.Start(); err != nil {
			panic(err)
		}
		go func() { _ = cmd.Wait() }()
	}
}

// fakePingPong makes two threads wake each other for at least 1 s, and on a
// busy machine until they have used 0.5 s of CPU time, because whatever watches
// it is delayed as much.
func fakePingPong() {
	var words [2]atomic.Uint32
	pass := func(to int) {
		words[to].Store(1)
		futex.Wake(&words[to], 1)
	}
	await := func(me int) {
		for words[me].Load() == 0 {
			_ = futex.Wait(&words[me], 0)
		}
		words[me].Store(0)
	}
	began := time.Now()
	go func() {
		runtime.LockOSThread()
		for {
			await(1)
			pass(0)
		}
	}()
	runtime.LockOSThread()
	rounds := 0
	used := func() time.Duration {
		var u syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
			panic(err)
		}
		return time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	for ; time.Since(began) < time.Second || used() < time.Second/2; rounds++ {
		pass(1)
		await(0)
	}
	fmt.Printf("%d ns one way\n", time.Since(began).Nanoseconds()/int64(2*rounds))
}

// fakeOther is a server that knows only its port.
func fakeOther(port string) {
	announce()
	panic(http.ListenAndServe("127.0.0.1:"+port, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "Hello, World!") })))
}

// fakeRunner does the work of `lflab run`: "new SUITE" or "resume DIR".
//
// $FAKE_FSIZE limits the size of its files in bytes, as a full disk would.
func fakeRunner(how, what string, rest []string) {
	if size, err := strconv.ParseUint(os.Getenv("FAKE_FSIZE"), 10, 64); err == nil {
		signal.Ignore(syscall.SIGXFSZ) // makes writes fail instead
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: size, Max: size}); err != nil {
			panic(err)
		}
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT)
	defer stop()
	var x *Experiment
	var err error
	if how == "new" {
		var s *suite.Suite
		if s, err = suite.Open(what); err == nil {
			x, err = New(s, Options{Dir: rest[0], Seed: 7, Only: rest[1:], NoMakeups: true, Serve: fakeServer()})
		}
	} else {
		x, err = Resume(what, Options{NoMakeups: true, Serve: fakeServer()})
	}
	if err == nil {
		defer x.Close()
		_, err = x.Run(ctx)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// fakeCommand returns the command of the server in the test's trials.
func fakeCommand(t *testing.T) []string {
	if dir, ok := announced.Load(t.Name()); ok {
		return append(fakeServer(), fmt.Sprint("--pids=", dir))
	}
	return fakeServer()
}

func fakeServer() []string { return []string{os.Args[0], "fake-serve"} }

// writeSuite writes a suite to a file and returns its path.
func writeSuite(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "small.toml")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

const smallPhases = `
[[phase]]
name = "closed"
connections = 4
warmup = "5ms"
duration = "30ms"
[[phase]]
name = "open"
connections = 4
rate = { close = 400, keepalive = 800 }
warmup = "5ms"
duration = "50ms"
flight = true
`

const smallSuite = `
title = "Small"
question = "Does the runner run?"
repeat = 2
[axes]
mpm = ["one", "two"]
mode = ["close", "keepalive"]
[server]
threads = 3
` + smallPhases

func openSuite(t *testing.T, text string) *suite.Suite {
	t.Helper()
	s, err := suite.Open(writeSuite(t, text))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// announced holds the directory of each test's fakes, by test name.
var announced sync.Map

// pids makes the directory in which a test's fakes announce themselves;
// fakeCommand and runnerEnv pass it on. It returns their count and a check that
// none of them still runs.
func pids(t *testing.T) (count func() int, noneLeft func()) {
	t.Helper()
	dir := t.TempDir()
	announced.Store(t.Name(), dir)
	t.Cleanup(func() { announced.Delete(t.Name()) })
	return listed(t, dir)
}

// allPids is pids for every process of a test; the test cannot run in parallel.
func allPids(t *testing.T) (count func() int, noneLeft func()) {
	t.Helper()
	dir := t.TempDir()
	t.Setenv("FAKE_PIDS", dir)
	return listed(t, dir)
}

// runnerEnv returns the environment of the test's fake runners.
func runnerEnv(t *testing.T, more ...string) []string {
	env := append(os.Environ(), more...)
	if dir, ok := announced.Load(t.Name()); ok {
		env = append(env, fmt.Sprint("FAKE_PIDS=", dir))
	}
	return env
}

func listed(t *testing.T, dir string) (count func() int, noneLeft func()) {
	list := func() []string {
		files, err := filepath.Glob(filepath.Join(dir, "*"))
		if err != nil {
			t.Fatal(err)
		}
		return files
	}
	return func() int { return len(list()) }, func() {
		t.Helper()
		for _, f := range list() {
			pid, err := strconv.Atoi(filepath.Base(f))
			if err != nil {
				t.Fatal(err)
			}
			for deadline := time.Now().Add(10 * time.Second); running(pid); time.Sleep(time.Millisecond) {
				if time.Now().After(deadline) {
					t.Fatalf("server %d was left behind", pid)
				}
			}
		}
	}
}

// running reports whether pid is a process of this binary and no zombie.
func running(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	cmd, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	state := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))[0]
	return err == nil && state != "Z" && state != "X" && strings.Contains(string(cmd), "fake-")
}
