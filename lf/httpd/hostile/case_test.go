package hostile

import (
	"bytes"
	"testing"
)

func TestCasesAreWellFormed(t *testing.T) {
	cases := Cases()
	if len(cases) < 70 {
		t.Errorf("%d cases", len(cases))
	}
	seen := map[string]bool{}
	requests := map[string]string{}
	for _, c := range cases {
		if c.Name == "" || seen[c.Name] {
			t.Errorf("name %q is empty or there twice", c.Name)
		}
		seen[c.Name] = true
		if other, ok := requests[string(c.Request)]; ok && !c.HalfClose {
			t.Errorf("%s sends the same as %s", c.Name, other)
		}
		requests[string(c.Request)] = c.Name
		if len(c.Want) == 0 {
			t.Errorf("%s: no status is right", c.Name)
		}
		for _, code := range c.Want {
			if code < 200 || code > 599 {
				t.Errorf("%s: status %d", c.Name, code)
			}
			if code < 300 && c.AllowClose {
				t.Errorf("%s: a request that may be served may not be dropped", c.Name)
			}
		}
		if bytes.Contains(c.Request, []byte("Expect: 100-continue\r\n")) && bytes.Contains(c.Request, []byte("Content-Length")) && c.Want[0] < 300 {
			t.Errorf("%s: the answer would begin with 100", c.Name)
		}
	}
}
