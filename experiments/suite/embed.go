package suite

import (
	"cmp"
	"embed"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

//go:embed *.toml floor/*.c apache/*.conf crowd/*.conf spare/*.conf
var embedded embed.FS

// Names returns the embedded suites in alphabetical order, with numbers in
// order of size: h2 before h10.
func Names() []string {
	files, err := fs.Glob(embedded, "*.toml")
	if err != nil {
		panic(err) // the pattern is constant
	}
	names := make([]string, len(files))
	for i, f := range files {
		names[i] = strings.TrimSuffix(f, ".toml")
	}
	slices.SortFunc(names, func(a, b string) int {
		wordA, numberA := cutNumber(a)
		wordB, numberB := cutNumber(b)
		return cmp.Or(cmp.Compare(wordA, wordB), cmp.Compare(numberA, numberB))
	})
	return names
}

// cutNumber splits a name into the letters that it begins with and the number that
// follows them. A name without such a number is returned whole, with 0.
func cutNumber(name string) (word string, number int) {
	word, _, _ = strings.Cut(name, "-")
	letters := strings.TrimRight(word, "0123456789")
	if letters == word {
		return name, 0
	}
	number, _ = strconv.Atoi(word[len(letters):])
	return letters, number
}

// FullName is the name of the embedded suite that a hypothesis' short name stands
// for, as "h10-best-worker" for "h10"; every other name stands for itself.
func FullName(name string) string {
	if letters, number := cutNumber(name); letters == "h" && number > 0 && !strings.Contains(name, "-") {
		for _, full := range Names() {
			if strings.HasPrefix(full, name+"-") {
				return full
			}
		}
	}
	return name
}

// Open reads and checks a suite: an embedded one by its name, which FullName
// completes, or any other by the path of its file. An argument that ends in ".toml"
// or contains a slash is a path.
func Open(nameOrPath string) (*Suite, error) {
	if strings.HasSuffix(nameOrPath, ".toml") || strings.ContainsRune(nameOrPath, '/') {
		abs, err := filepath.Abs(nameOrPath)
		if err != nil {
			return nil, fmt.Errorf("open suite %s: %w", nameOrPath, err)
		}
		s, err := Read(os.DirFS(filepath.Dir(abs)), filepath.Base(abs))
		if err != nil {
			return nil, err
		}
		s.File = abs
		return s, nil
	}
	file := FullName(nameOrPath) + ".toml"
	if _, err := fs.Stat(embedded, path.Clean(file)); err != nil {
		return nil, fmt.Errorf("unknown suite %q (known: %s; or the path of a TOML file)",
			nameOrPath, strings.Join(Names(), ", "))
	}
	return Read(embedded, file)
}

// All returns the embedded suites, read and checked, in the order of Names.
func All() ([]*Suite, error) {
	var all []*Suite
	for _, name := range Names() {
		s, err := Open(name)
		if err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	return all, nil
}
