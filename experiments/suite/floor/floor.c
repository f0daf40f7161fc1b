// floor: the line below which no server gets on this kernel.
//
//   cc -O2 -pthread -o floor floor.c
//   ./floor PORT THREADS [defer]        listens on 127.0.0.1:PORT
//
// Each thread has a listener of its own (SO_REUSEPORT: the kernel spreads the
// connections) and an epoll set of its own, so that nothing is ever handed
// over. A request is one read, a search for the word "close" and one write of
// an answer made at compile time. There is no parser, no deadline and no
// limit: this measures the kernel, and is not a server to put anywhere.
//
// "defer" sets TCP_DEFER_ACCEPT, which wakes a thread for the request instead
// of the handshake. A server that defers is compared with the floor that does.

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define BODY "Content-Length: 13\r\nContent-Type: text/plain\r\n\r\nHello, World!"
static const char kept[] = "HTTP/1.1 200 OK\r\n" BODY;
static const char last[] = "HTTP/1.1 200 OK\r\nConnection: close\r\n" BODY;

static uint16_t port;
static bool defer;

static void die(const char *what) {
	fprintf(stderr, "floor: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int listener(void) {
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		die("socket");
	int on = 1, seconds = 5;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on))
		die("SO_REUSEPORT");
	if (defer && setsockopt(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, &seconds, sizeof seconds))
		die("TCP_DEFER_ACCEPT");
	struct sockaddr_in at = {
		.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	if (bind(fd, (struct sockaddr *)&at, sizeof at))
		die("bind");
	if (listen(fd, 4096))
		die("listen");
	return fd;
}

// serve answers one request and reports whether the connection stays open.
static bool serve(int fd) {
	char request[4096];
	ssize_t n = read(fd, request, sizeof request - 1);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return true;
	if (n > 0) {
		request[n] = '\0';
		bool over = strstr(request, "close") != NULL;
		ssize_t sent = over ? write(fd, last, sizeof last - 1) : write(fd, kept, sizeof kept - 1);
		if (sent > 0 && !over)
			return true;
	}
	close(fd);
	return false;
}

static void watch(int set, int fd) {
	struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
	if (epoll_ctl(set, EPOLL_CTL_ADD, fd, &event))
		die("epoll_ctl");
}

static void *thread(void *arg) {
	int door = *(int *)arg, set = epoll_create1(EPOLL_CLOEXEC);
	if (set < 0)
		die("epoll_create1");
	watch(set, door);
	struct epoll_event ready[256];
	for (;;) {
		int n = epoll_wait(set, ready, 256, -1);
		for (int i = 0; i < n; i++) {
			if (ready[i].data.fd != door) {
				serve(ready[i].data.fd);
				continue;
			}
			// The request is often there with the connection (always, when
			// deferred), so it is tried at once; only what stays is watched.
			int fd;
			while ((fd = accept4(door, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0)
				if (serve(fd))
					watch(set, fd);
		}
	}
	return NULL;
}

int main(int argc, char **argv) {
	if (argc < 3 || atoi(argv[1]) <= 0 || atoi(argv[2]) <= 0) {
		fprintf(stderr, "usage: floor PORT THREADS [defer]\n");
		return 2;
	}
	port = (uint16_t)atoi(argv[1]);
	int threads = atoi(argv[2]);
	defer = argc > 3 && strcmp(argv[3], "defer") == 0;
	// All listeners stand before any thread accepts, so that the first
	// connections are spread over all of them.
	int *doors = calloc((size_t)threads, sizeof *doors);
	for (int i = 0; i < threads; i++)
		doors[i] = listener();
	for (int i = 0; i < threads; i++) {
		pthread_t id;
		if ((errno = pthread_create(&id, NULL, thread, &doors[i])))
			die("pthread_create");
	}
	for (;;)
		pause();
}
