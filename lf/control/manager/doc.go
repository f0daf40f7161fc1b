// Package manager is the server's side of what starts it and tells it what to do:
// the PID file and the signals that are sent through it, and systemd's readiness
// messages and sockets (sd_notify(3), sd_listen_fds(3)). It knows no children.
package manager
