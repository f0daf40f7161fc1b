package probe

import (
	"strconv"
	"strings"
)

// printable returns the name of a process or thread with its control characters
// and other unprintable ones escaped, as \x1b. Whoever names a thread must not
// command the terminal of whoever reads the name.
func printable(name string) string {
	var b strings.Builder
	for _, r := range name {
		if strconv.IsPrint(r) && r != '\ufffd' {
			b.WriteRune(r)
			continue
		}
		quoted := strconv.QuoteRuneToASCII(r)
		b.WriteString(quoted[1 : len(quoted)-1])
	}
	return b.String()
}
