package httpd

import (
	"errors"
	"fmt"
	"io/fs"
	"mime"
	"os"
	"path"
	"strings"
	"time"

	"github.com/valyala/fasthttp"
	"golang.org/x/sys/unix"
)

// file answers a file below DocRoot. os.Root refuses whatever would lead out,
// links included; the checks before it only make the reasons plain.
func (s *Server) file(x *Exchange) {
	name, ok := fileName(x.Path)
	if s.root == nil || !ok {
		notFound(x)
		return
	}
	f, info, err := s.open(name)
	if err == nil && info.IsDir() {
		f.Close()
		if !strings.HasSuffix(view(x.Path), "/") {
			x.Field("Location", location(x))
			x.AnswerText(fasthttp.StatusMovedPermanently, "this is a directory: its name ends with a slash")
			return
		}
		name = path.Join(name, "index.html")
		f, info, err = s.open(name)
	} else if err == nil && strings.HasSuffix(view(x.Path), "/") {
		f.Close()
		notFound(x) // a file is no directory
		return
	}
	switch {
	case errors.Is(err, fs.ErrPermission):
		x.AnswerText(fasthttp.StatusForbidden, "this may not be read")
	case err != nil:
		notFound(x)
	case !info.Mode().IsRegular():
		f.Close()
		notFound(x)
	default:
		x.answerFile(f, info, name)
	}
}

// open opens a file without waiting, as opening a named pipe would.
func (s *Server) open(name string) (*os.File, fs.FileInfo, error) {
	f, err := s.root.OpenFile(name, os.O_RDONLY|unix.O_NONBLOCK, 0)
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

// fileName is the name of a file relative to the root, by a path in which all
// escapes are valid. A name with dot segments or empty ones has no file.
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
	return n, fs.ValidPath(n) && n != "."
}

// location is the target with a slash behind its path.
func location(x *Exchange) string {
	l := string(x.Path) + "/"
	if len(x.Query) > 0 {
		l += "?" + string(x.Query)
	}
	return l
}

// answerFile answers the file or one range of it, or that it has not changed.
func (x *Exchange) answerFile(f *os.File, info fs.FileInfo, name string) {
	h := &x.Request().Header
	changed := info.ModTime().UTC().Truncate(time.Second)
	x.Field("Last-Modified", changed.Format(httpDate))
	if since, err := fasthttp.ParseHTTPDate(h.Peek("If-Modified-Since")); err == nil && !changed.After(since) {
		f.Close()
		x.Answer(fasthttp.StatusNotModified, "", nil)
		return
	}
	ctype := mime.TypeByExtension(path.Ext(name))
	if ctype == "" {
		ctype = "application/octet-stream"
	}
	x.Field("Accept-Ranges", "bytes")
	size := info.Size()
	// If-Range asks for the whole file unless it is the same one still; the
	// whole is always right.
	if r := h.Peek("Range"); len(r) > 0 && len(h.Peek("If-Range")) == 0 && size > 0 {
		first, last, err := fasthttp.ParseByteRange(r, int(size))
		if err == nil {
			x.Field("Content-Range", contentRange(first, last, size))
			x.answerFrom(fasthttp.StatusPartialContent, ctype, newExtract(f, int64(first)), int64(last-first+1))
			return
		}
	}
	x.answerFrom(fasthttp.StatusOK, ctype, newExtract(f, 0), size)
}

func contentRange(first, last int, size int64) string {
	return fmt.Sprintf("bytes %d-%d/%d", first, last, size)
}
