package handoff

import (
	"strings"
	"testing"

	"lflab/sync/park"
)

func TestEveryPrimitivePasses(t *testing.T) {
	for _, kind := range park.Kinds() {
		t.Run(kind.Name, func(t *testing.T) {
			if err := kind.Usable(); err != nil {
				t.Skip(err)
			}
			place := "same"
			if kind.Unlocked {
				place = "free"
			}
			r, err := Run(Config{Kind: kind, Place: place, Rounds: 500})
			if err != nil {
				t.Fatal(err)
			}
			if r.P50 <= 0 || r.P50 > r.P99 {
				t.Errorf("p50 %v, p99 %v", r.P50, r.P99)
			}
			// On one CPU the partner runs only when we sleep.
			if r.Switches < 0.4 && place == "same" {
				t.Errorf("%.2f switches per hand-off on one CPU", r.Switches)
			}
		})
	}
}

func TestBadConfig(t *testing.T) {
	kind := park.Kinds()[0]
	for _, c := range []struct {
		cfg  Config
		want string
	}{
		{Config{Kind: kind, Place: "near", Rounds: 1}, `unknown place "near"`},
		{Config{Kind: kind, Place: "same"}, "0 rounds"},
		{Config{Kind: unlocked(t), Place: "same", Rounds: 1}, "place free, not same"},
	} {
		if _, err := Run(c.cfg); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: error %v, want %q", c.cfg, err, c.want)
		}
	}
}

func unlocked(t *testing.T) park.Kind {
	kind, err := park.Lookup("unlocked-channel")
	if err != nil {
		t.Fatal(err)
	}
	return kind
}
