package page

import (
	"fmt"
	"os"
	"strings"

	"github.com/janpfeifer/gonb/gonbui"
)

// Must gives back v, or ends the cell with the error: a cell that goes on
// without its data would show half of a result.
func Must[T any](v T, err error) T {
	Check(err)
	return v
}

// Check ends the cell if there is an error.
func Check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// Say shows a paragraph of Markdown. The format is Printf's, so that a number
// in a sentence is an argument and can never be out of date.
func Say(format string, args ...any) {
	show(fmt.Sprintf(format, args...))
}

// Table shows rows under a head. The first column is left-aligned, the others
// are numbers and stand to the right.
func Table(head []string, rows [][]string) {
	show(table(head, rows))
}

func table(head []string, rows [][]string) string {
	var b strings.Builder
	line := func(cells []string) {
		for _, c := range cells {
			b.WriteString("| " + strings.ReplaceAll(c, "|", `\|`) + " ")
		}
		b.WriteString("|\n")
	}
	line(head)
	rule := make([]string, len(head))
	for i := range rule {
		rule[i] = "--:"
	}
	rule[0] = ":--"
	line(rule)
	for _, r := range rows {
		line(r)
	}
	return b.String()
}

// show displays Markdown and waits until the notebook has it: a program that
// ends sooner may take its last output with it.
func show(markdown string) {
	if !gonbui.IsNotebook {
		fmt.Println(markdown)
		return
	}
	gonbui.DisplayMarkdown(markdown)
	sync()
}

func sync() {
	gonbui.Sync()
	Check(gonbui.Error())
}
