package probe

import (
	"strings"

	"golang.org/x/sys/unix"
)

// capability is a privilege of a process, as its bit number (capabilities(7)).
type capability uint

const (
	capSysAdmin capability = unix.CAP_SYS_ADMIN
	capPerfmon  capability = unix.CAP_PERFMON
	capBPF      capability = unix.CAP_BPF
)

// needed lists the capabilities that the probe requires.
var needed = []capability{capBPF, capPerfmon}

var capabilityNames = map[capability]string{
	capSysAdmin: "CAP_SYS_ADMIN",
	capPerfmon:  "CAP_PERFMON",
	capBPF:      "CAP_BPF",
}

func (c capability) String() string { return capabilityNames[c] }

// capabilities is a set of them, as in /proc/PID/status.
type capabilities uint64

// has reports whether the set grants c. CAP_SYS_ADMIN includes the other two,
// which were split off from it.
func (s capabilities) has(c capability) bool {
	return s>>c&1 == 1 || s>>capSysAdmin&1 == 1
}

func (s capabilities) lacks(wanted []capability) []capability {
	var missing []capability
	for _, c := range wanted {
		if !s.has(c) {
			missing = append(missing, c)
		}
	}
	return missing
}

// list joins capabilities with commas, and with word before the last one.
func list(cs []capability, word string) string {
	var b strings.Builder
	for i, c := range cs {
		switch {
		case i == 0:
		case i == len(cs)-1:
			b.WriteString(" " + word + " ")
		default:
			b.WriteString(", ")
		}
		b.WriteString(c.String())
	}
	return b.String()
}
