package directive

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
)

// Check writes the effective values to w, each with its origin and with what a
// graceful restart does with a change. For a <User> section it writes only the
// values that differ from the first group's. The notes follow. s may be nil if
// there are only notes.
func Check(w io.Writer, s *Settings, notes Notes) error {
	var b strings.Builder
	if s != nil {
		tab := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
		heading := "DIRECTIVE\tVALUE\tFROM"
		if !s.Alone {
			heading += "\tAT A GRACEFUL RESTART"
		}
		fmt.Fprintln(tab, heading)
		for i := range s.Groups {
			tell(tab, s, i)
		}
		tab.Flush() // to a builder: no error
		lines := strings.Split(b.String(), "\n")
		for i := range lines {
			lines[i] = strings.TrimRight(lines[i], " ")
		}
		b.Reset()
		b.WriteString(strings.Join(lines, "\n"))
		if !s.Alone {
			b.WriteByte('\n')
			for i := range s.Groups {
				b.WriteString(s.Groups[i].sum(s) + "\n") // a strings.Builder returns no error
			}
		}
	}
	if len(notes) > 0 && s != nil {
		b.WriteByte('\n')
	}
	for _, n := range notes {
		wrap(&b, fmt.Sprintf("%-8s ", n.Level), n.String())
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// tell writes the values of a group. With the first group it also writes those
// of the server.
func tell(w io.Writer, s *Settings, at int) {
	m, g := s.mpm, &s.Groups[at]
	zero := map[string]string{
		"SendBufferSize": "grown by the system", "Timeout": "set by the three below", "DocumentRoot": "none: no files are served",
		"MaxKeepAliveRequests": "unlimited", "MaxConnectionsPerChild": "unlimited",
		"GracefulShutdownTimeout": "unlimited", "PidFile": "none", "ScoreBoardFile": "unnamed memory",
		"LockFile": "AcceptMutex " + s.AcceptMutex + " locks no file", "CoreDumpDirectory": "none", "User": "the parent's", "Group": "the parent's",
		"ListenCoresBucketsRatio": "one socket for each address", "AsyncRequestWorkerFactor": "unlimited",
	}
	if s.AcceptMutex == "flock" || s.AcceptMutex == "fcntl" {
		zero["LockFile"] = "an unnamed file"
	}
	comesTo := map[string]string{}
	if m.ComesTo != nil {
		comesTo = m.ComesTo(s)
	}
	if at > 0 {
		fmt.Fprintf(w, "\t\t\t\n<User %s>\t\t%s\t\n", g.Name, g.from["User"])
	}
	for i := range table {
		e := &table[i]
		if e.silent(m, s.Alone) != "" || e.Name == "Mutex" || at > 0 && !e.Section() {
			continue
		}
		field, from := e.at(s, g)
		value := show(field)
		if value == "" || value == "0" || value == "0s" {
			value = cmp.Or(comesTo[e.FlagName()], zero[e.Name], value, "-")
		} else if !s.Given(e.Name) && at == 0 {
			value = cmp.Or(comesTo[e.FlagName()], value)
		}
		if at > 0 {
			if first := e.group(&s.Groups[0]); show(first) == show(field) {
				continue
			}
		}
		restart := "\t" + e.restart(m).String()
		if s.Alone {
			restart = ""
		}
		origin := from[e.Name]
		if _, given := from[e.Name]; !given && slices.Contains([]string{"HeadTimeout", "BodyTimeout", "WriteTimeout"}, e.Name) {
			origin = from["Timeout"] // or the default, if that applies to both
		}
		fmt.Fprintf(w, "%s\t%s\t%s%s\n", e.Name, value, origin, restart)
	}
}

// sum describes a group's arithmetic in one line.
func (g *Group) sum(s *Settings) string {
	var b strings.Builder
	if g.Name != "" {
		fmt.Fprintf(&b, "<User %s>: ", g.Name)
	}
	fmt.Fprintf(&b, "MaxRequestWorkers %d = %s, in %s", g.MaxRequestWorkers, product(g.Children, g.ThreadsPerChild), count(g.ServerLimit, "slot", "slots"))
	fmt.Fprintf(&b, "; %d at first", g.StartServers)
	if !s.mpm.ListenPerThread {
		what := "threads"
		if s.mpm.Prefork {
			what = "children"
		}
		fmt.Fprintf(&b, ", %d to %d %s idle", g.MinSpareThreads, g.MaxSpareThreads, what)
	}
	if g.UID >= 0 {
		fmt.Fprintf(&b, "; as user %d, group %d", g.UID, g.GID)
	}
	if s.Buckets > 1 {
		fmt.Fprintf(&b, "; %d sockets for each address", s.Buckets)
	}
	return b.String()
}

// wrap writes text in lines of at most 110 columns. It indents all but the
// first line by the length of first.
func wrap(b *strings.Builder, first, text string) {
	const most = 110
	indent := strings.Repeat(" ", len(first))
	b.WriteString(first)
	column := len(first)
	for i, word := range strings.Fields(text) {
		if n := len([]rune(word)); i > 0 && column+1+n > most {
			b.WriteString("\n" + indent)
			column = len(indent)
		} else if i > 0 {
			b.WriteByte(' ')
			column++
		}
		b.WriteString(word)
		column += len([]rune(word))
	}
	b.WriteByte('\n')
}
