package directive

import (
	"encoding/json"
	goflag "flag"
	"os"
	"reflect"
	"strings"
	"testing"
)

var update = goflag.Bool("update", false, "write the golden files anew")

// TestCheck compares the output of Check with testdata/NAME.golden.
func TestCheck(t *testing.T) {
	for name, src := range map[string]Sources{
		"check":   {Config: "testdata/check.conf", System: machine(0), Defines: []string{"LAB"}},
		"alone":   {Flags: flags(t, "--threads", "4", "--mpm", "event", "--max-clients", "5", "--control-process=false"), System: machine(1000)},
		"wrong":   {Config: "testdata/wrong.conf", System: machine(1000)},
		"prefork": {Flags: flags(t, "--mpm", "prefork", "--server-limit", "8"), System: machine(1000)},
	} {
		src.Lookup = lookup
		s, notes, _ := Resolve(src)
		var out strings.Builder
		if err := Check(&out, s, notes); err != nil {
			t.Fatal(err)
		}
		golden := "testdata/" + name + ".golden"
		if *update {
			if err := os.WriteFile(golden, []byte(out.String()), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if out.String() != string(want) {
			t.Errorf("%s is another (go test -update writes it):\n%s", golden, out.String())
		}
	}
}

// TestSettingsAsJSON checks the form in which a child gets its settings.
func TestSettingsAsJSON(t *testing.T) {
	s, _, err := Resolve(Sources{Config: "testdata/check.conf", Lookup: lookup, System: machine(0)})
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	var back Settings
	if err := json.Unmarshal(text, &back); err != nil {
		t.Fatal(err)
	}
	again, err := json.Marshal(&back)
	if err != nil || string(again) != string(text) || !reflect.DeepEqual(back.Groups[1].SupplementaryGroups, s.Groups[1].SupplementaryGroups) {
		t.Errorf("%v\n%s\n%s", err, text, again)
	}
}
