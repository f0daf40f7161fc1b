package findings

import "strings"

// Finding is one thing that a run has shown.
type Finding interface {
	// Sentence writes the finding with its evidence.
	Sentence() string
	// Against reports whether it contradicts what the pattern claims.
	Against() bool
	// Shown names the figure that shows it, "" if none does.
	Shown() string
}

// Remark is a finding about no claim: trials left out, an order of subjects, or
// a summary of the findings that follow.
type Remark string

// Sentence returns the remark.
func (r Remark) Sentence() string { return string(r) }

// Against returns false.
func (r Remark) Against() bool { return false }

// Shown returns "".
func (r Remark) Shown() string { return "" }

func remarks(sentences ...string) []Finding {
	var fs []Finding
	for _, s := range sentences {
		fs = append(fs, Remark(s))
	}
	return fs
}

// Paragraph holds findings that belong together, such as those of one panel.
type Paragraph struct {
	Head     string // "Closing connections"; may be empty
	Lead     bool   // pages set it apart as a summary
	Findings []Finding
}

// Text returns the sentences of the findings, separated by spaces.
func (p Paragraph) Text() string {
	var ss []string
	for _, f := range p.Findings {
		ss = append(ss, f.Sentence())
	}
	return strings.Join(ss, " ")
}
