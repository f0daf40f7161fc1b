package lf

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"
)

// TestTableIsThePolicy checks that each field of a Policy has one line in the
// table, and that each line is complete and has a field of its own.
func TestTableIsThePolicy(t *testing.T) {
	var p Policy
	v := reflect.ValueOf(&p).Elem()
	lines := map[any]string{}
	for _, o := range PolicyOptions() {
		field := o.At(&p)
		if other, ok := lines[field]; ok {
			t.Errorf("options %s and %s are one field", o.Name, other)
		}
		lines[field] = o.Name
		if o.Name == "" || o.Name != strings.ToLower(o.Name) || o.Doc == "" || o.Zero == "" {
			t.Errorf("%+v", o)
		}
		switch field.(type) {
		case *int, *time.Duration:
			if o.Most <= 0 || o.Values != nil {
				t.Errorf("number %s: at most %d, values %v", o.Name, o.Most, o.Values)
			}
		}
	}
	for i := range v.NumField() {
		if _, ok := lines[v.Field(i).Addr().Interface()]; !ok {
			t.Errorf("field %s has no line in the table", v.Type().Field(i).Name)
		}
	}
}

// TestWords checks that an option has the names of its constants, in order,
// reads what it writes, and refuses other names with a list of the known ones.
func TestWords(t *testing.T) {
	words := map[string]int{}
	for _, o := range PolicyOptions() {
		if o.Values == nil {
			continue
		}
		var names []string
		for i, value := range o.Values {
			names = append(names, value.Name)
			var p, back Policy
			if err := o.Choose(&p, value.Name); err != nil {
				t.Errorf("%s %s: %v", o.Name, value.Name, err)
			}
			if at := reflect.ValueOf(o.At(&p)).Elem().Uint(); at != uint64(i+1) || o.Text(&p) != value.Name || !o.Given(&p) || value.Doc == "" {
				t.Errorf("%s %s is number %d, and written %q", o.Name, value.Name, at, o.Text(&p))
			}
			text, err := json.Marshal(p)
			if err == nil {
				err = json.Unmarshal(text, &back)
			}
			if err != nil || back != p || !strings.Contains(string(text), `"`+value.Name+`"`) {
				t.Errorf("%s %s: read back from %s as %+v, error %v", o.Name, value.Name, text, back, err)
			}
		}
		var p Policy
		for _, bad := range []string{"nonsense", " ", strings.ToUpper(names[0]), names[0] + " "} {
			want := "unknown " + o.Name + ` "` + bad + `" (known: ` + strings.Join(names, ", ") + ")"
			if err := o.Choose(&p, bad); err == nil || err.Error() != want {
				t.Errorf("error %v, want %q", err, want)
			}
		}
		if err := o.Choose(&p, ""); err != nil || o.Given(&p) {
			t.Errorf("%s without a name: error %v, policy %+v", o.Name, err, p)
		}
		words[o.Name] = len(names)
	}
	last := map[string]int{"order": int(Native), "promotion": int(Adaptive), "deactivate": int(Oneshot), "association": int(Bound)}
	if !reflect.DeepEqual(words, last) {
		t.Errorf("words %v, last constants %v", words, last)
	}
	for name, word := range map[string]interface{ String() string }{
		"lifo": LIFO, "fifo": FIFO, "priority": Priority, "native": Native,
		"handoff": Handoff, "open": Open, "after-read": AfterRead, "after": After, "lazy": Lazy, "heir": Heir, "adaptive": Adaptive,
		"edge": Edge, "oneshot": Oneshot, "unbound": Unbound, "bound": Bound,
	} {
		if word.String() != name {
			t.Errorf("%s is written %q", name, word)
		}
	}
	if _, err := json.Marshal(Policy{Order: Native + 1}); err == nil {
		t.Error("a word that there is not is written")
	}
}

// TestZeroIsAsTold checks that the table's description of a default matches the
// pool's default.
func TestZeroIsAsTold(t *testing.T) {
	var p Policy
	p.complete(false)
	for _, o := range PolicyOptions() {
		zero, ok := strings.CutPrefix(o.Zero, "0: ")
		if !ok || o.Of != OfPool {
			continue
		}
		if plain := strings.NewReplacer("µ", "u", " ", ""); plain.Replace(o.Text(&p)) != plain.Replace(zero) {
			t.Errorf("%s comes to %s, the table says %s", o.Name, o.Text(&p), zero)
		}
	}
}
