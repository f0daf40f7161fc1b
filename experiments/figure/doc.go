// Package figure is the catalogue of figures: each chooses what it shows of a run
// and says in its caption how to read it; package plot draws it. A trial that
// failed or did not pass its validity gates is drawn hollow and never counts.
// Equal runs give equal bytes. The package knows one run and no page.
package figure
