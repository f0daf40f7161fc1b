package directive

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func TestWords(t *testing.T) {
	for text, want := range map[string][]string{
		`a b  c`:             {"a", "b", "c"},
		`a "b c" 'd e'`:      {"a", "b c", "d e"},
		`a "b\"c" 'd\'e'`:    {"a", `b"c`, `d'e`},
		`a "b\\c" "d\ne"`:    {"a", `b\c`, `d\ne`},
		`a "it's" 'say "x"'`: {"a", "it's", `say "x"`},
		`a "" ''`:            {"a", "", ""},
		`a b"c d`:            {"a", `b"c`, "d"},
		`a c:\dir\x`:         {"a", `c:\dir\x`},
		"a\tb\v c ":          {"a", "b", "c"},
		`a "the end is \\"`:  {"a", `the end is \`},
		`Name "ümläut 日本" x`: {"Name", "ümläut 日本", "x"},
	} {
		got, err := words(text)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %q, %v, want %q", text, got, err, want)
		}
	}
	for text, want := range map[string]error{`a "b`: errQuote, `a 'b"`: errQuote, `a "b\"`: errQuote, `a "b"c`: errGlued} {
		if got, err := words(text); err != want {
			t.Errorf("%s: %q, %v, want %v", text, got, err, want)
		}
	}
}

func TestSplit(t *testing.T) {
	got := split("\ufeffone \\\ntwo\\\r\n  three\r\n\n# four \\\nstill\n  # five\nsix\\")
	want := []line{{1, "one  two   three"}, {8, "six"}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

// TestFileProblems checks that each problem names its line, and that all
// problems are reported at once.
func TestFileProblems(t *testing.T) {
	for _, c := range []struct {
		text string
		want []string // in the order of the reports
	}{
		{"Listen 1\nThreadPerChild 3", []string{`:2: unknown directive "ThreadPerChild" (did you mean ThreadsPerChild?)`}},
		{"Listen 1\nmaxclient 3\nXyzzyPlugh 1\nUsr a", []string{":2", "MaxClients?", ":3", "lflab serve --help lists", ":4", "User?"}},
		{"Listen 1\nThreadsPerChild abc\nServerLimit 3x\nKeepAlive 3", []string{":3: ServerLimit 3x", ":2: ThreadsPerChild abc", ":4: KeepAlive 3"}},
		{"Listen 1\nListenBacklog\nUser a b\nKeepAlive On # no", []string{":2: ListenBacklog: needs a value (number)", ":3: User: has 2 values and takes 1", ":4: KeepAlive: ends with a comment"}},
		{"Listen 1\n\\\n\\\nFoo \\\n 1\nPidFile \"x", []string{":2", "Foo", ":6", "a quote is not closed"}},
		{"Listen 1\n</IfModule>", []string{":2", "</IfModule> ends no section"}},
		{"Listen 1\n<IfDefine X>\n</User>\n</IfDefine>", []string{":3", "ends no section (the innermost open one is <IfDefine> of ", ":2)"}},
		{"Listen 1\n<IfDefine X>", []string{":2", "section <IfDefine> is not closed"}},
		{"Listen 1\n<IfDefine X\n", []string{":2", "has no > at its end"}},
		{"Listen 1\n<IfModul x>\nFoo\n</IfModul>", []string{":2", "unknown section <IfModul> (did you mean IfModule?)"}},
		{"Listen 1\n<Directory />\nRequire all granted\n</Directory>", []string{":2", "unknown section <Directory> (known: <User>, <IfModule>, <IfDefine>)"}},
		{"Listen 1\n<User>\n</User>\n<IfDefine !>\n</IfDefine>", []string{":2", "<User> takes one name", ":4", "<IfDefine> takes one name"}},
		{"Listen 1\n<User a>\nPidFile /x\nUser b\n<User c>\n</User>\n</User>\n<User a>\n</User>", []string{
			":3", "PidFile", "belongs in the main part, not in <User a>", ":4", "User", "belongs in the main part", ":5", "<User c> is inside <User a>", ":8", "<User a> was already given"}},
		{"Listen 1\nInclude nosuch.conf\nInclude *.nosuch\nInclude [\nInclude\nInclude .", []string{
			":2", "there is no file", ":3", "there is no file", ":4", "is not a pattern", ":5", "takes one file", ":6", "is a directory (write "}},
		{"Listen 1\nInclude server.conf", []string{":2", "includes itself"}},
		{"Listen 1\n<IfModule event.c>\n</IfModule>\nMPM worker", []string{":4: MPM: must come before <IfModule>, which at ", ":2 has been read for mpm leader"}},
		{"ThreadsPerChild 3", []string{"server.conf: no Listen: the configuration has none (write, for example, Listen 127.0.0.1:8080)"}},
	} {
		_, _, err := Resolve(Sources{Config: write(t, "server.conf", c.text), Lookup: lookup, System: machine(1000)})
		if err == nil {
			t.Errorf("no error for\n%s", c.text)
			continue
		}
		rest := err.Error()
		for _, part := range c.want {
			at := strings.Index(rest, part)
			if at < 0 {
				t.Errorf("no %q in what is left of the error for\n%s\n%v", part, c.text, err)
				break
			}
			rest = rest[at+len(part):]
		}
	}
}

func TestManyProblems(t *testing.T) {
	_, _, err := Resolve(Sources{Config: write(t, "server.conf", "Listen 1\n"+strings.Repeat("Xyzzy\n", 50)), Lookup: lookup})
	if err == nil || strings.Count(err.Error(), "Xyzzy") != mostErrors || !strings.Contains(err.Error(), "and 30 more") {
		t.Errorf("error %v", err)
	}
}

// TestConditions checks that the contents of a section whose condition fails
// are not read.
func TestConditions(t *testing.T) {
	for condition, want := range map[string]bool{
		"IfModule mpm_event_module": true, "IfModule mpm_event.c": true, "IfModule event.c": true, "IFMODULE MPM_EVENT_MODULE": true,
		`IfModule "event.c"`: true, "IfModule !worker.c": true, "IfModule !event.c": false, "IfModule mpm_worker_module": false,
		"IfModule mod_ssl.c": false, "IfModule !mod_ssl.c": true, "IfModule event": false,
		"IfDefine A": true, "IfDefine a": false, "IfDefine !A": false, "IfDefine !B": true,
	} {
		name, _, _ := strings.Cut(condition, " ")
		text := fmt.Sprintf("<%s>\n ThreadsPerChild 7\n <IfDefine B>\n  Nonsense\n </IfDefine>\n <IfModule none.c>\n  <Other>\n  </Other>\n </IfModule>\n</%s>", condition, name)
		s, _, err := configured(t, "event", text, func(src *Sources) { src.Defines = []string{"A"} })
		if err != nil {
			t.Errorf("%s: %v", condition, err)
			continue
		}
		if got := s.Groups[0].ThreadsPerChild == 7; got != want {
			t.Errorf("<%s> read: %v", condition, got)
		}
	}
}

// TestInclude checks that included files are read in order, at the place of the
// Include, and that paths in them are relative to them.
func TestInclude(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"server.conf":    "listen 1\nInclude conf.d/*.conf\nIncludeOptional none/*.conf\nIncludeOptional none.conf\nMaxHead 1003\nPidFile run/a.pid",
		"conf.d/1.conf":  "MaxHead 1001\nScoreBoardFile board\nInclude ../deep/x",
		"conf.d/2.conf":  "MaxHead 1002\n",
		"conf.d/ignored": "Nonsense",
		"deep/x":         "<User alice>\nListen 2\nDocumentRoot .\nIncludeOptional y\n</User>",
		"deep/y":         "MaxBody 77",
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s, notes, err := Resolve(Sources{Config: filepath.Join(dir, "server.conf"), Lookup: lookup, System: machine(0)})
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Groups) != 2 {
		t.Fatalf("groups %+v", s.Groups)
	}
	main, alice := s.Groups[0], s.Groups[1]
	for what, ok := range map[string]bool{
		"the last MaxHead holds":  main.MaxHead == 1003 && alice.MaxHead == 1003,
		"a note names the others": says(notes, Info, "server.conf:5: MaxHead 1003: replaces 1002 at ...conf.d/2.conf:1"),
		"paths of the file":       s.PidFile == filepath.Join(dir, "run/a.pid") && s.ScoreBoardFile == filepath.Join(dir, "conf.d/board") && alice.DocumentRoot == filepath.Join(dir, "deep"),
		"a file in a section":     main.MaxBody == 1<<20 && alice.MaxBody == 77,
		"where a value is from":   alice.from["MaxBody"] == Origin{File: filepath.Join(dir, "deep/y"), Line: 1},
	} {
		if !ok {
			t.Errorf("not so: %s: %+v%s", what, s, listed(notes))
		}
	}
}

// TestIncludeIsBounded checks that recursive and very many includes are
// refused.
func TestIncludeIsBounded(t *testing.T) {
	dir := t.TempDir()
	for i := range 20 {
		text := fmt.Sprintf("Include f%d\n", i+1)
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("f%d", i)), []byte(strings.Repeat(text, 3)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	_, _, err := Resolve(Sources{Config: filepath.Join(dir, "f0"), Lookup: lookup})
	if err == nil || !strings.Contains(err.Error(), "17th file in a chain") {
		t.Errorf("error %v", err)
	}
	_, notes, _ := Resolve(Sources{Config: filepath.Join(dir, "f0"), Lookup: lookup})
	if !says(notes, Error, "more than 1000 files") {
		t.Error("no bound on all files")
	}
	if _, _, err := Resolve(Sources{Config: "/dev/zero", Lookup: lookup}); err == nil || !strings.Contains(err.Error(), "has more than 1048576 bytes") {
		t.Errorf("error %v", err)
	}
	if _, _, err := Resolve(Sources{Config: filepath.Join(dir, "none"), Lookup: lookup}); err == nil || !strings.Contains(err.Error(), "no such file") {
		t.Errorf("error %v", err)
	}
}

func TestNearest(t *testing.T) {
	for name, want := range map[string]string{
		"MaxRequestWorker": "MaxRequestWorkers", "threadsperchild": "ThreadsPerChild", "Lsiten": "Listen", "KeepAliveTimout": "KeepAliveTimeout",
		"StartServer": "StartServers", "IncludOptional": "IncludeOptional", "MaxReqestsPerChild": "MaxRequestsPerChild", "Mutx": "Mutex",
		"LoadModule": "", "x": "", strings.Repeat("Listen", 1000): "",
	} {
		if got := nearest(name); got != want {
			t.Errorf("%s: %q, want %q", clip(name), got, want)
		}
	}
	for _, c := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"", "ab", 2}, {"ab", "ba", 1}, {"kitten", "sitting", 3}, {"abc", "abc", 0}, {"abcd", "acbd", 1}} {
		if got, back := distance(c.a, c.b), distance(c.b, c.a); got != c.want || back != c.want {
			t.Errorf("distance of %q and %q: %d and %d, want %d", c.a, c.b, got, back, c.want)
		}
	}
}

// TestDebian reads configurations as Debian installs them.
func TestDebian(t *testing.T) {
	for _, c := range []struct {
		file, mpm                        string
		workers, children, start, spares int
	}{
		{"mpm_event.conf", "event", 150, 6, 2, 25},
		{"mpm_event.conf", "leader", 400, 16, 3, 75}, // the section is for another MPM
		{"mpm_worker.conf", "worker", 150, 6, 2, 25},
		{"mpm_worker.conf", "leader", 150, 6, 2, 25}, // the file also names leader
		{"mpm_prefork.conf", "prefork", 150, 150, 5, 5},
	} {
		path, err := filepath.Abs(filepath.Join("testdata", c.file))
		if err != nil {
			t.Fatal(err)
		}
		s, notes, err := configured(t, c.mpm, "Include "+path)
		if err != nil {
			t.Errorf("%s: %v", c.file, err)
			continue
		}
		g := s.Groups[0]
		if g.MaxRequestWorkers != c.workers || g.Children != c.children || g.StartServers != c.start || g.MinSpareThreads != c.spares {
			t.Errorf("%s for %s: %+v%s", c.file, c.mpm, g, listed(notes))
		}
		if len(notes) > 0 && notes[0].Level == Warning {
			t.Errorf("%s for %s:%s", c.file, c.mpm, listed(notes))
		}
	}
}

// FuzzParse checks that no text makes the parser panic, and that each reported
// position is in the text, at a line that contains what the report is about.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"Listen 80\n<User a>\nListen 81\n</User>\n", "a \\\n b\n", "<IfModule x>\n</IfModule", "'", "\\", "<", "</", "</>", "< User x >", "\"\" x", "# \\\n#",
		"<IfDefine !A>\nMaxHead \"1\\\"\"\n</ifdefine>", "Mutex\nMutex a b c d", "\ufeffListen\r\n", "Listen 1 \\",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if strings.Contains(strings.ToLower(text), "include") {
			t.Skip("files are another test's")
		}
		r := reader{mpm: "leader"}
		r.parse("x", text)
		lines := strings.Split(text, "\n")
		check := func(from Origin) {
			if from.File != "x" || from.Line < 1 || from.Line > len(lines) {
				t.Fatalf("position %v in %d lines", from, len(lines))
			}
		}
		for _, n := range r.notes {
			check(n.From)
		}
		values := r.main
		for _, s := range r.sections {
			check(s.from)
			values = append(values, s.values...)
		}
		for _, v := range values {
			check(v.from)
			// The name begins where the directive does, or on a continuation
			// line.
			rest := strings.ToLower(strings.Join(lines[v.from.Line-1:], "\n"))
			if !strings.Contains(rest, strings.ToLower(v.entry.Name)) && len(v.entry.Old) == 0 {
				t.Fatalf("%s is not at line %d", v.entry.Name, v.from.Line)
			}
			if v.miscounted() != "" {
				t.Fatalf("%s with %q", v.entry.Name, v.args)
			}
		}
		if r.user != nil {
			t.Fatal("a section is open after the end")
		}
	})
}
