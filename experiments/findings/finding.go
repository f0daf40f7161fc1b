package findings

import "strings"

// Finding is one thing that a run has shown.
type Finding interface {
	// Sentence says it, with its evidence.
	Sentence() string
	// Against reports whether it contradicts what the pattern claims.
	Against() bool
	// Shown is the name of the figure that shows it; empty: no figure does.
	Shown() string
}

// Remark is a finding that speaks of no claim: what was left out, an order, a
// summary of findings that follow.
type Remark string

// Sentence is the remark.
func (r Remark) Sentence() string { return string(r) }

// Against is false.
func (r Remark) Against() bool { return false }

// Shown is empty.
func (r Remark) Shown() string { return "" }

func remarks(sentences ...string) []Finding {
	var fs []Finding
	for _, s := range sentences {
		fs = append(fs, Remark(s))
	}
	return fs
}

// Paragraph is findings that belong together, as those of one panel.
type Paragraph struct {
	Head     string // "Closing connections"; empty when there is one panel only
	Lead     bool   // the answer in short, before its parts
	Findings []Finding
}

// Text is its sentences behind each other.
func (p Paragraph) Text() string {
	var ss []string
	for _, f := range p.Findings {
		ss = append(ss, f.Sentence())
	}
	return strings.Join(ss, " ")
}
