package probe

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestBuckets checks that buckets follow each other without holes, that each
// begins at its lower bound, and that its width is at most a sixteenth of that
// bound.
func TestBuckets(t *testing.T) {
	for b := range buckets {
		from, to := lower(b), lower(b+1)
		if from >= to {
			t.Fatalf("bucket %d goes from %d to %d", b, from, to)
		}
		if bucketOf(from) != b || bucketOf(to-1) != b {
			t.Errorf("bucket %d goes from %d to %d, but these are in %d and %d", b, from, to-1, bucketOf(from), bucketOf(to-1))
		}
		if b+1 < buckets && bucketOf(to) != b+1 {
			t.Errorf("%d ns are in bucket %d, want %d", to, bucketOf(to), b+1)
		}
		if from >= sub && 16*(to-from) > from {
			t.Errorf("bucket %d is %d wide at %d", b, to-from, from)
		}
	}
	for _, ns := range []uint64{lower(buckets), 1 << 40, math.MaxUint64} {
		if got := bucketOf(ns); got != buckets-1 {
			t.Errorf("%d ns are in bucket %d, want the last one", ns, got)
		}
	}
}

// durations draws durations of all sizes, many of them at the bounds of
// buckets.
func durations() *rapid.Generator[uint64] {
	return rapid.OneOf(
		rapid.Uint64(),
		rapid.Map(rapid.IntRange(0, buckets), lower),
		rapid.Map(rapid.IntRange(1, buckets), func(b int) uint64 { return lower(b) - 1 }),
		rapid.Uint64Range(500, 200_000),
	)
}

func histogramOf(list []uint64) *Histogram {
	var h Histogram
	for _, ns := range list {
		h.Observe(ns)
	}
	return &h
}

// TestQuantileIsClose checks that a quantile lies in the bucket of the value of
// that rank, and between the extremes.
func TestQuantileIsClose(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list := rapid.SliceOfN(rapid.Uint64Range(0, lower(buckets)-1), 1, 50).Draw(t, "durations")
		q := rapid.Float64Range(0, 1).Draw(t, "q")
		h := histogramOf(list)
		slices.Sort(list)
		rank := q * float64(len(list))
		// If the rank falls between two values, the neighbours on either side.
		low, high := list[max(int(math.Ceil(rank))-1, 0)], list[min(int(rank), len(list)-1)]
		got := h.Quantile(q)
		if from, to := float64(lower(bucketOf(low))), float64(lower(bucketOf(high)+1)); got < from || got > to {
			t.Fatalf("quantile %v of %d is %v, want %v to %v", q, list, got, from, to)
		}
		if got < float64(list[0]) || got > float64(list[len(list)-1]) {
			t.Fatalf("quantile %v of %d is %v, outside of them", q, list, got)
		}
	})
}

// TestQuantileRises checks that a quantile does not fall when q rises.
func TestQuantileRises(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := histogramOf(rapid.SliceOfN(durations(), 1, 50).Draw(t, "durations"))
		q := rapid.Float64Range(0, 1).Draw(t, "q")
		p := rapid.Float64Range(0, q).Draw(t, "p")
		if h.Quantile(p) > h.Quantile(q) {
			t.Fatalf("quantile %v is %v, and %v is %v", p, h.Quantile(p), q, h.Quantile(q))
		}
	})
}

// TestMerge checks that the result does not depend on which CPU counted what.
func TestMerge(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := rapid.SliceOfN(durations(), 0, 20).Draw(t, "a")
		b := rapid.SliceOfN(durations(), 0, 20).Draw(t, "b")
		h := histogramOf(a)
		h.Merge(histogramOf(b))
		if *h != *histogramOf(slices.Concat(a, b)) {
			t.Fatalf("%d merged with %d gives %+v", a, b, h)
		}
	})
}

// TestDistKeepsWhatIsExact checks that count, mean and maximum are exact and
// not those of buckets.
func TestDistKeepsWhatIsExact(t *testing.T) {
	d := histogramOf([]uint64{1001, 1002, 2_000_001}).Dist()
	if d.Count != 3 || d.Mean != 2_002_004.0/3 || d.Max != 2_000_001 {
		t.Errorf("%+v", d)
	}
	if d := (&Histogram{}).Dist(); d.Count != 0 || d.Mean != 0 || d.P50 != 0 || d.P999 != 0 || d.Max != 0 {
		t.Errorf("of nothing: %+v", d)
	}
}

// TestOtherShapes checks that the two other forms of a histogram have all
// values in the right place.
func TestOtherShapes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list := rapid.SliceOfN(rapid.Uint64Range(1, 17e9), 1, 50).Draw(t, "durations")
		h := histogramOf(list)
		log2 := make([]uint64, 64)
		for _, ns := range list {
			log2[int(math.Log2(float64(ns))+1e-12)]++
		}
		if got := h.Log2(); !slices.Equal(got, log2[:len(got)]) || slices.Max(log2[len(got):]) > 0 || got[len(got)-1] == 0 {
			t.Fatalf("%d by powers of two: %d", list, got)
		}
		hdr := h.HDR()
		if hdr.TotalCount() != int64(len(list)) {
			t.Fatalf("%d values, %d in the other histogram", len(list), hdr.TotalCount())
		}
		// The tolerance is half a bucket of h plus the 0.1 % of the other
		// histogram.
		for _, at := range []struct{ got, want float64 }{
			{float64(hdr.Min()), float64(h.Min)}, {float64(hdr.Max()), float64(h.Max)}, {hdr.Mean(), h.Mean()},
		} {
			if math.Abs(at.got-at.want) > 0.034*at.want+1 {
				t.Fatalf("of %d: %v in the other histogram, %v in ours", list, at.got, at.want)
			}
		}
	})
}

// userKernel replaces what histogram.h takes from the kernel's headers, so that
// it compiles for an ordinary program.
const userKernel = `
#include <stdbool.h>
#include <stdint.h>
typedef uint8_t __u8; typedef uint16_t __u16; typedef uint32_t __u32; typedef uint64_t __u64;
typedef int32_t __s32; typedef int64_t __s64;
#define __always_inline inline
#define __noinline
#define __uint(name, n) int (*name)[n]
#define __type(name, type) type *name
#define SEC(name)
#define barrier_var(v) ((void)(v))
#define BPF_MAP_TYPE_PERCPU_ARRAY 6
static void *bpf_map_lookup_elem(void *map, const void *key);
`

// userMain reads durations and writes the bucket of each, and at the end the
// histogram that observe has made of all.
const userMain = `
#include <stdio.h>
#include <inttypes.h>
#include "histogram.h"
static struct histogram slots[STAGES * PLACEMENTS];
static void *bpf_map_lookup_elem(void *map, const void *key)
{
	__u32 i = *(const __u32 *)key;
	return i < STAGES * PLACEMENTS ? &slots[i] : 0;
}
int main(void)
{
	struct histogram *h = &slots[JOINED_TOTAL * PLACEMENTS + CROSS_CPU];
	uint64_t ns;
	recording = true;
	while (scanf("%" SCNu64, &ns) == 1) {
		printf("%u\n", bucket_of(ns));
		observe(JOINED_TOTAL, CROSS_CPU, ns);
	}
	printf("%" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64, h->count, h->sum, h->min, h->max);
	for (int b = 0; b < BUCKETS; b++)
		printf(" %u", h->buckets[b]);
	printf("\n");
	return 0;
}
`

// TestBucketsInC compiles the C source of the kernel's programs for this
// machine and checks that it puts each duration into the same bucket as Go.
func TestBucketsInC(t *testing.T) {
	compiler := ""
	for _, name := range []string{"cc", "gcc", "clang", "clang-19"} {
		if path, err := exec.LookPath(name); err == nil {
			compiler = path
			break
		}
	}
	if compiler == "" {
		t.Skip("no C compiler is installed [apt-get install gcc]")
	}
	dir := t.TempDir()
	for name, text := range map[string]string{"kernel.h": userKernel, "main.c": userMain, "histogram.h": "", "stages.h": ""} {
		if text == "" {
			source, err := os.ReadFile(filepath.Join("bpf", name))
			if err != nil {
				t.Fatal(err)
			}
			text = string(source)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	program := filepath.Join(dir, "buckets")
	if out, err := exec.Command(compiler, "-O1", "-o", program, filepath.Join(dir, "main.c")).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", compiler, err, out)
	}

	list := []uint64{math.MaxUint64, 1 << 63, 1<<63 - 1, 1 << 32, 1<<32 - 1}
	for b := range buckets + 1 {
		list = append(list, lower(b), lower(b)+1, max(lower(b), 1)-1)
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		list = append(list, random.Uint64()>>random.IntN(64))
	}
	var in, want bytes.Buffer
	for _, ns := range list {
		fmt.Fprintln(&in, ns)
		fmt.Fprintln(&want, bucketOf(ns))
	}
	h := histogramOf(list)
	fmt.Fprintln(&want, h.Count, h.Sum, h.Min, h.Max, strings.Trim(fmt.Sprint(h.Buckets), "[]"))

	cmd := exec.Command(program)
	cmd.Stdin = &in
	got, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	theirs, ours := strings.Split(string(got), "\n"), strings.Split(want.String(), "\n")
	if len(theirs) != len(ours) {
		t.Fatalf("the C program wrote %d lines, want %d", len(theirs), len(ours))
	}
	for i, ns := range list {
		if theirs[i] != ours[i] {
			t.Fatalf("%d ns are in bucket %s in C, in %s in Go", ns, theirs[i], ours[i])
		}
	}
	if last := len(list); theirs[last] != ours[last] {
		t.Errorf("a histogram of all is in C\n%s\nand in Go\n%s", theirs[last], ours[last])
	}
}
