// Package plot draws figures in the form papers use: axes, bars, dots,
// distributions, stacks, series and forests, on sheets whose panels line up.
// It writes SVG, PDF and PNG; equal data give equal bytes. It knows numbers,
// intervals and looks, and no metric, no run and no claim.
package plot
