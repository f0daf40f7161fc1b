package stats

// Sample is what a metric came to in the trials of one cell.
type Sample struct {
	Valid   []float64       // one per process that counts, in order of execution
	Invalid []float64       // of trials that are drawn hollow
	ByBlock map[int]float64 // the valid ones by repetition
}
