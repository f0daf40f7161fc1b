package run

import "testing"

func TestParseWorkers(t *testing.T) {
	for _, c := range []struct {
		page       string
		busy, idle int
	}{
		{"Total Accesses: 7\nBusyWorkers: 3\nIdleWorkers: 29\n", 3, 29},
		{"BusyWorkers: 3\n", -1, -1},
		{"BusyWorkers: many\nIdleWorkers: 2\n", -1, -1},
		{"", -1, -1},
	} {
		if busy, idle := parseWorkers(c.page); busy != c.busy || idle != c.idle {
			t.Errorf("%q: %d busy and %d idle", c.page, busy, idle)
		}
	}
}
