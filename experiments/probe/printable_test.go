package probe

import "testing"

func TestPrintable(t *testing.T) {
	for name, want := range map[string]string{
		"nginx: worker": "nginx: worker",
		"\x1b[2Jgone":   `\x1b[2Jgone`,
		"two\nlines":    `two\nlines`,
		"bell\a":        `bell\a`,
		"übung 線":       "übung 線",
		"half\xc3":      `half\ufffd`,
		"":              "",
	} {
		if got := printable(name); got != want {
			t.Errorf("%q is printed as %q, want %q", name, got, want)
		}
	}
}
