// Package spawn starts processes from a thread of its own. The thread can first
// give up privileges that the processes must never gain. The package knows
// nothing about servers.
package spawn
