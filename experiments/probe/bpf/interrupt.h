/* Whether a program runs in an interrupt. Then the current thread is not the
 * one that acts. */
#ifndef LFLAB_INTERRUPT_H
#define LFLAB_INTERRUPT_H

#include "state.h"

/* Parts of the preemption count, from <linux/preempt.h>: nested handlers of soft
 * interrupts, interrupts, and those that cannot be masked. Soft interrupts that
 * are only off, as while a thread sends on a socket, count twice in the next bit. */
#define IN_INTERRUPT (0xff << 16 | 1 << 8)

/* Go replaces this number by the address of the variable of this CPU. */
#define PREEMPT_COUNT "0x6c666c61625f7063"

/* How many handlers of interrupts run on this CPU, one in the other, if the
 * preemption count cannot be read. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} handlers SEC(".maps");

static __always_inline int handler_begins(void)
{
	__u32 zero = 0, *n = bpf_map_lookup_elem(&handlers, &zero);

	if (n)
		(*n)++;
	return 0;
}

/* One that began before the probe is not counted. */
static __always_inline int handler_ends(void)
{
	__u32 zero = 0, *n = bpf_map_lookup_elem(&handlers, &zero);

	if (n && *n)
		(*n)--;
	return 0;
}

SEC("tp_btf/softirq_entry")
int BPF_PROG(softirq_begins) { return handler_begins(); }

SEC("tp_btf/softirq_exit")
int BPF_PROG(softirq_ends) { return handler_ends(); }

SEC("tp_btf/hrtimer_expire_entry")
int BPF_PROG(timer_begins) { return handler_begins(); }

SEC("tp_btf/hrtimer_expire_exit")
int BPF_PROG(timer_ends) { return handler_ends(); }

SEC("tp_btf/irq_handler_entry")
int BPF_PROG(device_begins) { return handler_begins(); }

SEC("tp_btf/irq_handler_exit")
int BPF_PROG(device_ends) { return handler_ends(); }

static __always_inline bool interrupted(struct task_struct *current)
{
	struct task_struct___arm64 *arm = (void *)current;
	const void *base;
	__u32 count = 0, zero = 0, *n;

	if (preempt_form == PREEMPT_TRACED) {
		n = bpf_map_lookup_elem(&handlers, &zero);
		return n && *n;
	}
	if (preempt_form == PREEMPT_THREAD) {
		if (bpf_core_field_exists(arm->thread_info.preempt_count))
			count = BPF_CORE_READ(arm, thread_info.preempt_count);
	} else {
		asm volatile("%0 = " PREEMPT_COUNT " ll" : "=r"(base));
		base = bpf_this_cpu_ptr(base);
		bpf_probe_read_kernel(&count, sizeof(count), base + preempt_offset);
	}
	return count & IN_INTERRUPT;
}

#endif
