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

// unixStat is the type behind fs.FileInfo.Sys.
type unixStat = syscall.Stat_t

// file answers with a file below DocRoot. os.Root refuses names and links that
// lead out of it. The checks before that only give clearer reasons.
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
		x.AnswerText(fasthttp.StatusMovedPermanently, "this is a directory (add a slash to its name)")
	case !info.Mode().IsRegular():
		f.Close()
		notFound(x)
	default:
		x.answerFile(f, info, name)
	}
}

// find opens the named file or, if the path ends with a slash, the index of
// that directory. It returns the name of the opened file. It resolves the root
// once, so both names are of one release.
func (s *Server) find(name string, slash bool) (*os.File, fs.FileInfo, string, error) {
	// If another request replaces the root between current and open, the root
	// is closed. Try again.
	for {
		root, err := s.root.current()
		if err != nil {
			return nil, nil, "", err
		}
		f, info, err := root.open(name)
		if err == nil && slash {
			f.Close()
			if !info.IsDir() {
				return nil, nil, "", fs.ErrNotExist // a file is not a directory
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

// noFile answers for a file that cannot be opened. It answers 404 only if the
// error says that the file does not exist, because caches keep a 404 and
// crawlers act on it.
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

// reasonOf returns the status for an error of opening a file.
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
		unix.ENXIO, unix.ENODEV: // a socket, or the file of a missing device
		return fasthttp.StatusNotFound
	case unix.EACCES, unix.EPERM:
		return fasthttp.StatusForbidden
	case unix.EMFILE, unix.ENFILE, unix.ENOMEM, unix.ENOBUFS, unix.EAGAIN, unix.EBUSY:
		return fasthttp.StatusServiceUnavailable
	}
	return fasthttp.StatusInternalServerError
}

// errEscapes is os.Root's error for a name that leads out of it. Package os
// does not export it.
var errEscapes = func() error {
	root, err := os.OpenRoot("/")
	if err != nil {
		return fs.ErrInvalid
	}
	defer root.Close()
	_, err = root.Lstat("..")
	return errors.Unwrap(err)
}()

// fileName turns a path, whose escapes must be valid, into a file name relative
// to the root. Names are bytes in any encoding. A name with dot segments or
// empty segments has no file.
func fileName(p []byte) (string, bool) {
	name := make([]byte, 0, len(p))
	for i := 0; i < len(p); i++ {
		c := p[i]
		if c == '%' {
			c = byte(unhex(p[i+1])<<4 | unhex(p[i+2]))
			if c == '/' {
				return "", false // an escaped slash does not separate segments
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

// location returns the target with a slash after its path.
func location(x *Exchange) string {
	l := string(x.Path) + "/"
	if len(x.Query) > 0 {
		l += "?" + string(x.Query)
	}
	return l
}

// typeOf returns the media type of a file name.
func typeOf(name string) string {
	if t := mime.TypeByExtension(path.Ext(name)); t != "" {
		return t
	}
	return "application/octet-stream"
}

// answerFile answers with the file, with ranges of it, or with the reason for
// neither, according to the request's conditions (RFC 9110, 13.2.2 and 14.2).
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
		x.AnswerText(fasthttp.StatusPreconditionFailed, "the file does not meet the request's conditions")
		return
	}
	x.Field("Accept-Ranges", "bytes")
	size, ctype := info.Size(), typeOf(name)
	if x.method == get && c.wantsRanges(v) {
		ranges, ok := parseRanges(c.ranges, size)
		switch {
		case !ok: // ignore the field and send the whole file
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
