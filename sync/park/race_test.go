//go:build race

package park

func init() { raceDetector = true }
