package suite

import (
	"bytes"
	"fmt"
)

// mostParts and mostNested are far above what a suite can use. Package toml
// needs time that grows with the square of both.
const (
	mostParts  = 16 // parts of a key, as in a.b.c
	mostNested = 16 // lists and tables within each other
)

// tooDeep returns an error that names the line if a key has more than mostParts
// parts, or if values are nested more than mostNested times. It does not check
// the syntax otherwise.
func tooDeep(text []byte) error {
	line, parts, nested := 1, 1, 0
	for i := 0; i < len(text); i++ {
		switch c := text[i]; c {
		case '\n':
			line++
			parts = 1
		case '#':
			if end := bytes.IndexByte(text[i:], '\n'); end >= 0 {
				i += end - 1
			} else {
				i = len(text)
			}
		case '"', '\'':
			n := stringSize(text[i:])
			line += bytes.Count(text[i:i+n], []byte("\n"))
			i += n - 1
		case '.':
			if parts++; parts > mostParts {
				return fmt.Errorf("%d: a key has more than %d parts", line, mostParts)
			}
		case '[', '{':
			parts = 1
			if nested++; nested > mostNested {
				return fmt.Errorf("%d: lists and tables are nested more than %d times", line, mostNested)
			}
		case ']', '}':
			parts = 1
			nested = max(0, nested-1)
		case '=', ',':
			parts = 1
		}
	}
	return nil
}

// stringSize returns the size of the string at the start of text, with its
// quotes. A string that does not end reaches to the end of its line, or of the
// text if it may have several lines.
func stringSize(text []byte) int {
	quote := text[:1]
	if three := bytes.Repeat(quote, 3); bytes.HasPrefix(text, three) {
		quote = three
	}
	for i := len(quote); i < len(text); i++ {
		switch {
		case text[i] == '\\' && quote[0] == '"':
			i++
		case text[i] == '\n' && len(quote) == 1:
			return i
		case bytes.HasPrefix(text[i:], quote):
			return i + len(quote)
		}
	}
	return len(text)
}
