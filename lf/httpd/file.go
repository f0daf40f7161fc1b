package httpd

import (
	"errors"
	"io/fs"
	"mime"
	"os"
	"path"
	"strings"
	"syscall"

	"github.com/valyala/fasthttp"
	"golang.org/x/sys/unix"
)

// unixStat is what an fs.FileInfo of a file system has beneath it.
type unixStat = syscall.Stat_t

// file answers a file below DocRoot. os.Root refuses whatever would lead out,
// links included; the checks before it only make the reasons plain.
func (s *Server) file(x *Exchange) {
	name, ok := fileName(x.Path)
	if s.root == nil || !ok {
		notFound(x)
		return
	}
	f, info, name, err := s.find(name, strings.HasSuffix(view(x.Path), "/"))
	switch {
	case err != nil:
		s.noFile(x, err)
	case info.IsDir():
		f.Close()
		x.Field("Location", location(x))
		x.AnswerText(fasthttp.StatusMovedPermanently, "this is a directory: its name ends with a slash")
	case !info.Mode().IsRegular():
		f.Close()
		notFound(x)
	default:
		x.answerFile(f, info, name)
	}
}

// find opens the file of that name or, where the path ends with a slash, the
// index of that directory. The root is looked up once, so that both names are
// of one release. It returns the name of what it has opened.
func (s *Server) find(name string, slash bool) (*os.File, fs.FileInfo, string, error) {
	// A root that was replaced by other requests between current and open is
	// closed; that happens again only if it is replaced again.
	for {
		root, err := s.root.current()
		if err != nil {
			return nil, nil, "", err
		}
		f, info, err := root.open(name)
		if err == nil && slash {
			f.Close()
			if !info.IsDir() {
				return nil, nil, "", fs.ErrNotExist // a file is no directory
			}
			name := path.Join(name, "index.html")
			if f, info, err = root.open(name); err == nil && info.IsDir() {
				f.Close()
				return nil, nil, "", fs.ErrNotExist
			} else if err == nil {
				return f, info, name, nil
			}
		}
		if errors.Is(err, os.ErrClosed) {
			continue
		}
		return f, info, name, err
	}
}

// noFile answers why a file cannot be had. Only an error that says so means
// that there is no such file: caches may keep a 404, and crawlers act upon it.
func (s *Server) noFile(x *Exchange, err error) {
	switch why := reasonOf(err); why {
	case fasthttp.StatusNotFound:
		notFound(x)
	case fasthttp.StatusForbidden:
		x.AnswerText(why, "this may not be read")
	case fasthttp.StatusServiceUnavailable:
		s.complain("cannot open files", err)
		x.Field("Retry-After", "1")
		x.AnswerText(why, "the server cannot open files at the moment")
	default:
		s.complain("cannot open a file", err)
		x.AnswerText(why, "the file cannot be read")
	}
}

// reasonOf is the status that an error of opening a file means.
func reasonOf(err error) int {
	var errno syscall.Errno
	switch {
	case errors.Is(err, errRootAway):
		return fasthttp.StatusServiceUnavailable
	case errors.Is(err, errEscapes) || errors.Is(err, fs.ErrNotExist):
		return fasthttp.StatusNotFound
	case !errors.As(err, &errno):
		return fasthttp.StatusInternalServerError
	}
	switch errno {
	case unix.ENOTDIR, unix.ENAMETOOLONG, unix.ELOOP,
		unix.ENXIO, unix.ENODEV: // a socket, or the file of a device that is not there
		return fasthttp.StatusNotFound
	case unix.EACCES, unix.EPERM:
		return fasthttp.StatusForbidden
	case unix.EMFILE, unix.ENFILE, unix.ENOMEM, unix.ENOBUFS, unix.EAGAIN, unix.EBUSY:
		return fasthttp.StatusServiceUnavailable
	}
	return fasthttp.StatusInternalServerError
}

// errEscapes is what an os.Root answers to a name that leads out of it. The
// package does not export it.
var errEscapes = func() error {
	root, err := os.OpenRoot("/")
	if err != nil {
		return fs.ErrInvalid
	}
	defer root.Close()
	_, err = root.Lstat("..")
	return errors.Unwrap(err)
}()

// fileName is the name of a file relative to the root, by a path in which all
// escapes are valid. Names are bytes, as they are to the kernel, in whatever
// encoding. A name with dot segments or empty ones has no file.
func fileName(p []byte) (string, bool) {
	name := make([]byte, 0, len(p))
	for i := 0; i < len(p); i++ {
		c := p[i]
		if c == '%' {
			c = byte(unhex(p[i+1])<<4 | unhex(p[i+2]))
			if c == '/' {
				return "", false // a slash in a segment is not one between segments
			}
			i += 2
		}
		if c == 0 {
			return "", false
		}
		name = append(name, c)
	}
	if len(name) == 0 || name[0] != '/' {
		return "", false
	}
	n := strings.TrimSuffix(string(name[1:]), "/")
	if n == "" {
		return ".", len(name) == 1
	}
	for segment := range strings.SplitSeq(n, "/") {
		if segment == "" || segment == "." || segment == ".." {
			return "", false
		}
	}
	return n, true
}

// location is the target with a slash behind its path.
func location(x *Exchange) string {
	l := string(x.Path) + "/"
	if len(x.Query) > 0 {
		l += "?" + string(x.Query)
	}
	return l
}

// typeOf is the media type of files of that name.
func typeOf(name string) string {
	if t := mime.TypeByExtension(path.Ext(name)); t != "" {
		return t
	}
	return "application/octet-stream"
}

// answerFile answers the file, ranges of it, or why not, as the request's
// conditions ask (RFC 9110, 13.2.2 and 14.2).
func (x *Exchange) answerFile(f *os.File, info fs.FileInfo, name string) {
	v := validatorsOf(info)
	c := conditionsOf(&x.Request().Header)
	x.Field("Last-Modified", v.told(c.now).Format(httpDate))
	x.Field("ETag", v.tag)
	switch c.decide(v) {
	case fasthttp.StatusNotModified:
		f.Close()
		x.Answer(fasthttp.StatusNotModified, "", nil)
		return
	case fasthttp.StatusPreconditionFailed:
		f.Close()
		x.AnswerText(fasthttp.StatusPreconditionFailed, "the file is another one than the request wants")
		return
	}
	x.Field("Accept-Ranges", "bytes")
	size, ctype := info.Size(), typeOf(name)
	if x.method == get && c.wantsRanges(v) {
		ranges, ok := parseRanges(c.ranges, size)
		switch {
		case !ok: // the whole is always right
		case len(ranges) == 0:
			f.Close()
			x.Field("Content-Range", unsatisfied(size))
			x.AnswerText(fasthttp.StatusRequestedRangeNotSatisfiable, "the file has %d bytes", size)
			return
		case len(ranges) == 1:
			x.Field("Content-Range", ranges[0].of(size))
			x.answerFrom(fasthttp.StatusPartialContent, ctype, newExtract(f, ranges[0].first), ranges[0].size())
			return
		default:
			m := newMultipart(f, ranges, ctype, size)
			x.answerFrom(fasthttp.StatusPartialContent, m.contentType(), m, m.size())
			return
		}
	}
	x.answerFrom(fasthttp.StatusOK, ctype, newExtract(f, 0), size)
}
