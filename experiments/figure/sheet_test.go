package figure

import (
	"slices"
	"testing"
)

// A title that is wider than its panel breaks between its parts, and the sheet
// makes room for the lines.
func TestTitlesBreakBetweenTheirParts(t *testing.T) {
	long := "closing connections, place = free, idle = default · open loop, 1,000/s"
	row := []tile{{title: long}, {title: "short"}, {title: "short"}}
	s := &sheet{width: twoColumns, row: 100, rows: [][]tile{row}}
	want := []string{"closing connections, place = free,", "idle = default · open loop, 1,000/s"}
	if got := s.titleLines(long); !slices.Equal(got, want) {
		t.Errorf("lines %q, want %q", got, want)
	}
	if got := s.titleHeight(); got != titleHeight+titleLine {
		t.Errorf("titles take %v", got)
	}
	alone := &sheet{width: twoColumns, row: 100, rows: [][]tile{{{title: long}, {}, {}}}}
	if got := alone.titleLines(long); len(got) != 1 {
		t.Errorf("a title with no neighbour breaks: %q", got)
	}
	short := &sheet{width: twoColumns, row: 100, rows: [][]tile{{{title: "a"}, {title: "b"}}}}
	if short.height()+titleLine != s.height() {
		t.Errorf("sheets are %v and %v high", short.height(), s.height())
	}
}
