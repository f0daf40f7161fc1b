package page

import "testing"

func TestTable(t *testing.T) {
	got := table([]string{"mpm", "CPU us"}, [][]string{{"leader|close", "33.6"}, {"worker", ""}})
	want := `| mpm | CPU us |
| :-- | --: |
| leader\|close | 33.6 |
| worker |  |
`
	if got != want {
		t.Errorf("table:\n%s\nwant:\n%s", got, want)
	}
}
