package directive

import (
	"errors"
	"strings"
)

// line is a line of a file, with those that continue it.
type line struct {
	number int // of the first
	text   string
}

// split cuts a file into lines, puts together what continues, and leaves out
// what is empty or a comment. A comment is continued like anything else.
func split(text string) []line {
	var (
		all    []line
		whole  strings.Builder
		number int
	)
	text = strings.TrimPrefix(text, "\ufeff")
	for at, part := range strings.Split(text, "\n") {
		if whole.Len() == 0 {
			number = at + 1
		}
		part = strings.TrimSuffix(part, "\r")
		if before, ok := strings.CutSuffix(part, `\`); ok {
			whole.WriteString(before + " ") // the space keeps number: it is not empty
			continue
		}
		whole.WriteString(part)
		all = keep(all, number, whole.String())
		whole.Reset()
	}
	return keep(all, number, whole.String()) // a file that ends in a backslash
}

func keep(all []line, number int, text string) []line {
	text = strings.TrimSpace(text)
	if text == "" || text[0] == '#' {
		return all
	}
	return append(all, line{number, text})
}

var (
	errQuote = errors.New("a quote is not closed")
	errGlued = errors.New("a space is missing after a closing quote")
)

// words cuts a line into its words. One that begins with a quote goes on to the
// next quote of its kind; in it, a backslash takes away the meaning of a quote
// of that kind or of a backslash.
func words(text string) ([]string, error) {
	var all []string
	for {
		text = strings.TrimLeft(text, " \t\v\f\r")
		if text == "" {
			return all, nil
		}
		if text[0] != '"' && text[0] != '\'' {
			end := strings.IndexAny(text, " \t\v\f\r")
			if end < 0 {
				end = len(text)
			}
			all, text = append(all, text[:end]), text[end:]
			continue
		}
		word, rest, err := quoted(text[1:], text[0])
		if err != nil {
			return nil, err
		}
		all, text = append(all, word), rest
	}
}

// quoted reads up to the closing quote, and past it.
func quoted(text string, quote byte) (word, rest string, err error) {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\\' && i+1 < len(text) && (text[i+1] == quote || text[i+1] == '\\'):
			i++
			b.WriteByte(text[i])
		case c == quote:
			rest = text[i+1:]
			if rest != "" && !strings.ContainsRune(" \t\v\f\r", rune(rest[0])) {
				return "", "", errGlued
			}
			return b.String(), rest, nil
		default:
			b.WriteByte(c)
		}
	}
	return "", "", errQuote
}
