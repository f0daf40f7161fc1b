//go:build linux

// Package linux is what packages import that use Linux's own system calls. It has
// nothing in it: elsewhere it does not compile, and its error is the one sentence
// that whoever builds lflab there has to read, in place of a list of names that the
// system lacks. It may know no other package.
package linux
