package probe

import (
	"fmt"

	"github.com/cilium/ebpf/btf"

	"lflab/experiments/probe/bpf"
)

// hook is a kernel tracepoint to which a program is attached.
type hook struct {
	program string
	point   string
	without string // what the probe does not see without it; empty if the probe needs it

	// Whether it is used only where the preemption count cannot be read.
	interrupts bool
}

const notTold = "that an interrupt woke a thread, and takes the interrupted thread for its waker"

var hooks = []hook{
	{program: bpf.ProbeProgForked, point: "sched_process_fork"}, // first, so that it misses no new thread
	{program: bpf.ProbeProgEnded, point: "sched_process_exit"},
	{program: bpf.ProbeProgEnter, point: "sys_enter"},
	{program: bpf.ProbeProgLeave, point: "sys_exit"},
	{program: bpf.ProbeProgWaking, point: "sched_waking"},
	{program: bpf.ProbeProgWakeup, point: "sched_wakeup"},
	{program: bpf.ProbeProgSwitched, point: "sched_switch"},
	{program: bpf.ProbeProgSetState, point: "inet_sock_set_state"},
	{program: bpf.ProbeProgDataReady, point: "sk_data_ready",
		without: "when data became ready (the dispatch latency of a connection's first request begins when it was established, later requests have none)"},
	{program: bpf.ProbeProgReceivedData, point: "sock_recv_length",
		without: "reads at the socket (they are taken from the system calls instead, which costs more)"},
	{program: bpf.ProbeProgSentData, point: "sock_send_length",
		without: "answers (so each read of a connection counts as a request, and a request in several parts as several)"},
	// The ends first, so that each beginning that is seen has its end.
	{program: bpf.ProbeProgSoftirqEnds, point: "softirq_exit", interrupts: true, without: notTold},
	{program: bpf.ProbeProgSoftirqBegins, point: "softirq_entry", interrupts: true, without: notTold},
	{program: bpf.ProbeProgTimerEnds, point: "hrtimer_expire_exit", interrupts: true, without: notTold},
	{program: bpf.ProbeProgTimerBegins, point: "hrtimer_expire_entry", interrupts: true, without: notTold},
	{program: bpf.ProbeProgDeviceEnds, point: "irq_handler_exit", interrupts: true, without: notTold},
	{program: bpf.ProbeProgDeviceBegins, point: "irq_handler_entry", interrupts: true, without: notTold},
}

// points finds the kernel's tracepoints through the kernel's type information.
type points struct{ spec *btf.Spec }

// kernelTypes holds what was read of the kernel's type information, because
// reading it takes longer than loading a program.
var kernelTypes = btf.NewCache()

func kernelPoints() (points, error) {
	spec, err := kernelTypes.Kernel()
	if err != nil {
		return points{}, fmt.Errorf("read the kernel's type information (/sys/kernel/btf/vmlinux): %w (the kernel must be built with CONFIG_DEBUG_INFO_BTF)", err)
	}
	return points{spec}, nil
}

func (p points) has(point string) bool {
	var t *btf.Typedef
	return p.spec.TypeByName("btf_trace_"+point, &t) == nil
}
