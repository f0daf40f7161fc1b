package probe

import (
	"reflect"
	"strings"
	"testing"

	"github.com/cilium/ebpf/btf"

	"lflab/experiments/probe/bpf"
)

// TestCountMap checks that each counter has the name and the value that it has
// in the programs.
func TestCountMap(t *testing.T) {
	spec, err := bpf.LoadProbe()
	if err != nil {
		t.Fatal(err)
	}
	var c *btf.Struct
	if err := spec.Types.TypeByName("counts", &c); err != nil {
		t.Fatal(err)
	}
	var counts bpf.ProbeCounts
	v := reflect.ValueOf(&counts).Elem()
	for i := range v.NumField() {
		if v.Type().Field(i).IsExported() {
			v.Field(i).SetUint(uint64(v.Type().Field(i).Offset)) // unique, and the object knows it too
		}
	}
	m := countMap(&counts)
	if len(m) != len(c.Members) {
		t.Errorf("%d counters are named, the programs have %d", len(m), len(c.Members))
	}
	for _, member := range c.Members {
		if got, ok := m[member.Name]; !ok || got != uint64(member.Offset.Bytes()) {
			t.Errorf("%s is %d, want that of offset %d (named: %v)", member.Name, got, member.Offset.Bytes(), ok)
		}
	}
	for name := range m {
		if name != strings.ToLower(name) || strings.Contains(name, "__") {
			t.Errorf("name %q", name)
		}
	}
}

// TestAddCounts checks that addCounts adds each counter to the same counter.
func TestAddCounts(t *testing.T) {
	var sum, one bpf.ProbeCounts
	v, w := reflect.ValueOf(&sum).Elem(), reflect.ValueOf(&one).Elem()
	for i := range v.NumField() {
		if v.Type().Field(i).IsExported() {
			v.Field(i).SetUint(uint64(i))
			w.Field(i).SetUint(uint64(1000 * i))
		}
	}
	addCounts(&sum, &one)
	for i := range v.NumField() {
		if f := v.Type().Field(i); f.IsExported() && v.Field(i).Uint() != uint64(1001*i) {
			t.Errorf("%s is %d, want %d", f.Name, v.Field(i).Uint(), 1001*i)
		}
	}
}
