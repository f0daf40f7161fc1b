package control

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"

	"lflab/lf"
	"lflab/lf/directive"
	"lflab/lf/mpm"
)

// resolved returns the settings of flags and lines of a configuration file.
func resolved(t *testing.T, flags, lines []string) (*directive.Settings, error) {
	t.Helper()
	set := pflag.NewFlagSet("serve", pflag.ContinueOnError)
	f := directive.NewFlags(set)
	if err := set.Parse(flags); err != nil {
		t.Fatal(err)
	}
	config := ""
	if lines != nil {
		config = filepath.Join(t.TempDir(), "server.conf")
		if err := os.WriteFile(config, []byte(strings.Join(lines, "\n")+"\nListen 127.0.0.1:0\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s, _, err := Resolve(config, nil, f, nil)
	return s, err
}

// directiveOf returns the directive whose flag has that name.
func directiveOf(t *testing.T, flag string) string {
	t.Helper()
	all := directive.Table()
	at := slices.IndexFunc(all, func(e directive.Entry) bool { return e.FlagName() == flag })
	if at < 0 {
		t.Fatalf("option %s is no directive", flag)
	}
	return all[at].Name
}

// samples returns flags that set an option to different values, each with an
// architecture and other flags that fit.
func samples(o lf.Option) (all [][]string) {
	if o.Of == lf.OfPart {
		for _, k := range mpm.Kinds() {
			for _, c := range k.Choices {
				for _, v := range c.Values {
					if c.Name == o.Name {
						all = append(all, []string{v.Name, "mpm " + k.Name})
					}
				}
			}
		}
		return all
	}
	for _, v := range o.Values {
		with := []string{v.Name, "mpm reactor"}
		if o.Name == "order" {
			with = append(with, "promotion handoff")
		}
		if v.Name == "native" {
			with = append(with, "primitive flock")
		}
		all = append(all, with)
	}
	switch o.At(new(lf.Policy)).(type) {
	case *int:
		return [][]string{{"1", "mpm reactor"}, {"2", "mpm reactor"}}
	case *time.Duration:
		return [][]string{{"1us", "mpm reactor"}, {"70ms", "mpm reactor"}}
	}
	return all
}

// The value that a flag or directive sets for an option reaches the child's
// legacy and the output of --check.
func TestPolicyComesThrough(t *testing.T) {
	for _, o := range lf.PolicyOptions() {
		values := samples(o)
		if len(values) < 2 {
			t.Errorf("option %s has %d values to try", o.Name, len(values))
		}
		for _, sample := range values {
			said := append([]string{o.Name + " " + sample[0]}, sample[1:]...)
			var flags, lines []string
			for _, s := range said {
				name, value, _ := strings.Cut(s, " ")
				flags = append(flags, "--"+name+"="+value)
				lines = append(lines, directiveOf(t, name)+" "+value)
			}
			byFlag, err := resolved(t, flags, nil)
			if err != nil {
				t.Errorf("%v: %v", flags, err)
				continue
			}
			byLine, err := resolved(t, nil, lines)
			if err != nil {
				t.Errorf("%v: %v", lines, err)
				continue
			}
			if byFlag.Policy != byLine.Policy {
				t.Errorf("%v come to %+v, %v to %+v", flags, byFlag.Policy, lines, byLine.Policy)
			}
			passport, err := json.Marshal(legacy{Config: ConfigOf(byLine, &byLine.Groups[0])})
			if err != nil {
				t.Fatal(err)
			}
			var child legacy
			if err := json.Unmarshal(passport, &child); err != nil {
				t.Fatal(err)
			}
			if got := child.Config.Policy; got != byFlag.Policy || strings.Replace(o.Text(&got), "µ", "u", 1) != sample[0] {
				t.Errorf("%v: the child has %+v, its parent %+v", lines, got, byFlag.Policy)
			}
			var told strings.Builder
			if err := directive.Check(&told, byLine, nil); err != nil {
				t.Fatal(err)
			}
			if want := fmt.Sprintf("%s %s ", directiveOf(t, o.Name), sample[0]); !strings.Contains(strings.Join(strings.Fields(told.String()), " "), want) {
				t.Errorf("%v: --check does not tell %q", lines, want)
			}
		}
	}
}

// An unknown value of an option is refused, in a flag and in a file, with its
// name and the known values.
func TestWrongPolicy(t *testing.T) {
	for _, o := range lf.PolicyOptions() {
		bad, want := "nonsense", []string{"nonsense"}
		switch o.At(new(lf.Policy)).(type) {
		case *int:
			bad = fmt.Sprint(o.Most + 1)
			want = []string{bad, fmt.Sprintf("not in 0 to %d", o.Most)}
		case *time.Duration:
			bad = fmt.Sprint(time.Duration(o.Most + 1))
			want = []string{bad, fmt.Sprintf("not in 0s to %v", time.Duration(o.Most))}
		default:
			want = append(want, "unknown "+o.Name, "known: ")
			for _, sample := range samples(o) {
				want = append(want, sample[0])
			}
		}
		name := directiveOf(t, o.Name)
		_, byFlag := resolved(t, []string{"--" + o.Name + "=" + bad}, nil)
		_, byLine := resolved(t, nil, []string{name + " " + bad})
		for where, err := range map[string]error{"--" + o.Name: byFlag, name: byLine} {
			for _, part := range append(want, where) {
				if err == nil || !strings.Contains(err.Error(), part) {
					t.Errorf("%s %s: error %v, want %q in it", where, bad, err, part)
				}
			}
		}
	}
	// A value that a flag overrides is not checked.
	s, err := resolved(t, []string{"--promotion=lazy"}, []string{"Promotion nonsense"})
	if err != nil || s.Promotion != lf.Lazy {
		t.Errorf("a flag in place of a wrong line: %v", err)
	}
	if _, err := resolved(t, []string{"--promotion=nonsense"}, []string{"Promotion lazy"}); err == nil || !strings.Contains(err.Error(), `--promotion nonsense: unknown promotion (known: handoff, `) {
		t.Errorf("a wrong flag in place of a line: %v", err)
	}
}
