// Package page is what a notebook of this directory shows things with:
// sentences whose numbers are computed, tables, and the figures of a results
// directory. It knows the notebook's display and nothing of what is measured;
// what the numbers mean is the notebook's business.
//
// Outside of a notebook everything is written to standard output.
package page
