/* Log-linear histograms: 16 buckets for each power of two, so that a bucket is
 * at most 6.25 % wide. A bucket is identified by its lower bound, which belongs to
 * it. ../histogram.go has the same arithmetic, and a test compares the
 * two. */
#ifndef LFLAB_HISTOGRAM_H
#define LFLAB_HISTOGRAM_H

#include "kernel.h"
#include "stages.h"

#define SUB_BITS 4
#define SUB (1 << SUB_BITS)
#define BUCKETS 496 /* 1 ns to 16 s; the last one also holds longer times */

/* Set while the measurement lasts. The state of threads and connections is
 * also maintained before, so that it is correct from the start. */
volatile bool recording;

struct histogram {
	__u64 count;
	__u64 sum;
	__u64 min;
	__u64 max;
	__u32 buckets[BUCKETS];
};
const struct histogram *unused_histogram __attribute__((unused));

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, STAGES * PLACEMENTS);
	__type(key, __u32);
	__type(value, struct histogram);
} histograms SEC(".maps");

static __always_inline __u32 log2_of(__u64 v)
{
	__u32 r, shift;

	r = (v > 0xffffffff) << 5;
	v >>= r;
	shift = (v > 0xffff) << 4;
	v >>= shift;
	r |= shift;
	shift = (v > 0xff) << 3;
	v >>= shift;
	r |= shift;
	shift = (v > 0xf) << 2;
	v >>= shift;
	r |= shift;
	shift = (v > 0x3) << 1;
	v >>= shift;
	r |= shift;
	return r | (v >> 1);
}

static __always_inline __u32 bucket_of(__u64 ns)
{
	__u32 exponent, bucket;

	if (ns < SUB)
		return ns;
	exponent = log2_of(ns);
	bucket = (exponent - SUB_BITS + 1) * SUB + ((ns >> (exponent - SUB_BITS)) & (SUB - 1));
	return bucket < BUCKETS ? bucket : BUCKETS - 1;
}

/* The additions need not be atomic: a map slot belongs to one CPU, and a stage to
 * one program, which the kernel does not enter twice on a CPU. Not inlined, because
 * it is used often, and not static, because the verifier then checks it once and
 * not on each path to each call, which would take a second. */
__noinline int observe(__u32 stage, __u32 placement, __u64 ns)
{
	__u32 key = stage * PLACEMENTS + placement, bucket;
	struct histogram *h;

	if (!recording)
		return 0;
	h = bpf_map_lookup_elem(&histograms, &key);
	if (!h)
		return 0;
	if (!h->count || ns < h->min)
		h->min = ns;
	if (ns > h->max)
		h->max = ns;
	h->count++;
	h->sum += ns;
	bucket = bucket_of(ns);
	barrier_var(bucket); /* the compiler knows its range, the verifier does not */
	if (bucket < BUCKETS)
		h->buckets[bucket]++;
	return 0;
}

#endif
