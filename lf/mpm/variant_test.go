package mpm

import (
	"slices"
	"strings"
	"testing"

	"lflab/lf"
	"lflab/lf/httpd"
	"lflab/lf/sock"
	"lflab/sync/park"
)

// variant is an architecture with one of its parts chosen by name.
type variant struct {
	kind          Kind
	choice, value string // empty for the default
}

// variants returns all architectures that serve several connections at a time,
// each with its defaults and with each other value of each of its choices.
func variants() []variant {
	return slices.DeleteFunc(everyKind(), func(v variant) bool { return v.kind.MaxThreads == 1 })
}

// everyKind returns variants and those that serve one connection at a time.
func everyKind() (all []variant) {
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

// plainKinds returns all architectures with their defaults.
func plainKinds() []variant {
	return slices.DeleteFunc(everyKind(), func(v variant) bool { return v.choice != "" })
}

func (v variant) String() string {
	if v.choice == "" {
		return "mpm=" + v.kind.Name
	}
	return "mpm=" + v.kind.Name + "/" + v.choice + "=" + v.value
}

// usable returns why the variant does not work on this machine, or nil.
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
	if v.choice == "" {
		return
	}
	if err := choiceOf(v.choice).Choose(&c.Policy, v.value); err != nil {
		panic(err) // cannot happen: the value is from the registry
	}
}

// each runs a test for each of the variants, in parallel.
func each(t *testing.T, all []variant, test func(*testing.T, variant)) {
	t.Helper()
	unchanged(t)
	for _, v := range all {
		t.Run(v.String(), func(t *testing.T) {
			t.Parallel()
			test(t, v)
		})
	}
}

// everyVariant runs a test against a server of each variant, in parallel.
func everyVariant(t *testing.T, s setup, test func(*testing.T, *rig)) {
	t.Helper()
	each(t, variants(), func(t *testing.T, v variant) { test(t, startVariant(t, v, s)) })
}

// someVariants is everyVariant for tests that depend little on the choices. It
// leaves out variants that differ in those, except in long tests.
func someVariants(t *testing.T, s setup, test func(*testing.T, *rig)) {
	t.Helper()
	each(t, slices.DeleteFunc(variants(), unlikely), func(t *testing.T, v variant) { test(t, startVariant(t, v, s)) })
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

// TestChoicesAreWhole checks that every value of every choice has a name and a
// description, and that the error for an unknown name lists the known ones.
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
			cfg := Config{Threads: v.kind.MinThreads}
			err := c.Choose(&cfg.Policy, "nonsense")
			if err == nil {
				err = v.kind.Check(cfg)
			}
			if err == nil || !strings.Contains(err.Error(), `unknown `+c.Name+` "nonsense" (known: `+c.Values[0].Name) {
				t.Errorf("%s: %s nonsense: error %v", v.kind.Name, c.Name, err)
			}
		}
		for _, c := range Choices() {
			if slices.ContainsFunc(v.kind.Choices, func(own Choice) bool { return own.Name == c.Name }) {
				continue
			}
			cfg := Config{Threads: v.kind.MinThreads}
			if err := c.Choose(&cfg.Policy, c.Values[0].Name); err != nil {
				t.Fatal(err)
			}
			if err := v.kind.Check(cfg); err == nil || !strings.Contains(err.Error(), "has no "+c.Name+" to choose") {
				t.Errorf("%s: %s, which it does not have: error %v", v.kind.Name, c.Name, err)
			}
		}
	}
}

// TestUnsuited checks that unsuitable combinations are refused with a reason.
func TestUnsuited(t *testing.T) {
	parker := func(name string) park.Kind {
		kind, err := park.Lookup(name)
		if err != nil {
			t.Fatal(err)
		}
		return kind
	}
	tests := []struct {
		mpm, choice, value string
		change             func(*Config)
		want               string
	}{
		{"worker", "form", "spin", func(c *Config) { c.Parker = parker("spinfutex") }, "spin budget twice"},
		{"worker", "form", "spin", func(c *Config) { c.Parker = parker("yield") }, "spin budget twice"},
		{"leader", "accept", "uring", func(c *Config) { c.Leaders = 2 }, "one thread at a time"},
		{"leader", "accept", "epoll-et", nil, "unknown accept"},
		{"kernel", "accept", "uring", nil, "unknown accept"},
		{"kernel", "accept", "poll", nil, "unknown accept"},
		{"percore", "accept", "poll", nil, "has no accept to choose"},
		{"percore", "", "", func(c *Config) { c.Order = lf.LIFO }, "no pool of followers"},
		{"goroutine", "", "", func(c *Config) { c.CPU = onFirst }, "cannot be pinned"},
		{"leader", "", "", func(c *Config) { c.CPU, c.Parker = onFirst, parker("unlocked-channel") }, "cannot be pinned"},
	}
	for _, test := range tests {
		cfg := Config{Threads: 4, Parker: park.Kinds()[0]}
		if test.choice != "" {
			if err := choiceOf(test.choice).Choose(&cfg.Policy, test.value); err != nil {
				t.Fatal(err)
			}
		}
		if test.change != nil {
			test.change(&cfg)
		}
		if _, err := New(test.mpm, cfg); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s with %s %s: error %v, want %q in it", test.mpm, test.choice, test.value, err, test.want)
		}
	}
}

// TestPercoreNeedsToShareItsAddress checks that a listener without ReusePort is
// refused, and that nothing stays open.
func TestPercoreNeedsToShareItsAddress(t *testing.T) {
	web, err := httpd.New(httpd.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer web.Close()
	l, err := sock.Listen(sock.Options{Address: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	before := descriptors(t)
	_, err = New("percore", Config{Listeners: []*sock.Listener{l}, Service: web, Threads: 2, Parker: park.Kinds()[0]})
	if err == nil || !strings.Contains(err.Error(), "set Options.ReusePort") {
		t.Errorf("error %v", err)
	}
	if n := descriptors(t); n != before {
		t.Errorf("%d descriptors, %d before", n, before)
	}
}
