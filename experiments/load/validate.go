package load

import (
	"errors"
	"fmt"
	"math"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Limits of a Config.
const (
	maxConnections = 1 << 20
	maxThreads     = 256
	maxDuration    = 24 * time.Hour
	maxRate        = 1e7
	maxPlanned     = 1e9 // requests of a plan
	maxSpacing     = time.Millisecond
	maxBurst       = 1024
	defaultTimeout = 10 * time.Second
)

// ConfigError describes a field of a Config that is not allowed: the name of
// its flag, its value, and what is allowed.
type ConfigError struct {
	Flag    string // flag of `lflab load`, as "--rate"; "URL" for the argument
	Value   string
	Allowed string
}

func (e *ConfigError) Error() string {
	return fmt.Sprintf("%s %s: must be %s", e.Flag, e.Value, e.Allowed)
}

// withDefaults returns c with its zero values replaced by the defaults.
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

// Validate returns the first problem of c as a *ConfigError. It does not use
// the network.
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
	case c.Rate > 0 && c.Rate*c.Duration.Seconds() < 1-1e-9:
		return bad("--rate", c.Rate, "0 (closed loop) or at least %.3g [one request in the --duration of %v]", 1/c.Duration.Seconds(), c.Duration)
	case c.Rate*(c.Warmup+c.Duration).Seconds() > maxPlanned:
		return bad("--rate", c.Rate, "at most %.3g for %v [a plan has at most %g requests: a shorter --duration]", maxPlanned/(c.Warmup+c.Duration).Seconds(), c.Warmup+c.Duration, float64(maxPlanned))
	case !slices.Contains(laws, c.Arrivals):
		return bad("--arrivals", c.Arrivals, "%s, %s, %s or %s", laws[0], laws[1], laws[2], laws[3])
	case c.Timeout < time.Millisecond || c.Timeout > maxDuration:
		return bad("--timeout", c.Timeout, "1ms to %v", maxDuration)
	}
	if err := c.validateGroups(bad); err != nil {
		return err
	}
	if err := validateCPUs(c.CPUs); err != nil {
		return err
	}
	return c.Background.validate()
}

var laws = []Arrivals{Poisson, Fixed, Paired, Burst}

func (c Config) validateGroups(bad func(flag string, value any, allowed string, args ...any) error) error {
	grouped := c.Arrivals == Paired || c.Arrivals == Burst
	switch {
	case grouped && c.Rate == 0:
		return bad("--rate", c.Rate, "more than 0 with --arrivals %s [a closed loop has no planned arrivals]", c.Arrivals)
	case c.Arrivals != Paired && c.Spacing != 0:
		return bad("--spacing", c.Spacing, "0s without --arrivals %s", Paired)
	case c.Spacing < 0 || c.Spacing > maxSpacing:
		return bad("--spacing", c.Spacing, "0s to %v", maxSpacing)
	case float64(c.Spacing)*c.Rate > 1e9:
		return bad("--spacing", c.Spacing, "at most %v at --rate %g [half the time from one pair to the next]", time.Duration(1e9/c.Rate), c.Rate)
	case c.Arrivals == Paired && c.Connections < 2:
		return bad("--connections", c.Connections, "2 or more with --arrivals %s [each of a pair has its own]", Paired)
	case c.Arrivals != Burst && c.Burst != 0:
		return bad("--burst", c.Burst, "0 without --arrivals %s", Burst)
	case c.Arrivals == Burst && (c.Burst < 1 || c.Burst > maxBurst):
		return bad("--burst", c.Burst, "1 to %d requests", maxBurst)
	case c.Burst > c.Connections:
		return bad("--burst", c.Burst, "at most --connections, %d [the requests of a burst go at once]", c.Connections)
	}
	return nil
}

// parseURL parses a URL and refuses what the generator does not support.
func parseURL(raw string) (*url.URL, error) {
	bad := func(why string) error {
		return &ConfigError{"URL", fmt.Sprintf("%q", raw), "http://host:port/path [" + why + "]"}
	}
	u, err := url.Parse(raw)
	switch {
	case strings.HasPrefix(raw, "unix:") || strings.HasPrefix(raw, "/"):
		return nil, bad("Unix-domain sockets are not supported: use a TCP port of the server")
	case !strings.Contains(raw, "://") && raw != "":
		return nil, bad("the scheme is missing: http://" + raw)
	case err != nil:
		var parse *url.Error
		if errors.As(err, &parse) {
			err = parse.Err
		}
		return nil, bad(err.Error() + "; the % of an IPv6 zone is written %25")
	case strings.Contains(u.RawQuery, " "):
		return nil, bad("a space in the query is written %20")
	case u.Scheme == "https":
		return nil, bad("TLS is not supported: use the server's plain port")
	case u.Scheme != "http" || u.Opaque != "":
		return nil, bad("the scheme is http")
	case u.Hostname() == "":
		return nil, bad("the host is missing")
	case u.User != nil:
		return nil, bad("user names are not sent")
	}
	return u, nil
}
