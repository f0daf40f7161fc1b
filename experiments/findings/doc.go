// Package findings says what a run has shown, as values: who was held against
// whom in which circumstances, what came out, how large it is and how sure. Pages
// write them and figures draw from the same arrangement of the run. What a
// suite's rules come to is for package verdict to say, and what a queueing model
// predicts for package model. It draws nothing and writes no page.
package findings
