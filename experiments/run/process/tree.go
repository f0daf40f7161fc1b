package process

import (
	"fmt"
	"io/fs"
	"strconv"
)

// tree finds the processes below its root by their parents. The root is a
// keeper, so no process born in the tree can leave it.
type tree struct {
	proc     fs.FS // /proc
	root     int
	stranger map[int]bool // processes outside the tree at the last listing; they cannot enter it
}

// members returns the processes below the root, without the root.
func (t *tree) members() (map[int]stat, error) {
	entries, err := fs.ReadDir(t.proc, ".")
	if err != nil {
		return nil, fmt.Errorf("list processes: %w", err)
	}
	look := lineage{tree: t, stranger: map[int]bool{}, found: map[int]stat{}}
	for _, e := range entries {
		if pid, err := strconv.Atoi(e.Name()); err == nil {
			look.below(pid)
		}
	}
	t.stranger = look.stranger
	return look.found, nil
}

// lineage is one look at a tree.
type lineage struct {
	*tree
	stranger map[int]bool
	found    map[int]stat
}

type kinship int

const (
	unrelated kinship = iota
	related
	ended // before its parents were known
)

// below tells whether pid is the root or below it. If the parent of a process
// ends during the look, the process gets another one, and below looks again.
func (l *lineage) below(pid int) kinship {
	switch _, found := l.found[pid]; {
	case pid == l.root || found:
		return related
	case l.tree.stranger[pid]:
		l.stranger[pid] = true
		return unrelated
	case pid <= 1 || l.stranger[pid]:
		return unrelated
	}
	const attempts = 10
	for range attempts {
		s, err := readStat(l.proc, pid)
		if err != nil {
			return ended
		}
		switch l.below(s.parent) {
		case related:
			l.found[pid] = s
			return related
		case unrelated:
			l.stranger[pid] = true
			return unrelated
		}
	}
	return ended
}
