// Package spawn starts processes with the privileges that they are to have: from a
// thread of its own that has given up what children must never gain. It knows no
// servers.
package spawn
