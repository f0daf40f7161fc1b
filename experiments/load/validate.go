package load

import (
	"fmt"
	"math"
	"net/url"
	"time"
)

// Limits of a Config.
const (
	maxConnections = 1 << 20
	maxThreads     = 256
	maxDuration    = 24 * time.Hour
	maxRate        = 1e8
	defaultTimeout = 10 * time.Second
)

// ConfigError is a Config that cannot be run: which field, by the name of its
// flag, which value it had, and what is allowed.
type ConfigError struct {
	Flag    string // of `lflab load`: "--rate"; "URL" is the argument
	Value   string
	Allowed string
}

func (e *ConfigError) Error() string {
	return fmt.Sprintf("%s %s: must be %s", e.Flag, e.Value, e.Allowed)
}

// withDefaults returns c with its zero values replaced by what they mean.
func (c Config) withDefaults() Config {
	if c.Threads == 0 {
		c.Threads = 1
	}
	if c.Timeout == 0 {
		c.Timeout = defaultTimeout
	}
	if c.Arrivals == "" {
		c.Arrivals = Poisson
	}
	return c
}

// Validate reports the first thing in c that cannot be run, as a *ConfigError.
// It touches no network.
func (c Config) Validate() error {
	c = c.withDefaults()
	if _, err := parseURL(c.URL); err != nil {
		return err
	}
	bad := func(flag string, value any, allowed string, args ...any) error {
		return &ConfigError{flag, fmt.Sprint(value), fmt.Sprintf(allowed, args...)}
	}
	switch {
	case c.Connections < 1 || c.Connections > maxConnections:
		return bad("--connections", c.Connections, "1 to %d", maxConnections)
	case c.Threads < 1 || c.Threads > maxThreads:
		return bad("--threads", c.Threads, "1 to %d", maxThreads)
	case c.Threads > c.Connections:
		return bad("--threads", c.Threads, "at most --connections, %d [a thread needs a connection of its own]", c.Connections)
	case c.Duration <= 0 || c.Duration > maxDuration:
		return bad("--duration", c.Duration, "more than 0s and at most %v", maxDuration)
	case c.Warmup < 0 || c.Warmup > maxDuration:
		return bad("--warmup", c.Warmup, "0s to %v", maxDuration)
	case math.IsNaN(c.Rate) || c.Rate < 0 || c.Rate > maxRate:
		return bad("--rate", c.Rate, "0 (closed loop) to %g requests per second", float64(maxRate))
	case c.Arrivals != Poisson && c.Arrivals != Fixed:
		return bad("--arrivals", c.Arrivals, "%s or %s", Poisson, Fixed)
	case c.Timeout < time.Millisecond || c.Timeout > maxDuration:
		return bad("--timeout", c.Timeout, "1ms to %v", maxDuration)
	}
	return c.Background.validate()
}

// parseURL accepts what the generator can ask for.
func parseURL(raw string) (*url.URL, error) {
	bad := func(why string) error {
		return &ConfigError{"URL", fmt.Sprintf("%q", raw), "http://host:port/path [" + why + "]"}
	}
	u, err := url.Parse(raw)
	switch {
	case err != nil:
		return nil, bad(err.Error())
	case u.Scheme == "https":
		return nil, bad("no TLS here: put the server's plain port")
	case u.Scheme != "http" || u.Opaque != "":
		return nil, bad("the scheme is http")
	case u.Hostname() == "":
		return nil, bad("the host is missing")
	case u.User != nil:
		return nil, bad("user names are not sent")
	}
	return u, nil
}
