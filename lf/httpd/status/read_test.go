package status

import (
	"errors"
	"reflect"
	"strings"
	"testing"
)

// TestReadStatus reads back the values of a status page.
func TestReadStatus(t *testing.T) {
	r, err := Read(string(board().Lines()))
	if err != nil {
		t.Fatal(err)
	}
	want := &Reading{Version: "lflab/1.0.0 (linux)", MPM: "event", Primitive: "futex", Uptime: 3600, CPU: 46.5, Generation: 3,
		Requests: 13210, Connections: 1321, Handoffs: 658, KBytes: 2642, Busy: 4, Graceful: 2, Idle: 3,
		Waiting:    &Waiting{Open: 10, Writing: 1, KeepAlive: 3, Closing: 2},
		Scoreboard: "__SRWKC.G...............G.......", LeaderFollower: "LF------------------------------", ThreadLimit: 8,
		Slots:    []ReadSlot{{0, 101, 3, 9, 3990, 198, ""}, {1, 110, 2, 1, 9010, 450, "stopping"}, {3, 130, 3, 0, 10, 0, "stopping"}},
		Counters: map[string]uint64{"promotions": 42, "wakes_issued": 1234567}}
	if !reflect.DeepEqual(r, want) {
		t.Errorf("got  %+v\nwant %+v", r, want)
	}
	if letters, marks := r.Of(0); letters != "__SRWKC." || marks != "LF------" {
		t.Errorf("slot 0: %q, %q", letters, marks)
	}
	for _, slot := range []int{-1, 4, 1 << 62} {
		if letters, marks := r.Of(slot); letters+marks != "" {
			t.Errorf("slot %d: %q, %q", slot, letters, marks)
		}
	}
}

// TestReadAnothers reads a page of Apache's, which has fewer and unknown lines.
func TestReadAnothers(t *testing.T) {
	r, err := Read("www.example.org\r\nServerVersion: Apache/2.4.62\x1b[2J (Unix)\nServerMPM: worker\nUptime: 12\nTotal Accesses: 9\n" +
		"Total kBytes: 7\nReqPerSec: .75\nCPUUser: .5\nBusyWorkers: 1\nIdleWorkers: 2\nSomeNews: yes\nTLSSessionCacheStatus\nCacheIndexUsage: 0%\nScoreboard: _W_....\n")
	if err != nil {
		t.Fatal(err)
	}
	want := &Reading{Version: "Apache/2.4.62[2J (Unix)", MPM: "worker", Uptime: 12, Requests: 9, KBytes: 7, CPU: 0.5, Busy: 1, Idle: 2,
		Scoreboard: "_W_....", Counters: map[string]uint64{}}
	if !reflect.DeepEqual(r, want) {
		t.Errorf("got  %+v\nwant %+v", r, want)
	}
	if letters, _ := r.Of(0); letters != "" {
		t.Errorf("slot 0: %q", letters)
	}
}

// TestReadNonsense checks that a page which is no status page is refused, and
// that an error names the line that cannot be read.
func TestReadNonsense(t *testing.T) {
	for _, text := range []string{"", "<html>", "Uptime: 3\n", "a\nb\n"} {
		if _, err := Read(text); !errors.Is(err, ErrNoStatus) {
			t.Errorf("%q: %v", text, err)
		}
	}
	for text, want := range map[string]string{
		"Uptime: soon\n": `"Uptime"`, "BusyWorkers: -\n": `"BusyWorkers"`, "Total Accesses: -4\n": `"Total Accesses"`,
		"ConnsTotal: x\n": `"ConnsTotal"`, "CPUUser: x\n": `"CPUUser"`,
		"Slots: 1:2\n": "has 2 parts", "Slots: 1:2:3:4:5:x\n": "invalid syntax",
	} {
		if _, err := Read(text + "Scoreboard: _\n"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}
