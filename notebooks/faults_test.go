package notebooks

import (
	"encoding/json"
	"strings"
	"testing"
)

// sound is a small notebook without a fault.
const sound = `{"cells": [
	{"cell_type": "markdown", "id": "a", "metadata": {}, "source": ["# The p99 of ` + "`accept4`" + `\n", "See [this](1-this.ipynb)."]},
	{"cell_type": "code", "id": "b", "metadata": {}, "execution_count": 1, "source": "%noautoget\n!*go work init . \"$GONB_DIR\"", "outputs": []},
	{"cell_type": "code", "id": "c", "metadata": {}, "execution_count": 2,
	 "source": ["%%\n", "page.Say(\"%d of %.1f %%, the p99\", n, 100*x)\n", "page.Check(page.Figure(run, \"cpu\"))"],
	 "outputs": [
		{"output_type": "display_data", "metadata": {}, "data": {"text/markdown": ["3 of 4.5 %, the p99"]}},
		{"output_type": "display_data", "metadata": {}, "data": {"image/svg+xml": ["<svg/>"], "text/plain": ["figure"]}}]},
	{"cell_type": "code", "id": "d", "metadata": {"tags": ["measured"]}, "execution_count": 3, "source": "!date",
	 "outputs": [{"output_type": "stream", "name": "stdout", "text": ["12\n"]}]}
]}`

func parse(t *testing.T, text string) *notebook {
	t.Helper()
	var nb notebook
	if err := json.Unmarshal([]byte(text), &nb); err != nil {
		t.Fatal(err)
	}
	return &nb
}

// TestFaultsAreFound damages the sound notebook in one place each.
func TestFaultsAreFound(t *testing.T) {
	if got := parse(t, sound).faults(); len(got) > 0 {
		t.Fatalf("faults of a sound notebook: %q", got)
	}
	for _, tt := range []struct{ name, old, new, want string }{
		{"error", `{"output_type": "stream", "name": "stdout", "text": ["12\n"]}`, `{"output_type": "error", "evalue": "no such file"}`, "cell d: ended with an error: no such file"},
		{"exit status", `"stdout", "text": ["12\n"]`, `"stderr", "text": ["exit status 1\n"]`, "cell d: wrote to standard error: exit status 1"},
		{"not executed", `"execution_count": 2`, `"execution_count": null`, "cell c: was not executed in its turn"},
		{"out of turn", `"execution_count": 3`, `"execution_count": 7`, "cell d: was not executed in its turn"},
		{"no output", `[{"output_type": "stream", "name": "stdout", "text": ["12\n"]}]`, `[]`, "cell d: has no output"},
		{"no picture", `"image/svg+xml": ["<svg/>"], `, ``, "it has no picture"},
		{"path", `["12\n"]`, `["/tmp/run-1/report.html\n"]`, "cell d: shows a path of the machine it ran on: /tmp/run-1/report.html"},
		{"typed into Markdown", `# The p99`, `# The p99 is 12.5 us`, `cell a: the number "12.5" is typed`},
		{"typed into a sentence", `%d of`, `3 of`, `cell c: the number "3" is typed`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			damaged := strings.Replace(sound, tt.old, tt.new, 1)
			if damaged == sound {
				t.Fatalf("%q does not stand in the notebook", tt.old)
			}
			got := parse(t, damaged).faults()
			if len(got) != 1 || !strings.Contains(got[0], tt.want) {
				t.Errorf("faults %q, want one with %q", got, tt.want)
			}
		})
	}
}

func TestStaleOutputsAreFound(t *testing.T) {
	now := parse(t, sound)
	for _, tt := range []struct{ name, old, new, want string }{
		{"text", `3 of 4.5`, `3 of 4.6`, "c"},
		{"picture", `<svg/>`, `<svg></svg>`, "c"},
		{"a cell that was not there", `"id": "b"`, `"id": "z"`, "b"},
		{"measured", `["12\n"]`, `["13\n"]`, ""},
		{"measured, but never shown", `[{"output_type": "stream", "name": "stdout", "text": ["12\n"]}]`, `[]`, "d"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := strings.Join(stale(parse(t, strings.Replace(sound, tt.old, tt.new, 1)), now), " "); got != tt.want {
				t.Errorf("stale cells %q, want %q", got, tt.want)
			}
		})
	}
}
