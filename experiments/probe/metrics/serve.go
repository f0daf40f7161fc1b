package metrics

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"time"
)

// Listen listens on an address of the form [HOST]:PORT. Without a host it takes
// the loopback interface, because what a machine does is not for everyone on
// its network.
func Listen(address string) (net.Listener, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("listen on %q: %w (want [HOST]:PORT, as in :9435)", address, err)
	}
	if host == "" {
		host = "127.0.0.1"
	}
	l, err := net.Listen("tcp", net.JoinHostPort(host, port))
	if err != nil {
		return nil, fmt.Errorf("listen on %q: %w", address, err)
	}
	return l, nil
}

// IsLoopback reports whether only this machine can reach a listener.
func IsLoopback(l net.Listener) bool {
	a, ok := l.Addr().(*net.TCPAddr)
	return ok && a.IP.IsLoopback()
}

// Serve answers GET /metrics on l until ctx ends, and then closes l. Each
// request calls measured, whose context ends with the request or with ctx. It
// returns nil after ctx has ended.
func Serve(ctx context.Context, l net.Listener, measured func(context.Context) (Source, error)) error {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, q *http.Request) { answer(w, q, measured) })
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "lflab probe: the metrics are under /metrics\n") // the client may be gone
	})
	server := &http.Server{
		Handler: mux, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute,
		ErrorLog:    log.New(io.Discard, "", 0), // of clients that went away
		BaseContext: func(net.Listener) context.Context { return ctx },
	}
	stop := context.AfterFunc(ctx, func() { server.Close() })
	defer stop()
	if err := server.Serve(l); err != nil && !(errors.Is(err, http.ErrServerClosed) && ctx.Err() != nil) {
		return fmt.Errorf("serve metrics: %w", err)
	}
	return nil
}

func answer(w http.ResponseWriter, q *http.Request, measured func(context.Context) (Source, error)) {
	r, err := measured(q.Context())
	var text bytes.Buffer
	if err == nil {
		err = Write(&text, r)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", ContentType)
	_, _ = w.Write(text.Bytes()) // the client may be gone
}
