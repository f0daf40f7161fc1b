//go:build linux

// Package linux makes the build fail with one sentence on other systems than
// Linux, instead of a list of missing names. Packages that use Linux's own
// system calls import it. It is empty and must import no other package.
package linux
