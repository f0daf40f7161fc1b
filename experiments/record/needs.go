package record

import "strings"

// NeedsProbe reports whether only the kernel probe measures the metric.
func (m Metric) NeedsProbe() bool {
	switch m.Name {
	case "leaderless_share", "socket_wakes_same_cpu", "futex_wakes_same_cpu":
		return true
	}
	for _, prefix := range []string{"probe_", "first_D_", "second_D_"} {
		if strings.HasPrefix(m.Name, prefix) {
			return true
		}
	}
	return strings.HasSuffix(m.Name, "_per_connection")
}
