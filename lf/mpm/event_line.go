package mpm

// line is connections in the order in which they became ready. Its memory
// stays with it.
type line[T any] struct {
	all  []T
	gone int // from the front
}

func (l *line[T]) empty() bool { return l.gone == len(l.all) }

func (l *line[T]) len() int { return len(l.all) - l.gone }

func (l *line[T]) push(c T) {
	if len(l.all) == cap(l.all) && l.gone > len(l.all)/2 {
		l.all = l.all[:copy(l.all, l.all[l.gone:])]
		l.gone = 0
	}
	l.all = append(l.all, c)
}

// pop takes the oldest of a line that is not empty.
func (l *line[T]) pop() T {
	c := l.all[l.gone]
	if l.gone++; l.empty() {
		l.all, l.gone = l.all[:0], 0
	}
	return c
}
