package httpd

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// docRoot is the directory whose files are served. Every request resolves its
// path again, as httpd and nginx do. So a release that is installed by moving a
// link or a directory is served at once, by every process. One stat(2) per
// request tells whether the path still leads to the open directory.
type docRoot struct {
	path string // absolute, because the process may change its directory
	now  atomic.Pointer[openRoot]
}

// openRoot is an open directory and its identity.
type openRoot struct {
	*os.Root
	device, inode uint64
}

// errRootAway is returned while the document root cannot be opened.
var errRootAway = errors.New("open the document root")

// newDocRoot makes a docRoot of path. The directory need not exist: see
// Config.DocRootMayBeAway.
func newDocRoot(path string) (*docRoot, error) {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("find the document root %s: %w", path, err)
	}
	return &docRoot{path: absolute}, nil
}

// current returns the directory that the path leads to now.
func (d *docRoot) current() (*openRoot, error) {
	var st unix.Stat_t
	if err := unix.Stat(d.path, &st); err != nil {
		return nil, fmt.Errorf("%w: %w", errRootAway, &fs.PathError{Op: "stat", Path: d.path, Err: err})
	}
	had := d.now.Load()
	if had != nil && had.device == st.Dev && had.inode == st.Ino {
		return had, nil
	}
	next, err := openDirectory(d.path)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errRootAway, err)
	}
	if !d.now.CompareAndSwap(had, next) {
		// Another request was faster, and may have opened another directory.
		// Use that one.
		next.Close()
		return d.current()
	}
	if had != nil {
		had.Close() // os.Root lets requests that use it finish
	}
	return next, nil
}

func openDirectory(path string) (*openRoot, error) {
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, err
	}
	info, err := root.Stat(".")
	if err != nil {
		root.Close()
		return nil, err
	}
	st := info.Sys().(*unixStat)
	return &openRoot{root, st.Dev, st.Ino}, nil
}

// open opens a file below the root. It does not block on a named pipe. A
// request that opens several names uses one openRoot for all, so it never mixes
// two releases.
func (o *openRoot) open(name string) (*os.File, fs.FileInfo, error) {
	f, err := o.OpenFile(name, os.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, nil, err
	}
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, nil, err
	}
	return f, info, nil
}

func (d *docRoot) close() error {
	if o := d.now.Swap(nil); o != nil {
		return o.Close()
	}
	return nil
}
