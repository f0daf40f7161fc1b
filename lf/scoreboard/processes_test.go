package scoreboard

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"lflab/lf/serve"
)

// slotVariable tells the test binary that it is a child, and of which slot.
const slotVariable = "SCOREBOARD_TEST_SLOT"

const (
	childRows  = 4
	childSteps = 20_000
)

func TestMain(m *testing.M) {
	if slot := os.Getenv(slotVariable); slot != "" {
		if err := child(slot); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// child serves childSteps requests on each of its rows of the board, which it
// gets as descriptor 3.
func child(slot string) error {
	n, err := strconv.Atoi(slot)
	if err != nil {
		return err
	}
	b, err := Open(3)
	if err != nil {
		return err
	}
	p := NewPublisher(b.Slot(n))
	p.Publish(serve.Status{Open: 7, AsyncKeepAlive: 5, NotAccepting: true, Counters: map[string]uint64{"promotions": 3, "unheard_of": 9}})
	var threads sync.WaitGroup
	for i := range childRows {
		threads.Go(func() {
			r := b.Row(n, i)
			for step := range childSteps {
				r.Set(serve.State(step%int(serve.Closing)) + 1)
				r.Requests.Add(1)
				r.Bytes.Add(100)
				r.Handoffs.Add(1)
			}
			r.Set(serve.Writing)
		})
	}
	threads.Wait()
	return b.Close()
}

func start(t *testing.T, b *Board, slot int) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), slotVariable+"="+strconv.Itoa(slot))
	cmd.ExtraFiles = []*os.File{b.File()}
	cmd.Stderr = new(bytes.Buffer)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd
}

// TestProcesses checks that the parent and readers read what children write to
// their rows meanwhile: nothing is lost, no counter decreases, and a second
// process of a slot continues the counts of the first.
func TestProcesses(t *testing.T) {
	for _, file := range []string{"", filepath.Join(t.TempDir(), "board")} {
		b := newBoard(t, 3, childRows+1, file)
		path := file
		if path == "" {
			path = fmt.Sprintf("/proc/self/fd/%d", b.File().Fd())
		}
		reader, err := OpenFile(path)
		if err != nil {
			t.Fatal(err)
		}
		defer reader.Close()
		for life := 1; life <= 2; life++ {
			var children []*exec.Cmd
			for slot := range 2 {
				p := b.Seat(slot, childRows, 0)
				c := start(t, b, slot)
				p.PID.Store(int32(c.Process.Pid))
				children = append(children, c)
			}
			stop := make(chan struct{})
			var readers sync.WaitGroup
			for _, by := range []*Board{b, reader} {
				readers.Go(func() {
					for last := uint64(0); ; runtime.Gosched() {
						st := by.Status()
						if st.Requests < last {
							t.Errorf("%d requests, %d before", st.Requests, last)
						}
						last = st.Requests
						if c := by.Summary().Count; c.Busy+c.Idle+c.Graceful > 2*childRows {
							t.Errorf("counts %+v", c)
						}
						select {
						case <-stop:
							return
						default:
						}
					}
				})
			}
			for _, c := range children {
				if err := c.Wait(); err != nil {
					t.Errorf("child: %v: %s", err, c.Stderr)
				}
			}
			close(stop)
			readers.Wait()

			st := reader.Status()
			if want := uint64(life * 2 * childRows * childSteps); st.Requests != want || st.Bytes != 100*want {
				t.Errorf("%d requests, %d bytes; want %d requests", st.Requests, st.Bytes, want)
			}
			if n := st.Counters["promotions"]; n != uint64(life*2*3) || st.Counters["unheard_of"] != 0 {
				t.Errorf("counters %v", st.Counters)
			}
			want := Count{Processes: 2, Busy: 2 * childRows, Connections: 14, KeepAlive: 10}
			if got := reader.Summary().Count; got != want {
				t.Errorf("counts %+v, want %+v", got, want)
			}
			for slot := range 2 {
				b.Clear(slot)
			}
			if got := reader.Summary().Count; got != (Count{}) {
				t.Errorf("after they are gone: %+v", got)
			}
			if st := reader.Status(); st.Scoreboard != strings.Repeat(".", 3*(childRows+1)) || st.Requests == 0 || st.Busy+st.Open != 0 {
				t.Errorf("after they are gone: %+v", st)
			}
		}
		b.Zero()
		if st := reader.Status(); st.Requests+st.Bytes != 0 || len(st.Counters) != 0 {
			t.Errorf("after Zero: %+v", st)
		}
	}
}

// TestReadOnly checks that a reader's memory cannot be written, and that a
// child's can.
func TestReadOnly(t *testing.T) {
	path := filepath.Join(t.TempDir(), "board")
	newBoard(t, 1, 1, path)
	reader, err := OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]int{}
	for line := range strings.Lines(string(maps)) {
		if f := strings.Fields(line); f[len(f)-1] == path {
			got[f[1]]++
		}
	}
	if want := map[string]int{"rw-s": 1, "r--s": 1}; !reflect.DeepEqual(got, want) {
		t.Errorf("mapped %v, want %v", got, want)
	}
}

// TestOpenProcess finds the board of a process by its process ID.
func TestOpenProcess(t *testing.T) {
	if _, err := OpenProcess(os.Getpid()); !errors.Is(err, ErrNoBoard) {
		t.Errorf("without a board: %v", err)
	}
	for _, file := range []string{"", filepath.Join(t.TempDir(), "board")} {
		b := newBoard(t, 2, 2, file)
		b.Header().MPM.Set("leader")
		found, err := OpenProcess(os.Getpid())
		if err != nil {
			t.Fatal(err)
		}
		if found.Header().MPM.String() != "leader" || found.Slots() != 2 || !found.Alive() {
			t.Errorf("found %q, %d slots", found.Header().MPM.String(), found.Slots())
		}
		if err := found.Close(); err != nil {
			t.Error(err)
		}
		if file == "" {
			if err := b.file.Close(); err != nil { // so that the next one is found
				t.Error(err)
			}
			b.file, _ = os.Open(os.DevNull)
		}
	}
	gone := exec.Command("true")
	if err := gone.Run(); err != nil {
		t.Skipf("run true: %v", err)
	}
	if _, err := OpenProcess(gone.Process.Pid); !errors.Is(err, ErrNoProcess) {
		t.Errorf("a process that has ended: %v", err)
	}
}

// TestChildrenCannotMislead checks that the parent reads without error or
// access outside its memory, whatever a child writes.
func TestChildrenCannotMislead(t *testing.T) {
	b := newBoard(t, 2, 2, "")
	b.Seat(1, 2, 0).PID.Store(1)
	h := b.Header()
	h.slots.Store(1 << 40)
	h.rows.Store(1 << 40)
	h.Used.Store(1 << 31)
	h.ServerLimit.Store(1 << 31)
	h.ThreadLimit.Store(1 << 31)
	b.Slot(1).Rows.Store(1 << 31)
	b.Row(1, 0).State.Store(1 << 31)
	if st := b.Status(); st.Scoreboard != "..?." || st.Busy != 1 {
		t.Errorf("board %q, %d busy", st.Scoreboard, st.Busy)
	}
	if c := b.Summary().Count; c.Busy != 1 {
		t.Errorf("%+v", c)
	}
	b.Zero()
	b.Clear(1)
}

// TestSummary checks how a thread is counted, depending on its state and that
// of its process.
func TestSummary(t *testing.T) {
	all := []serve.State{serve.Dead, serve.Starting, serve.Waiting, serve.Leading, serve.Reading, serve.Writing, serve.KeepAlive, serve.Closing}
	tests := []struct {
		name            string
		pid             int32
		generation      uint32
		quiescing, deaf uint32
		want            Count
		letters, marks  string
	}{
		{"none", 0, 5, 0, 0, Count{}, ".S__RWKC", "--FL----"},
		{"works", 9, 5, 0, 0, Count{Processes: 1, Idle: 3, Starting: 1, Busy: 4}, ".S__RWKC", "--FL----"},
		{"takes nothing", 9, 5, 0, 1, Count{Processes: 1, Idle: 3, Starting: 1, Deaf: 3, Busy: 4}, ".S__RWKC", "--FL----"},
		{"finishes", 9, 5, 1, 1, Count{Processes: 1, Stopping: 1, Graceful: 7}, ".GGGGGGG", "--------"},
		{"older", 9, 4, 0, 0, Count{Processes: 1, Stopping: 1, Graceful: 7}, ".GGGGGGG", "--------"},
	}
	b := newBoard(t, len(tests)+1, len(all), "")
	b.Header().Generation.Store(5)
	sum := Summary{Groups: map[uint32]Count{}}
	for slot, tt := range tests {
		p := b.Seat(slot, len(all), tt.generation)
		p.PID.Store(tt.pid)
		p.Quiescing.Store(tt.quiescing)
		p.NotAccepting.Store(tt.deaf)
		p.Group.Store(uint32(slot % 2))
		for i, s := range all {
			b.Row(slot, i).Set(s)
		}
		if got := b.Count(slot); got != tt.want {
			t.Errorf("%s: %+v, want %+v", tt.name, got, tt.want)
		}
		if tt.pid == 0 {
			continue
		}
		sum.add(tt.want)
		group := sum.Groups[uint32(slot%2)]
		group.add(tt.want)
		sum.Groups[uint32(slot%2)] = group
	}
	if got := b.Summary(); !reflect.DeepEqual(got, sum) {
		t.Errorf("%+v, want %+v", got, sum)
	}
	st := b.Status()
	for slot, tt := range tests {
		at, end := slot*len(all), (slot+1)*len(all)
		if st.Scoreboard[at:end] != tt.letters || st.LeaderFollower[at:end] != tt.marks {
			t.Errorf("%s: %s, %s; want %s, %s", tt.name, st.Scoreboard[at:end], st.LeaderFollower[at:end], tt.letters, tt.marks)
		}
	}
	if st.Busy != sum.Busy || st.Idle != sum.Idle || st.Graceful != sum.Graceful || len(st.Processes) != len(tests) {
		t.Errorf("%d busy, %d idle, %d finish, %d processes", st.Busy, st.Idle, st.Graceful, len(st.Processes))
	}
}

// TestText checks that names of any length are kept up to their first 64 bytes.
func TestText(t *testing.T) {
	b := newBoard(t, 1, 1, "")
	for _, s := range []string{"worker", "", "größer", strings.Repeat("x", 64), strings.Repeat("y", 70)} {
		b.Header().Primitive.Set(s)
		if got := b.Header().Primitive.String(); got != s[:min(len(s), 64)] {
			t.Errorf("%q became %q", s, got)
		}
	}
}

// TestCPU checks that the kernel's count of this process's CPU time grows.
func TestCPU(t *testing.T) {
	begin, _ := cpuTime(os.Getpid())
	for end := time.Now().Add(20 * time.Second); ; {
		if now, _ := cpuTime(os.Getpid()); now > begin {
			return
		}
		if time.Now().After(end) {
			t.Fatal("20 s of work are no CPU time")
		}
	}
}

func BenchmarkSummary(b *testing.B) {
	board, err := Create(256, 64, "")
	if err != nil {
		b.Fatal(err)
	}
	defer board.Close()
	for slot := range 256 {
		board.Seat(slot, 64, 0).PID.Store(1)
	}
	b.ReportAllocs()
	for b.Loop() {
		board.Summary()
	}
}
