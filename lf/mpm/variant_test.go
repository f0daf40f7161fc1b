package mpm

import (
	"testing"

	"lflab/lf/sock"
)

// variant is an architecture with one of its parts chosen by name.
type variant struct {
	kind          Kind
	choice, value string // "" for what is the default
}

// variants are all architectures, as they are by default and with each other
// value of each of their choices.
func variants() (all []variant) {
	for _, k := range Kinds() {
		all = append(all, variant{kind: k})
		for _, c := range k.Choices {
			for _, v := range c.Values[1:] {
				all = append(all, variant{k, c.Name, v.Name})
			}
		}
	}
	return all
}

func (v variant) String() string {
	if v.choice == "" {
		return "mpm=" + v.kind.Name
	}
	return "mpm=" + v.kind.Name + "/" + v.choice + "=" + v.value
}

// usable tells why the variant does not work on this machine.
func (v variant) usable() error {
	if v.choice != "accept" {
		return nil
	}
	mode, err := sock.LookupAcceptMode(v.value)
	if err != nil {
		return err
	}
	return mode.Usable()
}

func (v variant) choose(c *Config) {
	if v.choice != "" {
		c.Chosen = map[string]string{v.choice: v.value}
	}
}

// everyVariant runs a test against a server of each variant.
func everyVariant(t *testing.T, s setup, test func(*testing.T, *rig)) {
	for _, v := range variants() {
		t.Run(v.String(), func(t *testing.T) { test(t, startVariant(t, v, s)) })
	}
}

func startVariant(t testing.TB, v variant, s setup) *rig {
	t.Helper()
	if err := v.usable(); err != nil {
		t.Skip(err)
	}
	change := s.change
	s.change = func(c *Config) {
		v.choose(c)
		if change != nil {
			change(c)
		}
	}
	return start(t, v.kind.Name, s)
}

// TestChoicesAreWhole: every value of every choice has a name and says what it
// is, and an unknown one is refused with the known ones.
func TestChoicesAreWhole(t *testing.T) {
	for _, v := range variants() {
		for _, c := range v.kind.Choices {
			seen := map[string]bool{}
			for _, value := range c.Values {
				if value.Name == "" || value.Doc == "" || seen[value.Name] {
					t.Errorf("%s %s: %+v", v.kind.Name, c.Name, value)
				}
				seen[value.Name] = true
			}
			cfg := Config{Threads: v.kind.MinThreads, Chosen: map[string]string{c.Name: "nonsense"}}
			if err := v.kind.Check(cfg); err == nil {
				t.Errorf("%s: %s nonsense is accepted", v.kind.Name, c.Name)
			}
		}
		if err := v.kind.Check(Config{Threads: v.kind.MinThreads, Chosen: map[string]string{"nothing": "x"}}); err == nil {
			t.Errorf("%s: a choice that it does not have is accepted", v.kind.Name)
		}
	}
}
