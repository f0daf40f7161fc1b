package live

import (
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"lflab/experiments/report"
)

// mostClients is the number of browsers that can follow a run at a time.
const mostClients = 16

// pagePolicy lets the page run its own script, use its own styles and ask this
// server, and nothing else. filePolicy lets files do nothing.
var (
	pagePolicy = "default-src 'none'; style-src 'unsafe-inline'; script-src '" + report.ScriptHash + "'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
	filePolicy = "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'none'"
)

// before is the page before the first trial.
const before = `<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta http-equiv="refresh" content="2"><meta name="color-scheme" content="light dark"><title>lflab</title></head>
<body><p>The run has not begun yet.</p></body></html>
`

// ServeHTTP answers GET and HEAD requests for the page, its events and the
// files of the results directory.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", filePolicy)
	switch {
	case !s.named(r.Host):
		http.Error(w, "this server answers to its address only", http.StatusForbidden)
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		h.Set("Allow", "GET, HEAD")
		http.Error(w, "nothing can be changed here", http.StatusMethodNotAllowed)
	case r.URL.Path == "/" || r.URL.Path == "/report.html":
		s.servePage(w, r)
	case r.URL.Path == "/events":
		s.serveEvents(w, r)
	default:
		s.serveFile(w, r)
	}
}

// named reports whether a Host header is an address of this server: an IP
// address, localhost, or the name that it was told to listen at. A page of
// another site that has its own name resolved to this machine has another one.
func (s *Server) named(host string) bool {
	_, port, _ := net.SplitHostPort(s.listener.Addr().String())
	name, at, err := net.SplitHostPort(host)
	if err != nil {
		name, at = strings.Trim(host, "[]"), "80"
	}
	if at != port {
		return false
	}
	_, err = netip.ParseAddr(name)
	return err == nil || strings.EqualFold(name, "localhost") || s.name != "" && strings.EqualFold(name, s.name)
}

func (s *Server) servePage(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	page, ended := s.page, s.ended
	s.mu.Unlock()
	if page == nil {
		page = []byte(before)
	}
	w.Header().Set("Content-Security-Policy", pagePolicy)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(len(page)))
	if r.Method == http.MethodHead {
		return
	}
	if _, err := w.Write(page); err == nil && ended && r.URL.Path == "/" {
		select {
		case s.fetched <- struct{}{}:
		default: // more than can follow
		}
	}
}

// tell sends an event to every browser that follows. s.mu must be held. An event
// that a browser has not taken yet is replaced, unless it is the stronger one.
func (s *Server) tell(event string) {
	s.version++
	for c := range s.clients {
		select {
		case old := <-c:
			if old == "replaced" {
				c <- old
				continue
			}
		default:
		}
		c <- event
	}
}

// serveEvents sends an event each time that the page changes, as server-sent
// events, until the browser leaves or the server ends. A browser whose page is
// an old one is told at once.
func (s *Server) serveEvents(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodHead {
		return
	}
	c := make(chan string, 1)
	s.mu.Lock()
	if s.clients == nil || len(s.clients) >= mostClients {
		s.mu.Unlock()
		http.Error(w, fmt.Sprintf("%d browsers follow this run already", mostClients), http.StatusServiceUnavailable)
		return
	}
	if s.ended {
		c <- "replaced"
	} else if r.URL.Query().Get("seen") != strconv.Itoa(s.version) {
		c <- "changed"
	}
	s.clients[c] = true
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		delete(s.clients, c)
		s.mu.Unlock()
	}()
	w.Header().Set("Content-Type", "text/event-stream")
	out := http.NewResponseController(w)
	if out.Flush() != nil {
		return
	}
	for {
		select {
		case event, open := <-c:
			if !open {
				return
			}
			if out.SetWriteDeadline(time.Now().Add(5*time.Second)) != nil {
				return
			}
			if _, err := fmt.Fprintf(w, "event: %s\ndata: \n\n", event); err != nil || out.Flush() != nil {
				return
			}
		case <-r.Context().Done():
			return
		}
	}
}

// serveFile serves a file of the results directory. Links and names that lead
// out of it, and directories, are not found.
func (s *Server) serveFile(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	dir := s.dir
	s.mu.Unlock()
	name := strings.TrimPrefix(r.URL.Path, "/")
	root, err := os.OpenRoot(dir)
	if err != nil || !fs.ValidPath(name) {
		http.NotFound(w, r)
		return
	}
	defer root.Close()
	f, err := root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0) // a pipe without a writer must not block
	if err != nil {
		http.NotFound(w, r)
		return
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		http.NotFound(w, r)
		return
	}
	http.ServeContent(w, r, name, info.ModTime(), f)
}
