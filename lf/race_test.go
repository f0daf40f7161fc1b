//go:build race

package lf

const raceEnabled = true
