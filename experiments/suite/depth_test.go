package suite

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
)

// Keys and values that are nested too deeply are refused before package toml
// reads them, which would take minutes. The error names the line.
func TestTooDeep(t *testing.T) {
	const n = 20_000
	key := strings.TrimSuffix(strings.Repeat("a.", n), ".")
	for name, test := range map[string]struct{ text, says string }{
		"key":            {"title = 't'\n" + key + " = 1", "2: a key has more than 16 parts"},
		"table":          {"\n\n[" + key + "]", "3: a key has more than 16 parts"},
		"tables":         {"[[" + key + "]]", "1: a key has more than 16 parts"},
		"quoted":         {strings.Repeat(`"a.b".`, n) + "a = 1", "1: a key has more than 16 parts"},
		"spaced":         {strings.ReplaceAll(key, ".", " .\t") + " = 1", "1: a key has more than 16 parts"},
		"in a table":     {"x = { y = 1, " + key + " = 1 }", "1: a key has more than 16 parts"},
		"tables in each": {"x = \"\"\"\na\n\"\"\"\ny = " + strings.Repeat("{a=", n) + "1" + strings.Repeat("}", n), "4: lists and tables are nested more than 16 times"},
		"lists in each":  {"# [[[\nx = " + strings.Repeat("[", n) + strings.Repeat("]", n), "2: lists and tables are nested more than 16 times"},
	} {
		_, err := Read(fstest.MapFS{"s.toml": {Data: []byte(test.text)}}, "s.toml")
		if want := "suite s.toml:" + test.says; err == nil || err.Error() != want {
			t.Errorf("%s: %.200v, want %s", name, err, want)
		}
	}
	dots := strings.Repeat(".", 100)
	for _, text := range []string{
		"", "a = 1.5", `a = "` + dots + `"`, "a = '" + dots + "[[[[[[[[[[[[[[[[[[['", "a = '''\n" + dots + "'\n'''", `a = """` + dots + `\"""" # ` + dots,
		"# " + dots, "a = 'open " + dots, `a = "open ` + dots, `a = """open ` + dots, `"\`, strings.Repeat("a.b.c = [[1], [2.5]]\n", 100),
	} {
		if err := tooDeep([]byte(text)); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	}
	if err := tooDeep([]byte(fmt.Sprintf("%s = 1", strings.TrimSuffix(strings.Repeat("a.", mostParts), ".")))); err != nil {
		t.Errorf("%d parts: %v", mostParts, err)
	}
}
