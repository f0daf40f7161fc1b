package plot

import (
	"slices"
	"testing"
)

// A title that is wider than its panel breaks between its parts. The sheet
// becomes higher for the additional lines.
func TestTitlesBreakBetweenTheirParts(t *testing.T) {
	long := "closing connections, place = free, idle = default · open loop, 1,000/s"
	row := []Tile{{Title: long}, {Title: "short"}, {Title: "short"}}
	s := &Sheet{Width: TwoColumns, Row: 100, Rows: [][]Tile{row}}
	want := []string{"closing connections, place = free,", "idle = default · open loop, 1,000/s"}
	if got := s.titleLines(long); !slices.Equal(got, want) {
		t.Errorf("lines %q, want %q", got, want)
	}
	if got := s.titleHeight(); got != titleHeight+titleLine {
		t.Errorf("titles take %v", got)
	}
	alone := &Sheet{Width: TwoColumns, Row: 100, Rows: [][]Tile{{{Title: long}, {}, {}}}}
	if got := alone.titleLines(long); len(got) != 1 {
		t.Errorf("a title with no neighbour breaks: %q", got)
	}
	short := &Sheet{Width: TwoColumns, Row: 100, Rows: [][]Tile{{{Title: "a"}, {Title: "b"}}}}
	if short.Height()+titleLine != s.Height() {
		t.Errorf("sheets are %v and %v high", short.Height(), s.Height())
	}
}
