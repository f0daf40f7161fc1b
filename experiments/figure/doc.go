// Package figure is the catalogue of figures. Each figure selects data of a run
// and explains itself in its caption. Package plot draws it. A trial that
// failed or did not pass its validity gates never counts, and is drawn hollow
// or not at all. Equal runs give equal bytes. The package knows one run and no
// page.
package figure
