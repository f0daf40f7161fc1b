//go:build !amd64

package probe

var olderCalls []call

// compatCalls is empty: the programs recognise 32-bit callers only on amd64.
var compatCalls = tableOf()
