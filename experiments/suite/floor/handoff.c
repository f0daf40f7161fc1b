// handoff: what it costs at least to wake one other thread and run it.
//
//   cc -O2 -pthread -o handoff handoff.c
//   ./handoff [same | cross | free] [ROUNDS]
//
// Two threads pass a turn to and fro, each asleep on a futex word of its own
// while it has none. The mean time of one passage is printed. "same" keeps
// both threads on CPU 0, "cross" on CPUs 0 and 1, "free" where they like.

#define _GNU_SOURCE
#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { warmup = 2000 };
static int rounds = 200000;

// A turn is 1 for the thread that may go on. The words lie on lines of their
// own, as those of our parkers do.
static struct {
	_Alignas(128) atomic_uint word;
} turn[2];

static void pass(int to) {
	atomic_store(&turn[to].word, 1);
	syscall(SYS_futex, &turn[to].word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static void await(int me) {
	while (atomic_load(&turn[me].word) == 0)
		syscall(SYS_futex, &turn[me].word, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0);
	atomic_store(&turn[me].word, 0);
}

static void pin(int cpu) {
	cpu_set_t set;
	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof set, &set)) {
		fprintf(stderr, "handoff: pin to CPU %d: %s\n", cpu, strerror(errno));
		exit(1);
	}
}

static void *partner(void *cpu) {
	if (*(int *)cpu >= 0)
		pin(*(int *)cpu);
	for (int i = 0; i < warmup + rounds; i++) {
		await(1);
		pass(0);
	}
	return NULL;
}

static double seconds(void) {
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

int main(int argc, char **argv) {
	const char *place = argc > 1 ? argv[1] : "free";
	int theirs = -1;
	if (strcmp(place, "same") == 0)
		theirs = 0;
	else if (strcmp(place, "cross") == 0)
		theirs = 1;
	else if (strcmp(place, "free") != 0) {
		fprintf(stderr, "usage: handoff [same | cross | free] [ROUNDS]\n");
		return 2;
	}
	if (argc > 2 && (rounds = atoi(argv[2])) <= 0) {
		fprintf(stderr, "handoff: rounds %s: not a number above 0\n", argv[2]);
		return 2;
	}
	if (theirs >= 0)
		pin(0);
	pthread_t id;
	if ((errno = pthread_create(&id, NULL, partner, &theirs))) {
		perror("handoff: pthread_create");
		return 1;
	}
	double begin = 0;
	for (int i = 0; i < warmup + rounds; i++) {
		if (i == warmup)
			begin = seconds();
		pass(1);
		await(0);
	}
	printf("%s %.0f ns one way\n", place, (seconds() - begin) * 1e9 / rounds / 2);
	return 0;
}
