package stage

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/cilium/ebpf/btf"

	"lflab/experiments/probe/bpf"
)

// enumOf returns the values of an enumeration in the C sources of the kernel's
// programs, with their names there.
func enumOf(t *testing.T, name string) []btf.EnumValue {
	t.Helper()
	spec, err := bpf.LoadProbe()
	if err != nil {
		t.Fatal(err)
	}
	var e *btf.Enum
	if err := spec.Types.TypeByName(name, &e); err != nil {
		t.Fatalf("enum %s: %v", name, err)
	}
	return e.Values
}

// stageNamed splits a stage's name in C into group and name. A stage without a
// group has only a name.
func stageNamed(c string) (Group, string) {
	word, rest, _ := strings.Cut(c, "_")
	group, ok := map[string]Group{
		"FIRST": First, "KEPT": Kept, "ITEM": Item, "LEAD": Lead, "BARE": Bare,
		"PASSED": Passed, "RETOOK": Retook, "JOINED": Joined,
	}[word]
	if !ok {
		rest = c
	}
	return group, strings.ToLower(strings.ReplaceAll(rest, "_", "-"))
}

// TestStages checks that the table has the stages of the kernel's programs,
// each at its number.
func TestStages(t *testing.T) {
	c := enumOf(t, "stage")
	if last := c[len(c)-1]; last.Name != "STAGES" || last.Value != uint64(len(All)) {
		t.Errorf("the table has %d stages, the programs end with %s = %d", len(All), last.Name, last.Value)
	}
	if got := int(bpf.ProbeStageSTAGES); got != len(All) {
		t.Errorf("the table has %d stages, the generated constant says %d", len(All), got)
	}
	for i, v := range c[:len(c)-1] {
		if v.Value != uint64(i) {
			t.Fatalf("%s is %d, want %d", v.Name, v.Value, i)
		}
		if i >= len(All) {
			break
		}
		if group, name := stageNamed(v.Name); All[i].Group != group || All[i].Name != name {
			t.Errorf("stage %d is %s in the programs, and %s %q in the table, want %s %q", i, v.Name, All[i].Group, All[i].Name, group, name)
		}
	}
}

// TestGroups checks that each group is contiguous and begins with its total, at
// the number from which the programs count.
func TestGroups(t *testing.T) {
	borders := map[Group]bpf.ProbeStage{
		First: bpf.ProbeStageFIRST_TOTAL, Kept: bpf.ProbeStageKEPT_TOTAL,
		Item: bpf.ProbeStageITEM_TOTAL, Lead: bpf.ProbeStageLEAD_TOTAL, Bare: bpf.ProbeStageBARE_TOTAL,
		Passed: bpf.ProbeStagePASSED_TOTAL, Retook: bpf.ProbeStageRETOOK_TOTAL, Joined: bpf.ProbeStageJOINED_TOTAL,
		Solitary: bpf.ProbeStageARM_BLOCK,
	}
	seen := map[Group]bool{}
	names := map[string]bool{}
	for i, s := range All {
		if i == 0 || s.Group != All[i-1].Group {
			if seen[s.Group] {
				t.Errorf("group %q is in two pieces, the second from %d", s.Group, i)
			}
			if from, ok := borders[s.Group]; !ok || int(from) != i {
				t.Errorf("group %q begins at %d, the programs' at %d", s.Group, i, from)
			}
		}
		if total := s.Name == "total"; total != (!seen[s.Group] && s.Group != Solitary) {
			t.Errorf("stage %d of group %q is %q: each sum, and nothing else, has a total and begins with it", i, s.Group, s.Name)
		}
		seen[s.Group] = true
		if key := string(s.Group) + " " + s.Name; names[key] {
			t.Errorf("%q is there twice", key)
		} else {
			names[key] = true
		}
	}
	if len(seen) != len(borders) {
		t.Errorf("there are %d groups, want %d", len(seen), len(borders))
	}
}

// TestStamps checks that the stages of a sum lead from its first stamp to its
// last, and that the package comment explains all stamps.
func TestStamps(t *testing.T) {
	text, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	_, list, _ := strings.Cut(string(text), "# Stamps")
	list, _, _ = strings.Cut(list, "# Sums")
	explained := regexp.MustCompile(`\b[a-z]\d\b`).FindAllString(list, -1)
	for _, s := range All {
		for _, stamp := range []string{s.From, s.To} {
			if !slices.Contains(explained, stamp) {
				t.Errorf("%s %s: stamp %q is not explained in the package comment", s.Group, s.Name, stamp)
			}
		}
		if s.Text == "" {
			t.Errorf("%s %s has no text", s.Group, s.Name)
		}
	}
	for i, total := range All {
		if total.Name != "total" {
			continue
		}
		var parts []Stage
		for _, s := range All[i+1:] {
			if s.Group == total.Group {
				parts = append(parts, s)
			}
		}
		if len(parts) == 0 {
			continue // only its total is known
		}
		from := slices.ContainsFunc(parts, func(s Stage) bool { return s.From == total.From })
		if to := parts[len(parts)-1].To; !from || to != total.To {
			t.Errorf("%s runs from %s to %s; a part begins there: %v, the last ends at %s", total.Group, total.From, total.To, from, to)
		}
	}
}

// TestPlacements checks the table of placements in the same way as TestStages.
func TestPlacements(t *testing.T) {
	c := enumOf(t, "placement")
	if len(c) != Placements+1 {
		t.Fatalf("the programs have %d placements, the table %d", len(c)-1, Placements)
	}
	for i, v := range c[:Placements] {
		if got := fmt.Sprint(Placement(i)); got != strings.ToLower(v.Name) || v.Value != uint64(i) {
			t.Errorf("placement %d is %s = %d in the programs, %s in Go", i, v.Name, v.Value, got)
		}
	}
}
