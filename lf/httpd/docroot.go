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
// path again, as httpd and nginx do, so that a release which is put in place by
// moving a link or a directory is served from then on, by every process that
// serves the path. One stat(2) tells whether the path still leads to the
// directory that is open.
type docRoot struct {
	path string // absolute, because the process may change its directory
	now  atomic.Pointer[openRoot]
}

// openRoot is a directory that the path has led to, and which one that is.
type openRoot struct {
	*os.Root
	device, inode uint64
}

// errRootAway is why no file can be had while the document root itself cannot.
var errRootAway = errors.New("open the document root")

// newDocRoot makes a docRoot of path. The directory need not be there: see
// Config.DocRootMayBeAway.
func newDocRoot(path string) (*docRoot, error) {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("find the document root %s: %w", path, err)
	}
	return &docRoot{path: absolute}, nil
}

// current is the directory that the path leads to.
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
		// Another request was faster, and may have found another directory: the
		// one in hand serves this request, and is closed with it.
		next.Close()
		return d.current()
	}
	if had != nil {
		had.Close() // os.Root lets requests finish that are using it
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

// open opens a file below the root without waiting, as opening a named pipe
// would. All names of one request are opened by one call each on the same
// openRoot, so that none gets a part of two releases.
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
