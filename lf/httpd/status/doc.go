// Package status writes what a server tells of itself: a page for people, and the
// lines of Apache's mod_status?auto for programs, which it reads back, too. It
// knows no protocol and asks nobody: a serve.Status comes in.
package status
