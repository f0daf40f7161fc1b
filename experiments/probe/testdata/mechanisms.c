/* Two threads hand something over, again and again, by one mechanism.
 *
 *	mechanisms NAME pair|spin N        a byte from the input is an order to do it N times; a line is the answer
 *	mechanisms NAME serve|servespin N  a server: one thread accepts, the other answers, a byte for a byte; N connections come at once
 *	mechanisms                         lists the names
 *
 * With pair and serve the waker first makes sure that the other thread sleeps.
 * With spin and servespin the other thread runs until the waker is done, so that
 * its wait finds what it waits for. It first prints "ready", and a server its port. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <linux/io_uring.h>
#include <mqueue.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef SYS_futex_waitv
#define SYS_futex_waitv 449
#endif
#define SYS_FUTEX_WAKE2 454
#define SYS_FUTEX_WAIT2 455

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static long must(long result, const char *what)
{
	if (result < 0 && errno == ENOSYS) {
		printf("skip this kernel has no %s\n", what);
		exit(0);
	}
	if (result < 0)
		die(what);
	return result;
}

static atomic_uint word, second;
static long futex(atomic_uint *at, int op, unsigned value, void *more, atomic_uint *other, unsigned last)
{
	return syscall(SYS_futex, at, op, value, more, other, last);
}

/* What the mechanisms use. A file or a set is made before the first wait. */
static int fd, out, set, pair[2];
static _Atomic pid_t waiter;
static char byte = 1;
static unsigned long long eight = 1;

static void post(void) { atomic_store(&word, 1); }
static int take(void)
{
	unsigned one = 1;
	return atomic_compare_exchange_strong(&word, &one, 0);
}

static void futex_wait(void) { while (!take()) futex(&word, FUTEX_WAIT | FUTEX_PRIVATE_FLAG, 0, 0, 0, 0); }
static void futex_wake(void) { post(); futex(&word, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 1, 0, 0, 0); }
static void bitset_wait(void) { while (!take()) futex(&word, FUTEX_WAIT_BITSET, 0, 0, 0, 4); }
static void bitset_wake(void) { post(); futex(&word, FUTEX_WAKE_BITSET, 1, 0, 0, 4); }
static void wake_op(void) { post(); futex(&second, FUTEX_WAKE_OP | FUTEX_PRIVATE_FLAG, 0, (void *)1, &word, FUTEX_OP(FUTEX_OP_OR, 1, FUTEX_OP_CMP_NE, 77)); }
static void futex2_wait(void) { while (!take()) if (syscall(SYS_FUTEX_WAIT2, &word, 0, 1, 2 | 128, 0, 0) < 0 && atomic_load(&word) == 0) die("futex_wait"); }
static void futex2_wake(void) { post(); must(syscall(SYS_FUTEX_WAKE2, &word, 1, 1, 2 | 128), "futex_wake"); }
static void waitv_wait(void)
{
	struct futex_waitv at[2] = {{.uaddr = (unsigned long)&second, .val = 0, .flags = 2 | 128}, {.uaddr = (unsigned long)&word, .val = 0, .flags = 2 | 128}};
	while (!take())
		syscall(SYS_futex_waitv, at, 2, 0, 0, CLOCK_MONOTONIC);
}
static void requeue_wake(void)
{
	while (futex(&word, FUTEX_CMP_REQUEUE | FUTEX_PRIVATE_FLAG, 0, (void *)1, &second, 0) == 0 && !atomic_load(&word))
		;
	post();
	futex(&second, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 1, 0, 0, 0);
}
static void requeue_late(void) { post(); }
static void pi_begin(void) { atomic_store(&word, syscall(SYS_gettid)); }
static void pi_wait(void)
{
	unsigned free = 0, own = syscall(SYS_gettid);
	if (!atomic_compare_exchange_strong(&word, &free, own))
		must(futex(&word, FUTEX_LOCK_PI | FUTEX_PRIVATE_FLAG, 0, 0, 0, 0), "lock");
	if (!atomic_compare_exchange_strong(&word, &own, 0))
		futex(&word, FUTEX_UNLOCK_PI | FUTEX_PRIVATE_FLAG, 0, 0, 0, 0);
}
static void pi_wake(void)
{
	unsigned own = syscall(SYS_gettid);
	if (!atomic_compare_exchange_strong(&word, &own, 0))
		must(futex(&word, FUTEX_UNLOCK_PI | FUTEX_PRIVATE_FLAG, 0, 0, 0, 0), "unlock");
}
static sem_t sem;
static void sem_setup(void) { sem_init(&sem, 0, 0); }
static void posix_wait(void) { while (sem_wait(&sem)) ; }
static void posix_wake(void) { sem_post(&sem); }
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static int given;
static void cond_await(void)
{
	pthread_mutex_lock(&mutex);
	while (!given)
		pthread_cond_wait(&cond, &mutex);
	given = 0;
	pthread_mutex_unlock(&mutex);
}
static void cond_wake(void)
{
	pthread_mutex_lock(&mutex);
	given = 1;
	pthread_mutex_unlock(&mutex);
	pthread_cond_signal(&cond);
}

static void event_setup(void) { fd = out = must(eventfd(0, 0), "eventfd"); }
static void event_wake(void) { must(write(out, &eight, 8), "write"); }
static void event_wakev(void) { struct iovec v = {&eight, 8}; must(writev(out, &v, 1), "writev"); }
static void event_read(void) { must(read(fd, &eight, 8), "read"); eight = 1; }
static void drain(void) { unsigned long long n; must(read(fd, &n, fd == out ? 8 : 1), "read"); }
static void into_set(void)
{
	struct epoll_event e = {.events = EPOLLIN};
	set = must(epoll_create1(0), "epoll_create1");
	must(epoll_ctl(set, EPOLL_CTL_ADD, fd, &e), "epoll_ctl");
}
static void event_set(void) { event_setup(); into_set(); }
static void by_epoll(void) { struct epoll_event e; while (epoll_wait(set, &e, 1, -1) < 1) ; drain(); }
static void by_epoll_pwait(void) { struct epoll_event e; while (epoll_pwait(set, &e, 1, -1, 0) < 1) ; drain(); }
static void by_epoll_pwait2(void) { struct epoll_event e; while (syscall(SYS_epoll_pwait2, set, &e, 1, 0, 0, 0) < 1) ; drain(); }
static void by_poll(void) { struct pollfd p = {fd, POLLIN, 0}; while (poll(&p, 1, 100000) < 1) ; drain(); }
static void by_ppoll(void) { struct pollfd p = {fd, POLLIN, 0}; while (ppoll(&p, 1, 0, 0) < 1) ; drain(); }
static void by_select(void) { fd_set s; FD_ZERO(&s); FD_SET(fd, &s); while (syscall(SYS_select, fd + 1, &s, 0, 0, 0) < 1) ; drain(); }
static void by_pselect(void) { fd_set s; FD_ZERO(&s); FD_SET(fd, &s); while (pselect(fd + 1, &s, 0, 0, 0, 0) < 1) ; drain(); }

static void pipe_setup(void) { if (pipe(pair)) die("pipe"); fd = pair[0]; out = pair[1]; }
static void pipe_set(void) { pipe_setup(); into_set(); }
static void byte_read(void) { must(read(fd, &byte, 1), "read"); }
static void byte_wake(void) { must(write(out, &byte, 1), "write"); }
static void stream_setup(void) { if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair)) die("socketpair"); fd = pair[0]; out = pair[1]; }
static void datagram_setup(void) { if (socketpair(AF_UNIX, SOCK_DGRAM, 0, pair)) die("socketpair"); fd = pair[0]; out = pair[1]; }
static void socket_wait(void) { must(recv(fd, &byte, 1, 0), "recv"); }
static void socket_wake(void) { must(send(out, &byte, 1, 0), "send"); }
static void message_wait(void) { struct iovec v = {&byte, 1}; struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1}; must(recvmsg(fd, &m, 0), "recvmsg"); }
static void message_wake(void) { struct iovec v = {&byte, 1}; struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1}; must(sendmsg(out, &m, 0), "sendmsg"); }
static void splice_setup(void) { pipe_setup(); set = must(eventfd(0, 0), "eventfd"); }
static void splice_wake(void) { struct iovec v = {&byte, 1}; must(vmsplice(out, &v, 1, 0), "vmsplice"); }

static sigset_t usr;
static void nothing(int s) { (void)s; }
static void signal_setup(void)
{
	sigemptyset(&usr);
	sigaddset(&usr, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &usr, 0);
	signal(SIGUSR1, nothing);
}
static void signal_wait(void) { int s; sigwait(&usr, &s); }
static void signal_wake(void) { must(syscall(SYS_tgkill, getpid(), waiter, SIGUSR1), "tgkill"); }
static void process_wake(void) { must(kill(getpid(), SIGUSR1), "kill"); }
static void suspend_wait(void) { sigset_t none; sigemptyset(&none); sigsuspend(&none); }
static void signalfd_setup(void) { signal_setup(); fd = must(signalfd(-1, &usr, 0), "signalfd"); }
static void signalfd_wait(void) { struct signalfd_siginfo i; must(read(fd, &i, sizeof i), "read"); }

/* What outlives its process is removed by another one, when this one ends. */
static int keeper(void)
{
	if (pipe(pair))
		die("pipe");
	if (must(fork(), "fork")) {
		close(pair[0]);
		return 0;
	}
	for (int i = 0; i < 3; i++)
		close(i);
	close(pair[1]);
	if (read(pair[0], &byte, 1))
		_exit(1);
	return 1;
}
static void semop_setup(void)
{
	fd = must(semget(IPC_PRIVATE, 1, 0600), "semget");
	if (keeper())
		_exit(semctl(fd, 0, IPC_RMID) < 0);
}
static void semop_wait(void) { struct sembuf b = {0, -1, 0}; must(semop(fd, &b, 1), "semop"); }
static void semop_wake(void) { struct sembuf b = {0, 1, 0}; must(semop(fd, &b, 1), "semop"); }
static void mqueue_setup(void)
{
	char name[32];
	struct mq_attr a = {.mq_maxmsg = 4, .mq_msgsize = 1};
	snprintf(name, sizeof name, "/lflab.%d", getpid());
	fd = must(mq_open(name, O_RDWR | O_CREAT, 0600, &a), "mq_open");
	mq_unlink(name);
}
static void mqueue_wait(void) { must(mq_receive(fd, &byte, 1, 0), "mq_receive"); }
static void mqueue_wake(void) { must(mq_send(fd, &byte, 1, 0), "mq_send"); }
struct message { long type; char text[1]; };
static void msg_setup(void)
{
	fd = must(msgget(IPC_PRIVATE, 0600), "msgget");
	if (keeper())
		_exit(msgctl(fd, IPC_RMID, 0) < 0);
}
static void msg_wait(void) { struct message m; must(msgrcv(fd, &m, 1, 0, 0), "msgrcv"); }
static void msg_wake(void) { struct message m = {1, {0}}; must(msgsnd(fd, &m, 1, 0), "msgsnd"); }

/* A thread that sleeps in epoll_wait is woken by a file that another adds. */
static void add_setup(void) { set = must(epoll_create1(0), "epoll_create1"); fd = must(eventfd(1, 0), "eventfd"); }
static void add_wait(void) { struct epoll_event e; while (epoll_wait(set, &e, 1, -1) < 1) ; must(epoll_ctl(set, EPOLL_CTL_DEL, fd, 0), "epoll_ctl"); }
static void add_wake(void) { struct epoll_event e = {.events = EPOLLIN}; must(epoll_ctl(set, EPOLL_CTL_ADD, fd, &e), "epoll_ctl"); }

/* A lock that the waker holds and releases. */
static void lock_setup(void)
{
	char name[] = "/tmp/lflab.XXXXXX";
	fd = must(mkstemp(name), "mkstemp");
	out = must(open(name, O_RDWR), "open");
	unlink(name);
}
static void flock_begin(void) { must(flock(out, LOCK_EX), "flock"); }
static void flock_wait(void) { must(flock(fd, LOCK_EX), "flock"); flock(fd, LOCK_UN); }
static void flock_wake(void) { must(flock(out, LOCK_UN), "flock"); }
static void ofd(int file, int type) { struct flock l = {.l_type = type, .l_whence = SEEK_SET, .l_len = 1}; must(fcntl(file, F_OFD_SETLKW, &l), "fcntl"); }
static void ofd_begin(void) { ofd(out, F_WRLCK); }
static void ofd_wait(void) { ofd(fd, F_WRLCK); ofd(fd, F_UNLCK); }
static void ofd_wake(void) { ofd(out, F_UNLCK); }

/* The end of a file, and of a thread. */
static void close_begin(void) { pipe_setup(); }
static void close_wait(void) { if (read(fd, &byte, 1)) die("read of a closed pipe"); close(fd); }
static void close_wake(void) { close(out); }
static pthread_t ender;
static void *end(void *x) { futex_wait(); return x; }
static void exit_begin(void) { if (pthread_create(&ender, 0, end, 0)) die("pthread_create"); }
static void exit_wait(void) { pthread_join(ender, 0); }

/* A ring of one entry, for each thread. */
struct ring {
	int fd;
	struct io_uring_sqe *sqes;
	atomic_uint *tail, *head, *ctail;
	unsigned mask;
};
static struct ring mine, theirs;
static void ring_setup(struct ring *r)
{
	struct io_uring_params p = {0};
	r->fd = must(syscall(SYS_io_uring_setup, 8, &p), "io_uring_setup");
	char *at = mmap(0, p.cq_off.cqes + p.cq_entries * sizeof(struct io_uring_cqe), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, r->fd, IORING_OFF_SQ_RING);
	r->sqes = mmap(0, p.sq_entries * sizeof(struct io_uring_sqe), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, r->fd, IORING_OFF_SQES);
	if (at == MAP_FAILED || r->sqes == MAP_FAILED)
		die("mmap");
	r->tail = (atomic_uint *)(at + p.sq_off.tail);
	r->head = (atomic_uint *)(at + p.cq_off.head);
	r->ctail = (atomic_uint *)(at + p.cq_off.tail);
	r->mask = p.sq_entries - 1;
	unsigned *array = (unsigned *)(at + p.sq_off.array);
	for (unsigned i = 0; i < p.sq_entries; i++)
		array[i] = i;
}
static struct io_uring_sqe *ring_next(struct ring *r, int op)
{
	struct io_uring_sqe *e = &r->sqes[atomic_load(r->tail) & r->mask];
	memset(e, 0, sizeof *e);
	e->opcode = op;
	return e;
}
static void ring_submit(struct ring *r, int wait)
{
	atomic_fetch_add(r->tail, 1);
	must(syscall(SYS_io_uring_enter, r->fd, 1, wait, wait ? IORING_ENTER_GETEVENTS : 0, 0, 0), "io_uring_enter");
}
static void ring_await(struct ring *r)
{
	while (atomic_load(r->head) == atomic_load(r->ctail))
		syscall(SYS_io_uring_enter, r->fd, 0, 1, IORING_ENTER_GETEVENTS, 0, 0);
	atomic_fetch_add(r->head, 1);
}
static void rings_setup(void) { ring_setup(&mine); ring_setup(&theirs); }
static void ring_wait(void) { ring_await(&theirs); }
static void ring_wake(void)
{
	struct io_uring_sqe *e = ring_next(&mine, 40 /* MSG_RING */);
	e->fd = theirs.fd;
	ring_submit(&mine, 1);
	ring_await(&mine);
}
static void ring_read_setup(void) { rings_setup(); event_setup(); }
static void ring_read(void)
{
	struct io_uring_sqe *e = ring_next(&theirs, IORING_OP_READ);
	static unsigned long long n;
	e->fd = fd;
	e->addr = (unsigned long)&n;
	e->len = 8;
	ring_submit(&theirs, 1);
	ring_await(&theirs);
}
static void ring_futex(void)
{
	while (!take()) {
		struct io_uring_sqe *e = ring_next(&theirs, 51 /* FUTEX_WAIT */);
		e->fd = 2 | 128;
		e->addr = (unsigned long)&word;
		e->addr2 = 0;
		e->addr3 = 1;
		ring_submit(&theirs, 1);
		ring_await(&theirs);
	}
}
static void ring_futex_wake(void) { post(); must(syscall(SYS_FUTEX_WAKE2, &word, 1, 1, 2 | 128), "futex_wake"); }

#ifdef __x86_64__
/* System calls of 32 bits. */
static char *low; /* has an address of 32 bits */
static long call32(long number, long a, long b, long c)
{
	long result;
	__asm__ volatile("int $0x80" : "=a"(result) : "a"(number), "b"(a), "c"(b), "d"(c) : "memory", "r8", "r9", "r10", "r11");
	return (int)result;
}
static void compat_setup(void)
{
	int status;
	pid_t child = must(fork(), "fork");
	if (!child) {
		call32(20 /* getpid */, 0, 0, 0);
		_exit(0);
	}
	waitpid(child, &status, 0);
	if (status) {
		puts("skip this kernel runs no system calls of 32 bits");
		exit(0);
	}
	event_setup();
	low = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	if (low == MAP_FAILED)
		die("mmap");
	*(unsigned long long *)low = 1;
}
static void compat_wait(void) { must(call32(3, fd, (long)low + 8, 8), "read of 32 bits"); }
static void compat_wake(void) { must(call32(4, fd, (long)low, 8), "write of 32 bits"); }
#endif

static const struct mechanism {
	const char *name;
	void (*setup)(void), (*begin)(void), (*wait)(void), (*wake)(void);
	void (*late)(void); /* instead of wake, if the other thread does not wait yet */
} all[] = {
	{"futex", 0, 0, futex_wait, futex_wake, 0},
	{"futex-bitset", 0, 0, bitset_wait, bitset_wake, 0},
	{"futex-wake-op", 0, 0, futex_wait, wake_op, 0},
	{"futex2", 0, 0, futex2_wait, futex2_wake, 0},
	{"futex-waitv", 0, 0, waitv_wait, futex_wake, 0},
	{"futex-requeue", 0, 0, futex_wait, requeue_wake, requeue_late},
	{"futex-pi", 0, pi_begin, pi_wait, pi_wake, 0},
	{"semaphore", sem_setup, 0, posix_wait, posix_wake, 0},
	{"condition", 0, 0, cond_await, cond_wake, 0},
	{"eventfd-read", event_setup, 0, event_read, event_wake, 0},
	{"eventfd-writev", event_setup, 0, event_read, event_wakev, 0},
	{"eventfd-epoll_wait", event_set, 0, by_epoll, event_wake, 0},
	{"eventfd-epoll_pwait", event_set, 0, by_epoll_pwait, event_wake, 0},
	{"eventfd-epoll_pwait2", event_set, 0, by_epoll_pwait2, event_wake, 0},
	{"eventfd-poll", event_setup, 0, by_poll, event_wake, 0},
	{"eventfd-ppoll", event_setup, 0, by_ppoll, event_wake, 0},
	{"eventfd-select", event_setup, 0, by_select, event_wake, 0},
	{"eventfd-pselect", event_setup, 0, by_pselect, event_wake, 0},
	{"pipe-read", pipe_setup, 0, byte_read, byte_wake, 0},
	{"pipe-epoll_wait", pipe_set, 0, by_epoll, byte_wake, 0},
	{"pipe-poll", pipe_setup, 0, by_poll, byte_wake, 0},
	{"pipe-vmsplice", splice_setup, 0, byte_read, splice_wake, 0},
	{"socket-read", stream_setup, 0, byte_read, byte_wake, 0},
	{"socket-recv", stream_setup, 0, socket_wait, socket_wake, 0},
	{"socket-recvmsg", datagram_setup, 0, message_wait, message_wake, 0},
	{"signal-tgkill", signal_setup, 0, signal_wait, signal_wake, 0},
	{"signal-kill", signal_setup, 0, signal_wait, process_wake, 0},
	{"signal-sigsuspend", signal_setup, 0, suspend_wait, signal_wake, 0},
	{"signal-signalfd", signalfd_setup, 0, signalfd_wait, signal_wake, 0},
	{"semop", semop_setup, 0, semop_wait, semop_wake, 0},
	{"mqueue", mqueue_setup, 0, mqueue_wait, mqueue_wake, 0},
	{"msgqueue", msg_setup, 0, msg_wait, msg_wake, 0},
	{"epoll_ctl", add_setup, 0, add_wait, add_wake, 0},
	{"flock", lock_setup, flock_begin, flock_wait, flock_wake, 0},
	{"ofd-lock", lock_setup, ofd_begin, ofd_wait, ofd_wake, 0},
	{"close", 0, close_begin, close_wait, close_wake, 0},
	{"uring-msg_ring", rings_setup, 0, ring_wait, ring_wake, 0},
	{"uring-read", ring_read_setup, 0, ring_read, event_wake, 0},
	{"uring-futex", rings_setup, 0, ring_futex, ring_futex_wake, 0},
#ifdef __x86_64__
	{"compat", compat_setup, 0, compat_wait, compat_wake, 0},
#endif
};
static const struct mechanism exits = {"exit", 0, exit_begin, exit_wait, futex_wake, 0};

static const struct mechanism *m;
static int spins, listener, connection;
static atomic_int turns, done, let; /* begun by the waiter; ended by it; waits that may begin */
static atomic_int busy, awake;      /* an order is carried out; the waiter knows */

/* Waits until the other thread sleeps in a system call. The kernel tells the call
 * only after the thread has left the CPU. */
static void until_asleep(pid_t tid)
{
	char path[64], text[64];
	snprintf(path, sizeof path, "/proc/self/task/%d/syscall", tid);
	for (;;) {
		int f = must(open(path, O_RDONLY), path);
		ssize_t n = read(f, text, sizeof text - 1);
		close(f);
		text[n > 0 ? n : 0] = 0;
		if (n > 0 && strncmp(text, "running", 7) && strncmp(text, "-1", 2))
			return;
		sched_yield();
	}
}

static void serve(int c)
{
	char b;
	while (read(c, &b, 1) == 1 && write(c, &b, 1) == 1)
		;
	close(c);
}

static void *waiting(void *x)
{
	waiter = syscall(SYS_gettid);
	for (int i = 1;; i++) {
		/* It must not sleep here, except while there is nothing to do. */
		while (atomic_load(&let) < i && (spins || m->begin)) {
			atomic_store(&awake, atomic_load(&busy));
			if (atomic_load(&busy))
				sched_yield();
			else
				usleep(1000);
		}
		atomic_fetch_add(&turns, 1);
		m->wait();
		if (listener)
			serve(connection);
		atomic_fetch_add(&done, 1);
	}
	return x;
}

static void hand_over(void)
{
	static int i;
	i++;
	atomic_store(&busy, 1);
	while ((spins || m->begin) && !atomic_load(&awake))
		sched_yield();
	if (m->begin)
		m->begin();
	if (!spins) {
		atomic_fetch_add(&let, 1);
		while (atomic_load(&turns) < i)
			sched_yield();
		until_asleep(waiter);
		m->wake();
	} else {
		(m->late ? m->late : m->wake)();
		atomic_fetch_add(&let, 1);
	}
	while (atomic_load(&done) < i)
		sched_yield();
}

int main(int argc, char **argv)
{
	pthread_t t;
	char order;

	if (argc < 4) {
		for (unsigned i = 0; i < sizeof all / sizeof all[0]; i++)
			puts(all[i].name);
		return 0;
	}
	m = &exits;
	for (unsigned i = 0; i < sizeof all / sizeof all[0]; i++)
		if (!strcmp(all[i].name, argv[1]))
			m = &all[i];
	spins = strstr(argv[2], "spin") != 0;
	if (m->setup)
		m->setup();
	if (strncmp(argv[2], "serve", 5) == 0) {
		struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
		socklen_t n = sizeof a;
		listener = must(socket(AF_INET, SOCK_STREAM, 0), "socket");
		must(bind(listener, (void *)&a, n), "bind");
		must(listen(listener, 64), "listen");
		must(getsockname(listener, (void *)&a, &n), "getsockname");
		pthread_create(&t, 0, waiting, 0);
		while (!waiter)
			sched_yield();
		printf("ready 127.0.0.1:%d\n", ntohs(a.sin_port));
		fflush(stdout);
		for (int i = 1;; i++) {
			connection = must(accept(listener, 0, 0), "accept");
			hand_over();
			if (i % atoi(argv[3]) == 0)
				atomic_store(&busy, 0);
		}
	}
	pthread_create(&t, 0, waiting, 0);
	while (!waiter)
		sched_yield();
	printf("ready\n");
	fflush(stdout);
	while (read(0, &order, 1) == 1) {
		for (int i = 0; i < atoi(argv[3]); i++)
			hand_over();
		atomic_store(&busy, 0);
		printf("\n");
		fflush(stdout);
	}
	return 0;
}
