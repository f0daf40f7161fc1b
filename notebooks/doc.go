// Package notebooks holds Go notebooks (GoNB) that walk through reference
// results with this project's packages, and the test that keeps them whole.
// README.md says how to read and to run them.
package notebooks
