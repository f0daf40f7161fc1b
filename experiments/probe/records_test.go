package probe

import (
	"encoding/binary"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"lflab/experiments/probe/bpf"
)

// layouts pairs each Go record with the record that the kernel's programs
// write.
var layouts = []struct {
	kind   bpf.ProbeRecordKind
	goes   any
	kernel any
}{
	{bpf.ProbeRecordKindRECORD_REQUEST, Request{}, bpf.ProbeRecordRequest{}},
	{bpf.ProbeRecordKindRECORD_HANDOFF, Handoff{}, bpf.ProbeRecordHandoff{}},
	{bpf.ProbeRecordKindRECORD_GAP, Gap{}, bpf.ProbeRecordGap{}},
	{bpf.ProbeRecordKindRECORD_WAIT, Wait{}, bpf.ProbeRecordWait{}},
	{bpf.ProbeRecordKindRECORD_WAKE, Wake{}, bpf.ProbeRecordWake{}},
	{bpf.ProbeRecordKindRECORD_RUN, Run{}, bpf.ProbeRecordRun{}},
}

// renamed are fields with another name in Go.
var renamed = map[string]string{
	"time": "ts", "return": "ret", "passreturn": "passret", "receipt.tid": "receipt.by", "receipt.return": "receipt.ret",
	"_": "padding",
}

// leaves lists the numeric fields of a struct and of its nested structs: name,
// offset and size.
func leaves(t reflect.Type, prefix string, offset uintptr) (all []string) {
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Type.Size() == 0 { // a marker for the compiler
			continue
		}
		name := prefix + strings.ToLower(f.Name)
		if f.Type.Kind() == reflect.Struct {
			all = append(all, leaves(f.Type, name+".", offset+f.Offset)...)
			continue
		}
		if to, ok := renamed[name]; ok {
			name = to
		}
		all = append(all, fmt.Sprintf("%s: %d bytes at %d", name, f.Type.Size(), offset+f.Offset))
	}
	return all
}

// TestLayouts checks that each kernel field is at the same offset in the Go
// record.
func TestLayouts(t *testing.T) {
	for _, l := range layouts {
		g, k := reflect.TypeOf(l.goes), reflect.TypeOf(l.kernel)
		if g.Size() != k.Size() {
			t.Errorf("%s has %d bytes, the kernel's %d", g.Name(), g.Size(), k.Size())
		}
		mine, theirs := leaves(g, "", 0), leaves(k, "", 0)
		if slices.Equal(mine, theirs) {
			continue
		}
		for i := range max(len(mine), len(theirs)) {
			at := func(list []string) string {
				if i < len(list) {
					return list[i]
				}
				return "nothing"
			}
			if at(mine) != at(theirs) {
				t.Errorf("%s, field %d: in Go %s, in the kernel %s", g.Name(), i, at(mine), at(theirs))
			}
		}
	}
}

// numbered returns a kernel record in which all numbers differ.
func numbered(kind bpf.ProbeRecordKind, record any) (raw []byte, values []uint64) {
	v := reflect.New(reflect.TypeOf(record)).Elem()
	var fill func(v reflect.Value)
	fill = func(v reflect.Value) {
		for i := range v.NumField() {
			switch f := v.Field(i); {
			case f.Type().Size() == 0:
			case f.Kind() == reflect.Struct:
				fill(f)
			default:
				n := uint64(1000*int(kind) + len(values))
				if len(values) == 0 {
					n = uint64(kind)
				}
				values = append(values, n)
				if f.CanInt() {
					f.SetInt(int64(n))
				} else {
					f.SetUint(n)
				}
			}
		}
	}
	fill(v)
	raw, err := binary.Append(nil, binary.NativeEndian, v.Interface())
	if err != nil {
		panic(err)
	}
	return raw, values
}

// numbers returns the numbers of a Go record in order.
func numbers(v reflect.Value) (all []uint64) {
	for i := range v.NumField() {
		switch f := v.Field(i); {
		case f.Kind() == reflect.Struct:
			all = append(all, numbers(f)...)
		case f.CanInt():
			all = append(all, uint64(f.Int()))
		default:
			all = append(all, f.Uint())
		}
	}
	return all
}

// TestAddRecords checks that each kind of record arrives complete in its list.
func TestAddRecords(t *testing.T) {
	var r Records
	lists := reflect.ValueOf(&r).Elem()
	if n := lists.NumField(); n != len(layouts)+1 { // the last field is the time of the beginning
		t.Fatalf("%d kinds of records are known, and Records has %d fields", len(layouts), n)
	}
	for i, l := range layouts {
		raw, want := numbered(l.kind, l.kernel)
		// The ring rounds sizes up to a multiple of 8 bytes.
		if err := r.add(append(raw, make([]byte, 8)...)); err != nil {
			t.Fatalf("%T: %v", l.kernel, err)
		}
		for j := range layouts {
			if got, want := lists.Field(j).Len(), len(layouts[:i+1]); got != min(1, max(0, want-j)) {
				t.Fatalf("after %T there are %d of %s", l.kernel, got, lists.Type().Field(j).Name)
			}
		}
		if got := numbers(lists.Field(i).Index(0)); !slices.Equal(got, want) {
			t.Errorf("%T arrives as %d, want %d", l.kernel, got, want)
		}
		for _, short := range [][]byte{raw[:len(raw)-8], raw[:7], nil} {
			if err := r.add(short); err == nil {
				t.Errorf("%d bytes of a %T, which has %d, are taken in", len(short), l.kernel, len(raw))
			}
		}
	}
	for _, kind := range []uint32{0, uint32(bpf.ProbeRecordKindRECORD_RUN) + 1} {
		if err := r.add(binary.NativeEndian.AppendUint32(make([]byte, 0, 64), kind)[:64]); err == nil {
			t.Errorf("a record of kind %d is taken in", kind)
		}
	}
}

// TestSortRecords checks the order by time of records that CPUs write in any
// order. Records with equal times stay in the order of their arrival.
func TestSortRecords(t *testing.T) {
	var r Records
	lists := reflect.ValueOf(&r).Elem()
	for i := range layouts {
		list := lists.Field(i)
		for n, at := range []uint64{30, 10, 20, 10} {
			one := reflect.New(list.Type().Elem()).Elem()
			one.FieldByName("Time").SetUint(at)
			one.FieldByName("TID").SetUint(uint64(n))
			list.Set(reflect.Append(list, one))
		}
	}
	r.sort()
	for i := range layouts {
		var order []uint64
		for n := range 4 {
			order = append(order, lists.Field(i).Index(n).FieldByName("TID").Uint())
		}
		if want := []uint64{1, 3, 2, 0}; !slices.Equal(order, want) {
			t.Errorf("%s are in order %d, want %d", lists.Type().Field(i).Name, order, want)
		}
	}
}
