package directive

import "strings"

// entryOf finds a directive by its present or a former name, ignoring case. old
// is set if the name is a former one.
func entryOf(name string) (e *Entry, old Old, ok bool) {
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

// nearest returns the most similar name of a directive, including Include and
// IncludeOptional, or "" if none is similar.
func nearest(name string) string {
	known := []string{"Include", "IncludeOptional"}
	for i := range table {
		known = append(known, table[i].Name)
		for _, old := range table[i].Old {
			known = append(known, old.Name)
		}
	}
	return NearestOf(name, known)
}

// NearestOf returns the element of known that is most similar to name, or "".
func NearestOf(name string, known []string) string {
	if len(name) > 100 {
		return "" // too long for a misspelling
	}
	best, least := "", len(name)/3+2
	for _, k := range known {
		if d := distance(strings.ToLower(name), strings.ToLower(k)); d < least {
			best, least = k, d
		}
	}
	return best
}

// distance returns how many bytes must be inserted, deleted, replaced, or
// swapped with their neighbour to turn a into b.
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
