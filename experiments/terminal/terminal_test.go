package terminal

import (
	"errors"
	"io"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestWidth(t *testing.T) {
	for s, want := range map[string]int{"": 0, "µs": 2, "✔ ≈ ✘ ?": 7, "日本": 4, "\x1b[33;1mW\x1b[0m": 1, "e\u0301": 1} {
		if got := Width(s); got != want {
			t.Errorf("%q takes %d columns, want %d", s, got, want)
		}
	}
}

func TestCut(t *testing.T) {
	for _, c := range []struct {
		s     string
		width int
		want  string
	}{{"leader", 6, "leader"}, {"leader", 5, "lead…"}, {"a b c", 3, "a…"}, {"日本", 3, "日…"}} {
		if got := Cut(c.s, c.width); got != c.want {
			t.Errorf("Cut(%q, %d) is %q, want %q", c.s, c.width, got, c.want)
		}
	}
}

func TestFoldHangsBelowTheLastColumn(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"short\n", "short\n"},
		{"  leader  takes turns at accepting a connection\n", "  leader  takes turns at\n          accepting a\n          connection\n"},
		{"one two three four five six seven\n", "one two three four five\n  six seven\n"},
		{"a-name-that-is-far-to-long-to-fit-here and more\n", "a-name-that-is-far-to-long-to-fit-here\n  and more\n"},
		{"no end", ""},
	} {
		var out strings.Builder
		if _, err := io.WriteString(Fold(&out, 24), c.in); err != nil {
			t.Fatal(err)
		}
		if got := out.String(); got != c.want {
			t.Errorf("%q is folded to\n%s, want\n%s", c.in, got, c.want)
		}
	}
}

// A fold loses no word, keeps their order, and leaves no line longer than the
// width unless one word is, however the text is cut into writes.
func TestFoldKeepsAllWords(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		width := rapid.IntRange(12, 60).Draw(t, "width")
		text := rapid.StringMatching(`([ ]{0,3}[a-zµ]{1,10}([ ]{1,4}[a-zµ✔]{1,10}){0,12}\n){1,4}`).Draw(t, "text")
		cut := rapid.IntRange(0, len(text)).Draw(t, "cut")
		var out strings.Builder
		f := Fold(&out, width)
		for _, part := range []string{text[:cut], text[cut:]} {
			if n, err := io.WriteString(f, part); err != nil || n != len(part) {
				t.Fatalf("%d of %d written: %v", n, len(part), err)
			}
		}
		if got, want := strings.Fields(out.String()), strings.Fields(text); strings.Join(got, " ") != strings.Join(want, " ") {
			t.Fatalf("words are %q, want %q", got, want)
		}
		for line := range strings.Lines(out.String()) {
			if line = strings.TrimSuffix(line, "\n"); Width(line) > width && len(strings.Fields(line)) > 1 {
				t.Fatalf("%q takes %d columns of %d", line, Width(line), width)
			}
		}
	})
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("broken") }

func TestFoldReturnsErrors(t *testing.T) {
	if _, err := io.WriteString(Fold(broken{}, 10), "text\n"); err == nil {
		t.Error("no error of the writer below")
	}
}
