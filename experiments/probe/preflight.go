package probe

import (
	"fmt"
	"io"
	"os"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/link"
	"golang.org/x/sys/unix"

	"lflab/experiments/probe/bpf"
)

// HookState is the result of trying one thing that the probe needs from the
// kernel.
type HookState struct {
	Point    string // the name of a tracepoint or of another feature
	Needed   bool   // the probe cannot work without it
	Err      error  // nil if it works
	Sentence string // its use, or what is missing and what to do
}

// Check returns nil if the probe can run here, or an error that says what is
// missing and what to do. It takes about 30 ms. It loads and attaches one empty
// program for a moment.
func Check() error {
	kernel, err := kernelPoints()
	if err != nil {
		return explain("check the kernel", err)
	}
	for _, h := range hooks {
		if h.without == "" && !kernel.has(h.point) {
			return explain("check the kernel", fmt.Errorf("tracepoint %s: %w", h.point, ebpf.ErrNotSupported))
		}
	}
	// This tracepoint is hit least often, so attaching to it disturbs nothing.
	if err := tryTracepoint("sched_process_exit"); err != nil {
		return explain("attach a kernel program", err)
	}
	return explain("keep state of a thread", tryMap(bpf.ProbeMapThreads))
}

// Hooks tries each hook and each other kernel feature that the probe uses, by
// loading and attaching an empty program for a moment. It takes about a second,
// mostly for the kernel to verify the programs. Meanwhile all system calls of
// the machine are slightly slower.
func Hooks() []HookState {
	return append(tryHooks(hooks), tryFeatures()...)
}

func tryHooks(hooks []hook) []HookState {
	var states []HookState
	for _, h := range hooks {
		s := HookState{Point: h.point, Needed: h.without == "", Sentence: tells[h.point]}
		if err := tryTracepoint(h.point); err != nil {
			s.Err = explain("tracepoint "+h.point, err)
			s.Sentence = s.Err.Error()
			if !s.Needed {
				s.Sentence += "; without it the probe does not see " + h.without
			}
		}
		states = append(states, s)
	}
	return states
}

// tells gives the use of each tracepoint.
var tells = map[string]string{
	"sched_process_fork":  "new threads and child processes are followed from their beginning",
	"sched_process_exit":  "threads that end are forgotten",
	"sys_enter":           "when a thread begins to wait, and when it wakes another",
	"sys_exit":            "when such a call returns",
	"sched_waking":        "who wakes whom, and when",
	"sched_wakeup":        "when the woken thread is on a run queue",
	"sched_switch":        "when it is on a CPU",
	"inet_sock_set_state": "when a connection is established and closed",
	"sk_data_ready":       "when data is ready to be read",
	"sock_recv_length":    "when it has been read, and by which thread",
	"sock_send_length":    "when it has been answered, after which the next request begins",

	"softirq_exit":         "wake-ups by interrupts, where the preemption count cannot be read",
	"softirq_entry":        "wake-ups by interrupts, where the preemption count cannot be read",
	"hrtimer_expire_exit":  "wake-ups by timers, where the preemption count cannot be read",
	"hrtimer_expire_entry": "wake-ups by timers, where the preemption count cannot be read",
	"irq_handler_exit":     "wake-ups by devices, where the preemption count cannot be read",
	"irq_handler_entry":    "wake-ups by devices, where the preemption count cannot be read",
}

func tryFeatures() []HookState {
	features := []struct {
		point  string
		try    func() error
		needs  []capability
		tells  string
		needed bool
		lost   string // what is lost without it, if it is not needed
	}{
		{point: "task storage", try: func() error { return tryMap(bpf.ProbeMapThreads) }, needs: needed, needed: true,
			tells: "the kernel keeps each thread's state"},
		{point: "histograms", try: func() error { return tryMap(bpf.ProbeMapHistograms) }, needs: needed, needed: true,
			tells: "stages are counted in the kernel, separately on each CPU"},
		{point: "ring buffer", try: func() error { return tryMap(bpf.ProbeMapRing) }, needs: needed, needed: true,
			tells: "single records can be written by --raw and --trace"},
		{point: "iter/task", try: tryIterator, needs: needed, needed: true,
			tells: "the probe finds threads that already run"},
		{point: "programs", try: tryPrograms, needs: needed, needed: true,
			tells: "the kernel accepts the probe's own programs"},
		{point: "run-time stats", try: tryStats, needs: []capability{capSysAdmin},
			tells: "the probe's own cost is measured", lost: "only the probe's own cost is not measured"},
		{point: "fentry", try: tryFunction, needs: needed,
			tells: "functions could be traced; the probe uses tracepoints", lost: "no loss, because the probe uses tracepoints"},
	}
	var states []HookState
	for _, f := range features {
		s := HookState{Point: f.point, Needed: f.needed, Sentence: f.tells}
		if err := f.try(); err != nil {
			s.Err = lookAround(os.DirFS("/")).explain(f.point, err, f.needs)
			s.Sentence = s.Err.Error()
			if f.lost != "" {
				s.Sentence += "; " + f.lost
			}
		}
		states = append(states, s)
	}
	return states
}

// empty loads a program that returns 0.
func empty(at ebpf.AttachType, to string) (*ebpf.Program, error) {
	return small(at, to, asm.Mov.Imm(asm.R0, 0), asm.Return())
}

// small loads a program of a few instructions.
func small(at ebpf.AttachType, to string, instructions ...asm.Instruction) (*ebpf.Program, error) {
	const name = "lflab_try"
	coll, err := ebpf.NewCollectionWithOptions(&ebpf.CollectionSpec{Programs: map[string]*ebpf.ProgramSpec{name: {
		Name: name, Type: ebpf.Tracing, AttachType: at, AttachTo: to, License: "Dual MIT/GPL", Instructions: instructions,
	}}}, ebpf.CollectionOptions{Cache: kernelTypes})
	if err != nil {
		return nil, err
	}
	defer coll.Close()
	return coll.DetachProgram(name), nil
}

func tryTracing(at ebpf.AttachType, to string) error {
	program, err := empty(at, to)
	if err != nil {
		return err
	}
	defer program.Close()
	l, err := link.AttachTracing(link.TracingOptions{Program: program})
	if err != nil {
		return err
	}
	return l.Close()
}

func tryTracepoint(point string) error { return tryTracing(ebpf.AttachTraceRawTp, point) }

// tryFunction traces a function that the kernel calls when it executes a
// program.
func tryFunction() error { return tryTracing(ebpf.AttachTraceFEntry, "begin_new_exec") }

func tryIterator() error {
	program, err := empty(ebpf.AttachTraceIter, "task")
	if err != nil {
		return err
	}
	defer program.Close()
	l, err := link.AttachIter(link.IterOptions{Program: program})
	if err != nil {
		return err
	}
	defer l.Close()
	run, err := l.Open()
	if err != nil {
		return err
	}
	defer run.Close()
	_, err = io.Copy(io.Discard, run)
	return err
}

// tryMap makes one of the probe's maps, in its real size.
func tryMap(name string) error {
	spec, err := bpf.LoadProbe()
	if err != nil {
		return err
	}
	m, err := ebpf.NewMap(spec.Maps[name])
	if err != nil {
		return err
	}
	return m.Close()
}

func tryPrograms() error {
	p := &Probe{}
	defer p.Close()
	return p.load(Options{})
}

func tryStats() error {
	stats, err := ebpf.EnableStats(unix.BPF_STATS_RUN_TIME)
	if err != nil {
		return err
	}
	return stats.Close()
}
