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

// Server is what all sessions share. It implements serve.Service.
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
	drained  atomic.Int64 // when that began, ns; 0 not yet
	panics   atomic.Uint64
	logAfter atomic.Int64 // when the next panic may be logged

	complainAfter atomic.Int64 // when the next trouble with files may be
}

// pieceSize is how much of a large body is made and sent at a time.
const pieceSize = 64 << 10

type piece [pieceSize]byte

// New makes a server. It opens DocRoot, and keeps it open until Close or until
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
				return nil, fmt.Errorf("%w (a directory is wanted)", err)
			}
			s.complain("files are not served until it can be", err)
		}
		// The table of types is read when it is first asked for, and once: later,
		// the process might be short of descriptors just then.
		typeOf("")
	}
	s.slow = int64(cmp.Or(c.Slow, defaultSlow))
	s.routes = s.builtIn()
	s.files = newRoute(get|head, s.file)
	s.parsers.New = func() any { return newParser(limits.Head) }
	s.pieces.New = func() any { return new(piece) }
	return s, nil
}

// NewSession makes a session. It takes its buffers when it first needs them.
func (s *Server) NewSession() serve.Session { return s.newSession() }

func (s *Server) newSession() *Session {
	n := &Session{server: s}
	n.x.session = n
	n.Reset(nil)
	return n
}

// Drain has every session close its connection after the response in hand.
func (s *Server) Drain() {
	s.draining.Store(true)
	s.drained.CompareAndSwap(0, flight.Now())
}

// TurnAway answers a request that nobody reads.
func (s *Server) TurnAway() []byte { return TurnAway }

const endsWords = "the server ends\n"

// TurnAway is what a server of this package answers while it ends to those whose
// request it does not read.
var TurnAway = fmt.Appendf(nil, "HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain; charset=utf-8\r\n"+
	"Content-Length: %d\r\nRetry-After: 1\r\nConnection: close\r\n\r\n%s", len(endsWords), endsWords)

// Panics is how many handlers have panicked.
func (s *Server) Panics() uint64 { return s.panics.Load() }

// Close lets the document root go. Sessions must have ended.
func (s *Server) Close() error {
	if s.root == nil {
		return nil
	}
	return s.root.close()
}

// panicked counts a panic, and logs it with its stack if none was logged
// within the last second. It is called by the deferred function that recovers.
func (s *Server) panicked(value any, path []byte) {
	n := s.panics.Add(1)
	if s.mayLog(&s.logAfter) {
		s.log.Error("handler panicked", "path", string(path), "value", value, "panics", n, "stack", string(debug.Stack()))
	}
}

// complain logs what files suffer from, once a second at most.
func (s *Server) complain(what string, err error) {
	if s.mayLog(&s.complainAfter) {
		s.log.Warn(what, "error", err)
	}
}

// mayLog reports whether a second has passed since it last reported so.
func (s *Server) mayLog(after *atomic.Int64) bool {
	now, then := flight.Now(), after.Load()
	return now >= then && after.CompareAndSwap(then, now+int64(time.Second))
}
