//go:build race

package mpm

func init() { raceDetector = true }
