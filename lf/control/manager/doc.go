// Package manager connects a server with the programs that start and control it.
// It locks the PID file and signals the process in it, sends systemd readiness
// messages (sd_notify(3)), and takes over systemd's sockets (sd_listen_fds(3)).
package manager
