package mpm

// fifo is a queue of connections in the order in which they became ready. It
// keeps its memory.
type fifo[T any] struct {
	all  []T
	gone int // number popped from the front of all
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

// pop removes and returns the oldest element. The fifo must not be empty.
func (f *fifo[T]) pop() T {
	c := f.all[f.gone]
	if f.gone++; f.empty() {
		f.all, f.gone = f.all[:0], 0
	}
	return c
}
