// Package status formats a server's status as a page for people and as the lines
// of Apache's mod_status?auto for programs. It also reads such lines. It knows
// no protocol: the caller passes a serve.Status.
package status
