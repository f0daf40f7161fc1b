package mpm

// fifo is connections in the order in which they became ready. Its memory
// stays with it.
type fifo[T any] struct {
	all  []T
	gone int // from the front
}

func (f *fifo[T]) empty() bool { return f.gone == len(f.all) }

func (f *fifo[T]) len() int { return len(f.all) - f.gone }

func (f *fifo[T]) push(c T) {
	if len(f.all) == cap(f.all) && f.gone > len(f.all)/2 {
		f.all = f.all[:copy(f.all, f.all[f.gone:])]
		f.gone = 0
	}
	f.all = append(f.all, c)
}

// pop takes the oldest of a fifo that is not empty.
func (f *fifo[T]) pop() T {
	c := f.all[f.gone]
	if f.gone++; f.empty() {
		f.all, f.gone = f.all[:0], 0
	}
	return c
}
