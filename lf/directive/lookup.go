package directive

import "strings"

// Lookup finds a directive by a name it has or once had, without regard to
// case. An old name is returned with what is to be said of it.
func Lookup(name string) (e *Entry, old Old, ok bool) {
	for i := range table {
		e := &table[i]
		if strings.EqualFold(name, e.Name) {
			return e, Old{}, true
		}
		for _, old := range e.Old {
			if strings.EqualFold(name, old.Name) {
				return e, old, true
			}
		}
	}
	return nil, Old{}, false
}

// Nearest is the known name, of a directive or of what only a file has, that is
// most like name; empty where none is.
func Nearest(name string) string {
	known := []string{"Include", "IncludeOptional"}
	for i := range table {
		known = append(known, table[i].Name)
		for _, old := range table[i].Old {
			known = append(known, old.Name)
		}
	}
	return NearestOf(name, known)
}

// NearestOf is the one of known that is most like name; empty where none is.
func NearestOf(name string, known []string) string {
	if len(name) > 100 {
		return "" // no misspelling
	}
	best, least := "", len(name)/3+2
	for _, k := range known {
		if d := distance(strings.ToLower(name), strings.ToLower(k)); d < least {
			best, least = k, d
		}
	}
	return best
}

// distance is how many bytes have to be put in, taken out, replaced or swapped
// with their neighbour to make b of a.
func distance(a, b string) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			replaced := last[j-1]
			if a[i-1] != b[j-1] {
				replaced++
			}
			row[j] = min(last[j]+1, row[j-1]+1, replaced)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
