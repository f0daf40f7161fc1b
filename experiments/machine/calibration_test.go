package machine

import (
	"encoding/json"
	"strings"
	"testing"

	"lflab/lf/thread"
)

// TestCalibrate checks that every value was measured and can be told. How fast
// the machine is, no test may say.
func TestCalibrate(t *testing.T) {
	c := Calibrate()
	for name, x := range map[string]float64{
		"same": c.SameNs, "system call": c.SyscallNs, "clock call": c.ClockCallNs, "clock": c.ClockNs, "copy": c.CopyGBPerS, "late": c.SleepLateNs, "late p99": c.SleepLateP99,
	} {
		if x <= 0 {
			t.Errorf("%s is %g", name, x)
		}
	}
	if two := len(thread.CPUs()) > 1; two != (c.CrossNs > 0) {
		t.Errorf("between two CPUs: %g ns, and there are %d", c.CrossNs, len(thread.CPUs()))
	}
	if c.SleepLateP99 < c.SleepLateNs {
		t.Errorf("p99 %g, median %g", c.SleepLateP99, c.SleepLateNs)
	}
	want := 7
	if c.CrossNs > 0 {
		want++
	}
	facts := c.Facts()
	if len(facts) != want {
		t.Errorf("%d facts of %+v, want %d", len(facts), c, want)
	}
	text, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	var again Calibration
	if err := json.Unmarshal(text, &again); err != nil || again.SameNs != c.SameNs || again.SleepLateP99 != c.SleepLateP99 {
		t.Errorf("%s, %v", text, err)
	}
	t.Logf("%s", text)
}

func TestFactsOfWhatWasMeasured(t *testing.T) {
	if facts := (*Calibration)(nil).Facts(); facts != nil {
		t.Errorf("%v", facts)
	}
	facts := (&Calibration{SameNs: 2345, SyscallNs: 71.4, CopyGBPerS: 9.96}).Facts()
	var all []string
	for _, f := range facts {
		all = append(all, f.Value)
	}
	if got := strings.Join(all, ", "); got != "2.35 µs, 71 ns, 10.0 GB/s" {
		t.Errorf("%s", got)
	}
}

// TestPingPongHandsEveryTurn counts the turns: a lost wake-up would never end.
func TestPingPongHandsEveryTurn(t *testing.T) {
	cpu := thread.CPUs()[0]
	if ns := pingPong(cpu, cpu, 500); ns <= 0 {
		t.Errorf("%g ns", ns)
	}
	if ns := pingPong(cpu, -2, 10); ns != 0 {
		t.Errorf("%g ns on a CPU that does not exist", ns)
	}
}
