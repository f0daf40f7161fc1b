package httpd

import (
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lflab/lf/flight"
)

const (
	changedIMF    = "Thu, 29 Feb 2024 12:00:00 GMT"
	changedRFC850 = "Thursday, 29-Feb-24 12:00:00 GMT"
	changedANSI   = "Thu Feb 29 12:00:00 2024"
	before        = "Thu, 29 Feb 2024 11:59:59 GMT"
	after         = "Thu, 29 Feb 2024 12:00:01 GMT"
)

// conditional lists requests for a file of 26 letters that was last changed at
// changedIMF, with the answer that RFC 9110 demands. TAG stands for the file's
// entity tag. differs says why net/http answers otherwise.
var conditional = []struct {
	fields, differs string
	code            int
	body            string // if it is not the whole file, or empty
}{
	// 13.1.3
	{"If-Modified-Since: " + changedIMF, "", 304, ""},
	{"If-Modified-Since: " + changedRFC850, "", 304, ""},
	{"If-Modified-Since: " + changedANSI, "", 304, ""},
	{"If-Modified-Since: " + after, "", 304, ""},
	{"If-Modified-Since: Thu, 29 Feb 2024 11:59:60 GMT", "it knows no leap seconds", 304, ""},
	{"If-Modified-Since: " + before, "", 200, ""},
	{"If-Modified-Since: yesterday", "", 200, ""},
	{"If-Modified-Since: Thu, 29 Feb 2024 12:00:00 CET", "", 200, ""},
	{"If-Modified-Since: Thu, 30 Feb 2024 12:00:00 GMT", "", 200, ""},
	{"If-Modified-Since: ", "", 200, ""},
	{"If-Modified-Since: " + changedIMF + "\nIf-Modified-Since: " + changedIMF, "it reads the first", 200, ""},
	// 13.1.4
	{"If-Unmodified-Since: " + changedIMF, "", 200, ""},
	{"If-Unmodified-Since: " + after, "", 200, ""},
	{"If-Unmodified-Since: " + before, "", 412, ""},
	{"If-Unmodified-Since: yesterday", "", 200, ""},
	// 13.1.1: the strong comparison
	{"If-Match: TAG", "", 200, ""},
	{"If-Match: *", "", 200, ""},
	{`If-Match: "a", TAG`, "", 200, ""},
	{`If-Match: "a,b" ,, TAG , "c"`, "", 200, ""},
	{"If-Match: \"a\"\nIf-Match: TAG", "it reads the first line", 200, ""},
	{"If-Match: W/TAG", "", 412, ""},
	{`If-Match: "a"`, "", 412, ""},
	{`If-Match: a`, "", 412, ""},
	{`If-Match: "a" TAG`, "it wants no comma", 412, ""},
	{`If-Match: `, "it takes an empty field for none", 412, ""},
	// 13.1.2: the weak comparison
	{"If-None-Match: TAG", "", 304, ""},
	{"If-None-Match: W/TAG", "", 304, ""},
	{"If-None-Match: *", "", 304, ""},
	{"If-None-Match: \"a\"\nIf-None-Match: \"b\", TAG", "it reads the first line", 304, ""},
	{`If-None-Match: "a"`, "", 200, ""},
	{`If-None-Match: "a", *`, "it takes * as a member of a list", 200, ""},
	// 13.2.2: their order
	{`If-None-Match: "a"` + "\nIf-Modified-Since: " + changedIMF, "", 200, ""},
	{"If-None-Match: TAG\nIf-Modified-Since: " + before, "", 304, ""},
	{"If-Match: TAG\nIf-Unmodified-Since: " + before, "", 200, ""},
	{`If-Match: "a"` + "\nIf-Unmodified-Since: " + after, "", 412, ""},
	{`If-Match: "a"` + "\nIf-None-Match: TAG", "", 412, ""},
	{"If-Match: TAG\nIf-None-Match: TAG", "", 304, ""},
	{`If-Match: "a"` + "\nRange: bytes=0-1", "", 412, ""},
	{"If-Unmodified-Since: " + before + "\nRange: bytes=0-1", "", 412, ""},
	{"If-Unmodified-Since: " + changedIMF + "\nRange: bytes=0-1", "", 206, "ab"},
	{"If-None-Match: TAG\nRange: bytes=0-1", "", 304, ""},
	{"If-Match: \"a\"\nRange: bytes=26-", "", 412, ""},
	// 14.1.2
	{"Range: bytes=2-4", "", 206, "cde"},
	{"Range: bytes=20-", "", 206, "uvwxyz"},
	{"Range: bytes=-3", "", 206, "xyz"},
	{"Range: bytes=-1000", "", 206, alphabet},
	{"Range: bytes=0-0", "", 206, "a"},
	{"Range: bytes=0-1000", "", 206, alphabet},
	{"Range: bytes=0-99999999999999999999999", "it refuses what does not fit an int64", 206, alphabet},
	{"Range: bytes=-99999999999999999999999", "it refuses what does not fit an int64", 206, alphabet},
	{"Range: BYTES=0-1", "it takes units to have a case", 206, "ab"},
	{"Range: bytes= 0-1 ,", "", 206, "ab"},
	{"Range: bytes=0-1,90-", "", 206, "ab"},
	{"Range: bytes=26-", "", 416, ""},
	{"Range: bytes=99999999999999999999999-", "", 416, ""},
	{"Range: bytes=-0", "it sends an empty part", 416, ""},
	{"Range: bytes=4-2", "it refuses where a field may be ignored", 200, ""},
	{"Range: bytes=a-b", "it refuses where a field may be ignored", 200, ""},
	{"Range: bytes=+1-2", "it refuses where a field may be ignored", 200, ""},
	{"Range: bytes=1", "it refuses where a field may be ignored", 200, ""},
	{"Range: bytes=-", "it refuses where a field may be ignored", 200, ""},
	{"Range: bytes=", "", 200, ""},
	{"Range: lines=0-1", "it refuses where a field must be ignored", 200, ""},
	{"Range: bytes=0-1\nRange: bytes=2-3", "it reads the first", 200, ""},
	{"Range: bytes=0-5,2-7", "it sends bytes twice", 200, ""},
	{"Range: bytes=" + strings.Repeat("0-0,", 30) + "1-1", "", 200, ""},
	// 13.1.5
	{"Range: bytes=0-1\nIf-Range: TAG", "", 206, "ab"},
	{"Range: bytes=0-1\nIf-Range: W/TAG", "", 200, ""},
	{"Range: bytes=0-1\nIf-Range: \"a\"", "", 200, ""},
	{"Range: bytes=0-1\nIf-Range: " + changedIMF, "", 206, "ab"},
	{"Range: bytes=0-1\nIf-Range: " + changedRFC850, "", 206, "ab"},
	{"Range: bytes=0-1\nIf-Range: " + before, "", 200, ""},
	{"Range: bytes=0-1\nIf-Range: " + after, "", 200, ""},
	{"Range: bytes=0-1\nIf-Range: yesterday", "", 200, ""},
	{"Range: bytes=90-\nIf-Range: \"a\"", "", 200, ""},
	{"If-Range: TAG", "", 200, ""},
}

func TestConditions(t *testing.T) {
	root := tree(t)
	server := newServer(t, Config{DocRoot: root})
	tag := one(t, server, ask("GET", "/a.txt", "", "")).header.Get("ETag")
	for _, c := range conditional {
		fields := strings.ReplaceAll(c.fields, "TAG", tag)
		a := one(t, server, ask("GET", "/a.txt", strings.ReplaceAll(fields, "\n", "\r\n")+"\r\n", ""))
		if c.code == 200 {
			c.body = alphabet
		}
		if a.code != c.code || c.code < 300 && a.body != c.body {
			t.Errorf("%q: %d %.100q, want %d %q", fields, a.code, a.body, c.code, c.body)
			continue
		}
		if a.header.Get("ETag") != tag || a.header.Get("Last-Modified") != changedIMF {
			t.Errorf("%q: the answer has no validators: %v", fields, a.header)
		}
		if content := a.header.Get("Content-Range"); (content != "") != (c.code == 206 || c.code == 416) || c.code == 416 && content != "bytes */26" {
			t.Errorf("%q: Content-Range %q", fields, content)
		}
		if theirs := netHTTP(t, root, tag, fields); (theirs != c.code) != (c.differs != "") {
			t.Errorf("%q: net/http answers %d, ours is %d (%s)", fields, theirs, c.code, c.differs)
		}
	}
}

// netHTTP returns the standard library's answer to the same request.
func netHTTP(t *testing.T, root, tag, fields string) int {
	t.Helper()
	f, err := os.Open(filepath.Join(root, "a.txt"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r := httptest.NewRequest("GET", "/a.txt", nil)
	for _, line := range strings.Split(fields, "\n") {
		name, value, _ := strings.Cut(line, ":")
		r.Header.Add(name, strings.TrimSpace(value))
	}
	w := httptest.NewRecorder()
	w.Header().Set("ETag", tag)
	at, _ := http.ParseTime(changedIMF)
	http.ServeContent(w, r, "a.txt", at, f)
	return w.Code
}

// Conditions apply only to a request that would otherwise succeed, so neither
// to a missing file nor to another method. HEAD has conditions and no ranges.
func TestConditionsElsewhere(t *testing.T) {
	server := newServer(t, Config{DocRoot: tree(t)})
	tests := []struct {
		method, target, fields string
		code                   int
	}{
		{"GET", "/missing", "If-Match: *", 404},
		{"GET", "/missing", "If-None-Match: *", 404},
		{"POST", "/a.txt", "Content-Length: 0\r\nIf-Match: \"a\"", 405},
		{"HEAD", "/a.txt", "If-Match: \"a\"", 412},
		{"HEAD", "/a.txt", "If-None-Match: *", 304},
		{"HEAD", "/a.txt", "Range: bytes=0-1", 200},
		{"HEAD", "/a.txt", "Range: bytes=90-", 200},
		{"GET", "/empty.css", "Range: bytes=0-", 416},
		{"GET", "/empty.css", "Range: bytes=-5", 200},
		{"GET", "/page/", "If-None-Match: *", 304},
	}
	for _, test := range tests {
		if a := one(t, server, ask(test.method, test.target, test.fields+"\r\n", "")); a.code != test.code {
			t.Errorf("%s %s with %q: %d, want %d", test.method, test.target, test.fields, a.code, test.code)
		}
	}
}

// Several ranges are sent as the parts of one body, in the requested order,
// whatever amounts the peer takes at a time.
func TestMultipart(t *testing.T) {
	server := newServer(t, Config{DocRoot: tree(t)})
	for target, ranges := range map[string]string{"/a.txt": "24-,0-1", "/large": "150000-199998,-1,0-99999"} {
		a := one(t, server, ask("GET", target, "Range: bytes="+ranges+"\r\n", ""))
		boundary, ok := strings.CutPrefix(a.header.Get("Content-Type"), "multipart/byteranges; boundary=")
		if a.code != 206 || !ok || a.header.Get("Content-Range") != "" {
			t.Fatalf("%s: %d %v", target, a.code, a.header)
		}
		var want strings.Builder
		whole, ctype := alphabet, "text/plain; charset=utf-8"
		if target == "/large" {
			whole, ctype = letters(200000), "application/octet-stream"
		}
		parsed, _ := parseRanges([]byte("bytes="+ranges), int64(len(whole)))
		for _, r := range parsed {
			fmt.Fprintf(&want, "\r\n--%s\r\nContent-Type: %s\r\nContent-Range: bytes %d-%d/%d\r\n\r\n%s", boundary, ctype, r.first, r.last, len(whole), whole[r.first:r.last+1])
		}
		fmt.Fprintf(&want, "\r\n--%s--\r\n", boundary)
		if a.body != want.String() {
			t.Errorf("%s: %d bytes, want %d: %.200q", target, len(a.body), want.Len(), a.body)
		}
	}
}

func TestYearOfTwoDigits(t *testing.T) {
	for digits, want := range map[int]int{26: 2026, 76: 2076, 77: 1977, 94: 1994, 0: 2000, 25: 2025} {
		if got := yearOf(digits, 2026); got != want {
			t.Errorf("%02d is %d, want %d", digits, got, want)
		}
	}
	at, ok := parseDate([]byte("Sunday, 06-Nov-94 08:49:37 GMT"), time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	if !ok || at.Year() != 1994 {
		t.Errorf("%v %v", at, ok)
	}
}

// A date is a weak validator within the second that it names.
func TestIfRangeWithYoungDate(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	v := validators{modified: now}
	for age, want := range map[time.Duration]bool{0: false, 999 * time.Millisecond: false, time.Second: true} {
		c := conditions{ranges: []byte("bytes=0-1"), ifRange: []byte(now.Format(httpDate)), now: now.Add(age)}
		if got := c.wantsRanges(v); got != want {
			t.Errorf("%v after the change: %v", age, got)
		}
	}
}

// An entity tag belongs to one state of one file: another size, time or file
// has another tag.
func TestTagsDiffer(t *testing.T) {
	dir, seen := t.TempDir(), map[string]bool{}
	info := func(name, text string, at time.Time) fs.FileInfo {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, at, at); err != nil {
			t.Fatal(err)
		}
		i, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		return i
	}
	at := time.Date(2024, 2, 29, 12, 0, 0, 0, time.UTC)
	for _, i := range []fs.FileInfo{info("a", "x", at), info("a", "xy", at), info("a", "x", at.Add(1)), info("b", "x", at)} {
		seen[validatorsOf(i).tag] = true
	}
	if len(seen) != 4 {
		t.Errorf("%d tags of 4 states: %v", len(seen), seen)
	}
}

// Whatever the Range field is, the parsed ranges lie in the file and do not
// overlap.
func FuzzRanges(f *testing.F) {
	for _, c := range conditional {
		if value, ok := strings.CutPrefix(c.fields, "Range: "); ok {
			f.Add(value, int64(26))
		}
	}
	f.Fuzz(func(t *testing.T, value string, size int64) {
		if size < 0 {
			return
		}
		ranges, ok := parseRanges([]byte(value), size)
		if !ok && len(ranges) > 0 {
			t.Fatalf("%q is ignored and has %v", value, ranges)
		}
		for i, r := range ranges {
			if r.first < 0 || r.last < r.first || r.last >= size {
				t.Fatalf("%q: %v of %d bytes", value, r, size)
			}
			for _, other := range ranges[:i] {
				if r.first <= other.last && other.first <= r.last {
					t.Fatalf("%q: %v and %v overlap", value, r, other)
				}
			}
		}
	})
}

// Built-in handlers have no validators. They follow RFC 9110, 13 with what that
// leaves: a resource exists, and has no entity tag and no time of modification.
func TestConditionsWithoutValidators(t *testing.T) {
	recorded := 0
	server := newServer(t, Config{Flight: func(string, flight.Window, bool) (any, error) { recorded++; return 1, nil }})
	for _, test := range []struct {
		method, target, fields string
		code                   int
	}{
		{"GET", "/hello", "If-None-Match: *", 304},
		{"HEAD", "/hello", "if-none-match: *", 304},
		{"POST", "/hello", "If-None-Match: *", 412},
		{"GET", "/hello", `If-None-Match: "a"`, 200},
		{"GET", "/hello", "If-Match: *", 200},
		{"POST", "/hello", "If-Match: *", 200},
		{"GET", "/hello", `If-Match: "a"`, 412},
		{"HEAD", "/hello", `If-Match: "a"`, 412},
		{"POST", "/echo", `If-Match: "a"`, 412},
		{"GET", "/hello", "If-Match: ", 412},
		{"GET", "/hello", "If-Match: *\r\nIf-None-Match: *", 304},
		{"GET", "/hello", "If-Modified-Since: " + changedIMF, 200},
		{"GET", "/hello", "If-Unmodified-Since: " + changedIMF, 200},
		{"GET", "/hello", "Range: bytes=0-1", 200},
		{"GET", "/bytes?n=100000", "If-None-Match: *", 304},
		{"GET", "/bytes?n=100000", `If-Match: "a"`, 412},
		{"GET", "/spin?us=1", "If-None-Match: *", 304},
		{"GET", "/spin", "If-None-Match: *", 400},
		{"PUT", "/hello", `If-Match: "a"`, 405},
		{"GET", "/none", `If-Match: "a"`, 404},
		{"OPTIONS", "*", `If-Match: "a"`, 204},
		{"GET", "/lab/flight?record=on", `If-Match: "a"`, 412},
		{"GET", "/lab/flight?record=on", "If-None-Match: *", 304},
		{"GET", "/lab/flight", `If-Match: "a"`, 400},
	} {
		a := one(t, server, ask(test.method, test.target, test.fields+"\r\n", ""))
		if a.code != test.code || test.code == 304 && (a.body != "" || a.header.Get("Content-Type") != "") {
			t.Errorf("%s %s, %s: %d %q, want %d", test.method, test.target, test.fields, a.code, a.body, test.code)
		}
	}
	if recorded != 0 {
		t.Errorf("the recording was switched %d times by requests whose conditions were not met", recorded)
	}
}
