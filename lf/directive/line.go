package directive

import (
	"errors"
	"strings"
)

// line is a line of a file, joined with those that continue it.
type line struct {
	number int // of its first line
	text   string
}

// split splits a file into lines, joins continued lines, and drops empty lines
// and comments. Comments can be continued, too.
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
			whole.WriteString(before + " ") // the space makes whole non-empty, which keeps number
			continue
		}
		whole.WriteString(part)
		all = keep(all, number, whole.String())
		whole.Reset()
	}
	return keep(all, number, whole.String()) // the last line may end in a backslash
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

// words splits a line into words. A word that begins with a quote extends to
// the next quote of its kind; in it, a backslash escapes such a quote or a
// backslash.
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

// quoted returns the text up to the closing quote, and the rest after it.
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
