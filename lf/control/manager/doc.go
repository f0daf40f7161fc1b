// Package manager connects a server with whoever starts and controls it. It
// takes the PID file and sends signals through it, sends systemd readiness
// messages (sd_notify(3)), and takes over its sockets (sd_listen_fds(3)).
package manager
