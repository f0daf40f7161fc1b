package control

import (
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"text/tabwriter"

	"lflab/lf/mpm"
	"lflab/lf/sock"
	"lflab/sync/block"
	"lflab/sync/gate"
	"lflab/sync/park"
)

// CompiledIn lists the variants in this program, as httpd -l lists modules.
func CompiledIn(w io.Writer) error {
	b := &printer{w: w}
	b.line("Compiled in MPMs:")
	for _, k := range mpm.Kinds() {
		b.line("  %s", k.Name)
	}
	b.line("Compiled in primitives:")
	for _, k := range park.Kinds() {
		b.line("  %s", k.Name)
	}
	b.line("Compiled in gates:")
	for _, k := range gate.Kinds() {
		b.line("  %s", k.Name)
	}
	b.line("Compiled in accept mutexes:")
	for _, k := range gate.SharedKinds() {
		b.line("  %s", k.Name)
	}
	b.line("Compiled in accept modes:")
	for _, m := range sock.AcceptModes() {
		b.line("  %s", m.Name)
	}
	return b.err
}

// Build writes how the program was built, as httpd -V does.
func Build(w io.Writer) error {
	version, revision, built := "(devel)", "unknown", "unknown"
	tags := ""
	if info, ok := debug.ReadBuildInfo(); ok {
		if info.Main.Version != "" {
			version = info.Main.Version
		}
		for _, s := range info.Settings {
			switch s.Key {
			case "vcs.revision":
				revision = s.Value
			case "vcs.time":
				built = s.Value
			case "vcs.modified":
				if s.Value == "true" {
					revision += " and changes"
				}
			case "-tags":
				tags = s.Value
			}
		}
	}
	table := tabwriter.NewWriter(w, 0, 0, 1, ' ', 0)
	b := &printer{w: table}
	b.line("Server version:\tlflab/%s (%s)", version, runtime.GOOS)
	b.line("Server revision:\t%s", revision)
	b.line("Server committed:\t%s", built)
	b.line("Server loaded:\t%s, GOMAXPROCS %d", runtime.Version(), runtime.GOMAXPROCS(0))
	b.line("Architecture:\t%s", runtime.GOARCH)
	b.line("Server MPM:\t%s (the default; %d are compiled in, see -l)", mpm.Default, len(mpm.Kinds()))
	b.line("  threaded:\tyes (prefork: no)")
	b.line("  forked:\tyes (variable process count; no without a control process)")
	b.line("Server compiled with....")
	b.line(" -D PRIMITIVE=%q", park.Kinds()[0].Name)
	b.line(" -D ACCEPT_MODE=%q", sock.AcceptModes()[0].Name)
	b.line(" -D SCOREBOARD=%q", "memfd, or ScoreBoardFile")
	b.line(" -D BLOCK_DIRECT=%v", block.Direct)
	if tags != "" {
		b.line(" -D TAGS=%q", tags)
	}
	if b.err != nil {
		return b.err
	}
	return table.Flush()
}

// printer writes lines until an error, which it keeps.
type printer struct {
	w   io.Writer
	err error
}

func (p *printer) line(format string, values ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, format+"\n", values...)
	}
}
