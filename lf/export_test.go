package lf

// Offers returns the number of submitters that wait for room.
func Offers[E any](q *Queue[E]) int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.offers)
}
