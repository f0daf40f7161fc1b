package httpd

import (
	"cmp"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"lflab/lf/flight"
	"lflab/lf/serve"
)

// Server is the state that all sessions share. It implements serve.Service.
type Server struct {
	limits  Limits
	config  Config
	log     *slog.Logger
	slow    int64 // ns
	routes  map[string]*route
	files   *route
	root    *docRoot // nil without a DocRoot
	parsers sync.Pool
	pieces  sync.Pool

	draining atomic.Bool
	drained  atomic.Int64 // when draining began, ns of CLOCK_MONOTONIC; 0 before that
	panics   atomic.Uint64
	logAfter atomic.Int64 // when the next panic may be logged

	complainAfter atomic.Int64 // when the next problem with files may be logged
}

// pieceSize is how much of a large body is read and sent at a time.
const pieceSize = 64 << 10

type piece [pieceSize]byte

// New makes a server. It opens DocRoot and keeps it open until Close, or until
// the path leads to another directory.
func New(c Config) (*Server, error) {
	limits, err := c.Limits.complete()
	if err != nil {
		return nil, err
	}
	if c.Slow < 0 {
		return nil, fmt.Errorf("slow: %v is negative (0 means the default, %v)", c.Slow, defaultSlow)
	}
	s := &Server{limits: limits, config: c, log: c.Log}
	if s.log == nil {
		s.log = slog.Default()
	}
	if c.DocRoot != "" {
		if s.root, err = newDocRoot(c.DocRoot); err != nil {
			return nil, err
		}
		if _, err := s.root.current(); err != nil {
			if !c.DocRootMayBeAway {
				return nil, fmt.Errorf("%w (want a directory)", err)
			}
			s.complain("files are not served until it can be", err)
		}
		// This loads the table of media types now, because later the process
		// may be short of descriptors.
		typeOf("")
	}
	s.slow = int64(cmp.Or(c.Slow, defaultSlow))
	s.routes = s.builtIn()
	s.files = newRoute(get|head, s.file)
	s.parsers.New = func() any { return newParser(limits.Head) }
	s.pieces.New = func() any { return new(piece) }
	return s, nil
}

// NewSession makes a session. The session allocates its buffers when it first
// needs them.
func (s *Server) NewSession() serve.Session { return s.newSession() }

func (s *Server) newSession() *Session {
	n := &Session{server: s}
	n.x.session = n
	n.Reset(nil)
	return n
}

// Drain makes every session close its connection after the current response.
func (s *Server) Drain() {
	s.draining.Store(true)
	s.drained.CompareAndSwap(0, flight.Now())
}

// TurnAway implements serve.Service.
func (s *Server) TurnAway() []byte { return TurnAway }

const endsWords = "the server ends\n"

// TurnAway is the answer to peers whose request is not read because the server
// ends.
var TurnAway = fmt.Appendf(nil, "HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain; charset=utf-8\r\n"+
	"Content-Length: %d\r\nRetry-After: 1\r\nConnection: close\r\n\r\n%s", len(endsWords), endsWords)

// Panics returns how many handlers have panicked.
func (s *Server) Panics() uint64 { return s.panics.Load() }

// Close closes the document root. Sessions must have ended.
func (s *Server) Close() error {
	if s.root == nil {
		return nil
	}
	return s.root.close()
}

// panicked counts a panic and logs it with its stack, at most once a second.
// The deferred function that recovers must call it.
func (s *Server) panicked(value any, path []byte) {
	n := s.panics.Add(1)
	if s.mayLog(&s.logAfter) {
		s.log.Error("handler panicked", "path", string(path), "value", value, "panics", n, "stack", string(debug.Stack()))
	}
}

// complain logs a problem with files, at most once a second.
func (s *Server) complain(what string, err error) {
	if s.mayLog(&s.complainAfter) {
		s.log.Warn(what, "error", err)
	}
}

// mayLog reports whether a second has passed since it last returned true.
func (s *Server) mayLog(after *atomic.Int64) bool {
	now, then := flight.Now(), after.Load()
	return now >= then && after.CompareAndSwap(then, now+int64(time.Second))
}
