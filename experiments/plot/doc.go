// Package plot draws figures for papers: axes, bars, dots, distributions,
// stacks, series and forest plots, on sheets whose panels line up. It writes
// SVG, PDF and PNG. Equal data give equal bytes. It knows numbers, intervals
// and styles, but no metrics, runs or claims.
package plot
