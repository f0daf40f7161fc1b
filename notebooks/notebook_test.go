package notebooks

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
)

// notebook is what these tests look at in a Jupyter notebook (nbformat 4).
type notebook struct {
	Cells []cell `json:"cells"`
}

type cell struct {
	Type     string `json:"cell_type"`
	ID       string `json:"id"`
	Source   lines  `json:"source"`
	Count    *int   `json:"execution_count"`
	Metadata struct {
		Tags []string `json:"tags"`
	} `json:"metadata"`
	Outputs []output `json:"outputs"`
}

type output struct {
	Type  string                     `json:"output_type"`
	Name  string                     `json:"name"` // of a stream
	Text  lines                      `json:"text"`
	Data  map[string]json.RawMessage `json:"data"` // by MIME type
	Error string                     `json:"evalue"`
}

// lines is a text that nbformat writes as one string or as a list of lines.
type lines string

func (l *lines) UnmarshalJSON(b []byte) error {
	var list []string
	if json.Unmarshal(b, &list) == nil {
		*l = lines(strings.Join(list, ""))
		return nil
	}
	return json.Unmarshal(b, (*string)(l))
}

func readNotebook(path string) (*notebook, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var nb notebook
	if err := json.Unmarshal(b, &nb); err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	return &nb, nil
}

// measured reports whether the cell shows what was measured while the notebook
// ran: it has other numbers each time.
func (c *cell) measured() bool { return slices.Contains(c.Metadata.Tags, "measured") }

// shows reports whether the cell runs something that a reader is to see: a main
// function, or a command other than the one that sets the module up.
func (c *cell) shows() bool {
	for line := range strings.Lines(string(c.Source)) {
		line = strings.TrimSpace(line)
		if line == "%%" || strings.HasPrefix(line, "!") && !strings.HasPrefix(line, "!*go work init") {
			return true
		}
	}
	return false
}

// faults says what is wrong with a notebook that was executed.
func (nb *notebook) faults() []string {
	var found []string
	fault := func(c *cell, format string, args ...any) {
		found = append(found, fmt.Sprintf("cell %s: %s", c.ID, fmt.Sprintf(format, args...)))
	}
	ran, pictures := 0, 0
	for i := range nb.Cells {
		c := &nb.Cells[i]
		for _, number := range typed(c) {
			fault(c, "the number %q is typed into the text: let a cell compute it", number)
		}
		if c.Type != "code" {
			continue
		}
		ran++
		if c.Count == nil || *c.Count != ran {
			fault(c, "was not executed in its turn, as code cell %d", ran)
		}
		if c.shows() && len(c.Outputs) == 0 {
			fault(c, "has no output")
		}
		for _, o := range c.Outputs {
			switch {
			case o.Type == "error":
				fault(c, "ended with an error: %s", o.Error)
			case o.Type == "stream" && o.Name == "stderr":
				// GoNB tells that a program or a command failed nowhere else.
				fault(c, "wrote to standard error: %s", strings.TrimSpace(string(o.Text)))
			}
			if path := absolute.FindString(o.text()); path != "" {
				fault(c, "shows a path of the machine it ran on: %s", path)
			}
			if _, ok := o.Data["image/svg+xml"]; ok {
				pictures++
			}
		}
	}
	if pictures == 0 {
		found = append(found, "it has no picture")
	}
	return found
}

// absolute is a path that other machines do not have. What a suite measures is
// named by /hello and the like.
var absolute = regexp.MustCompile(`/(?:tmp|home|root|var)/[\w./-]+`)

// text is the output as a reader who sees no pictures has it.
func (o *output) text() string {
	s := string(o.Text)
	for _, mime := range []string{"text/plain", "text/markdown", "text/html"} {
		var l lines
		if json.Unmarshal(o.Data[mime], &l) == nil {
			s += string(l)
		}
	}
	return s
}

var (
	codeSpan = regexp.MustCompile("`[^`]*`|\\]\\([^)]*\\)")
	sentence = regexp.MustCompile(`page\.Say\("((?:[^"\\]|\\.)*)"`)
	verb     = regexp.MustCompile(`%[-+# 0-9.]*[a-zA-Z%]`)
	number   = regexp.MustCompile(`(?:^|[^\w.])(\d[\d.,]*)\b`)
)

// typed are the numbers that stand in a cell's prose: in Markdown, code and the
// targets of links aside, and in the formats of sentences that a cell computes.
// A digit within a word, as in p99, is a name.
func typed(c *cell) []string {
	var prose []string
	if c.Type == "markdown" {
		prose = append(prose, codeSpan.ReplaceAllString(string(c.Source), ""))
	} else {
		for _, m := range sentence.FindAllStringSubmatch(string(c.Source), -1) {
			prose = append(prose, verb.ReplaceAllString(m[1], ""))
		}
	}
	var numbers []string
	for _, p := range prose {
		for _, m := range number.FindAllStringSubmatch(p, -1) {
			numbers = append(numbers, m[1])
		}
	}
	return numbers
}
