package record

import (
	"reflect"
	"strings"
	"testing"

	"lflab/experiments/suite"
)

func TestChoose(t *testing.T) {
	axes := []Axis{{Name: "mpm", Values: []string{"leader", "worker", "event"}}, {Name: "mode", Values: []string{"close", "keepalive"}}}
	s := suite.Suite{Axes: axes}
	var cells []Cell
	for _, c := range s.Cells() {
		cells = append(cells, c)
	}
	for _, c := range []struct{ only, want string }{
		{"", "leader/close leader/keepalive worker/close worker/keepalive event/close event/keepalive"},
		{"mpm=event", "event/close event/keepalive"},
		{"mpm=leader mpm=worker mode=close", "leader/close worker/close"},
	} {
		got, err := Choose(axes, cells, strings.Fields(c.only))
		if err != nil {
			t.Errorf("%s: %v", c.only, err)
		}
		var labels []string
		for _, cell := range got {
			labels = append(labels, Label(axes, cell))
		}
		if strings.Join(labels, " ") != c.want {
			t.Errorf("%s chooses %q", c.only, labels)
		}
	}
	for only, want := range map[string]string{
		"leader":      `"leader" is not of the form key=value`,
		"mmp=leader":  `unknown axis "mmp" in "mmp=leader" (known: mpm, mode)`,
		"mpm=leadder": `axis mpm has no value "leadder" (it has: leader, worker, event)`,
	} {
		if _, err := Choose(axes, cells, []string{only}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", only, err, want)
		}
	}
	if got := Narrow(axes, []Cell{{"mpm": "event", "mode": "close"}, {"mpm": "leader", "mode": "close"}}); !reflect.DeepEqual(got, []Axis{{Name: "mpm", Values: []string{"leader", "event"}}, {Name: "mode", Values: []string{"close"}}}) {
		t.Errorf("narrowed axes %v", got)
	}
}
