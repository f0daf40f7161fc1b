// Package findings says what a run has shown. A finding is a value: which
// subjects it compares, under which circumstances, how large the difference is,
// and how certain. Pages write findings, and figures draw from the same
// arrangement of the run (View). Package verdict judges a suite's rules, and
// package model computes a queueing model's predictions. This package draws
// nothing and writes no page.
package findings
