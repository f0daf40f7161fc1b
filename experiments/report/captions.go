package report

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// mostWords is the number of words that a caption shows before it is unfolded.
const mostWords = 40

// captions divides the captions of a page. Sentences that several of them have
// are said once, in shared. Each of the others is divided into what is shown,
// of mostWords words or fewer, and the rest, which may be empty.
func captions(all []string) (shown, rest []string, shared []string) {
	in := map[string]int{} // number of captions that have the sentence
	for _, c := range all {
		for _, s := range onceEach(sentences(c)) {
			in[s]++
		}
	}
	for _, c := range all {
		var first, more []string
		words := 0
		for _, s := range onceEach(sentences(c)) {
			if in[s] > 1 {
				shared = once(shared, s)
				continue
			}
			if words += len(strings.Fields(s)); words <= mostWords {
				first = append(first, s)
			} else {
				more = append(more, s)
			}
		}
		shown, rest = append(shown, strings.Join(first, " ")), append(rest, strings.Join(more, " "))
	}
	return shown, rest, shared
}

func onceEach(sentences []string) (each []string) {
	for _, s := range sentences {
		each = once(each, s)
	}
	return each
}

// sentences divides a text after each full stop that a space and a capital
// letter, a digit or a quotation mark follow.
func sentences(text string) (ss []string) {
	for {
		end := -1
		for at := 0; end < 0; {
			i := strings.Index(text[at:], ". ")
			if i < 0 {
				break
			}
			at += i + 2
			if r, _ := utf8.DecodeRuneInString(text[at:]); unicode.IsUpper(r) || unicode.IsDigit(r) || r == '“' {
				end = at
			}
		}
		if end < 0 {
			break
		}
		ss, text = append(ss, strings.TrimSpace(text[:end])), text[end:]
	}
	if text = strings.TrimSpace(text); text != "" {
		ss = append(ss, text)
	}
	return ss
}
