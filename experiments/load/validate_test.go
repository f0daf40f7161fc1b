package load

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestValidate(t *testing.T) {
	good := Config{URL: "http://127.0.0.1:80/", Connections: 4, Duration: time.Second}
	if err := good.Validate(); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		change func(*Config)
		says   string
	}{
		{func(c *Config) { c.URL = "" }, `URL "": must be http://host:port/path`},
		{func(c *Config) { c.URL = "https://h/" }, "TLS is not supported"},
		{func(c *Config) { c.URL = "ftp://h/" }, "scheme"},
		{func(c *Config) { c.URL = "http://:80/" }, "host"},
		{func(c *Config) { c.URL = "http://u@h/" }, "user"},
		{func(c *Config) { c.URL = "http://h:port/" }, "port"},
		{func(c *Config) { c.Connections = 0 }, "--connections 0: must be 1 to"},
		{func(c *Config) { c.Threads = -1 }, "--threads -1: must be 1 to"},
		{func(c *Config) { c.Threads = 5 }, "--threads 5: must be at most --connections, 4"},
		{func(c *Config) { c.Duration = 0 }, "--duration 0s: must be more than 0s"},
		{func(c *Config) { c.Warmup = -1 }, "--warmup -1ns: must be 0s to"},
		{func(c *Config) { c.Rate = -2 }, "--rate -2: must be 0"},
		{func(c *Config) { c.Rate = math.NaN() }, "--rate NaN"},
		{func(c *Config) { c.Arrivals = "uniform" }, "--arrivals uniform: must be poisson, fixed, paired or burst"},
		{func(c *Config) { c.Arrivals = Paired }, "--rate 0: must be more than 0 with --arrivals paired"},
		{func(c *Config) { c.Arrivals, c.Burst = Burst, 2 }, "--rate 0: must be more than 0 with --arrivals burst"},
		{func(c *Config) { c.Rate, c.Spacing = 5, 1 }, "--spacing 1ns: must be 0s without --arrivals paired"},
		{func(c *Config) { c.Rate, c.Arrivals, c.Spacing = 5, Paired, -1 }, "--spacing -1ns: must be 0s to 1ms"},
		{func(c *Config) { c.Rate, c.Arrivals, c.Spacing = 5, Paired, time.Millisecond+1 }, "--spacing 1.000001ms: must be 0s to 1ms"},
		{func(c *Config) { c.Rate, c.Arrivals, c.Spacing = 2000, Paired, 500*time.Microsecond+1 }, "--spacing 500.001µs: must be at most 500µs at --rate 2000"},
		{func(c *Config) { c.Rate, c.Arrivals, c.Connections = 5, Paired, 1 }, "--connections 1: must be 2 or more with --arrivals paired"},
		{func(c *Config) { c.Rate, c.Arrivals, c.Burst = 5, Fixed, 2 }, "--burst 2: must be 0 without --arrivals burst"},
		{func(c *Config) { c.Rate, c.Arrivals = 5, Burst }, "--burst 0: must be 1 to 1024 requests"},
		{func(c *Config) { c.Rate, c.Arrivals, c.Burst = 5, Burst, 1025 }, "--burst 1025: must be 1 to 1024 requests"},
		{func(c *Config) { c.Rate, c.Arrivals, c.Burst = 5, Burst, 5 }, "--burst 5: must be at most --connections, 4"},
		{func(c *Config) { c.CPUs = []int{-1} }, "--cpus -1: must be of the CPUs of this process, ["},
		{func(c *Config) { c.CPUs = []int{1 << 20} }, "--cpus 1048576: must be of the CPUs"},
		{func(c *Config) { c.Timeout = time.Microsecond }, "--timeout 1µs: must be 1ms to"},
	} {
		cfg := good
		test.change(&cfg)
		_, err := Run(context.Background(), cfg)
		var config *ConfigError
		if !errors.As(err, &config) || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%v: want a ConfigError that says %q", err, test.says)
		}
	}
	for _, change := range []func(*Config){
		func(c *Config) { c.Rate, c.Arrivals, c.Spacing = 1000, Paired, time.Millisecond },
		func(c *Config) { c.Rate, c.Arrivals = 1000, Paired },
		func(c *Config) { c.Rate, c.Arrivals, c.Burst, c.Connections = 5, Burst, 1024, 1024 },
	} {
		cfg := good
		change(&cfg)
		if err := cfg.Validate(); err != nil {
			t.Errorf("%+v: %v", cfg, err)
		}
	}
	for _, port := range []string{"0", "65536"} {
		cfg := good
		cfg.URL = "http://127.0.0.1:" + port
		var config *ConfigError
		if _, err := Run(context.Background(), cfg); !errors.As(err, &config) {
			t.Errorf("port %s: %v, want a ConfigError", port, err)
		}
	}
}

// The error names what is needed and, only if there is such a number, how many
// connections would do.
func TestTooFewFiles(t *testing.T) {
	for _, test := range []struct {
		err  FilesError
		says string
		not  string
	}{
		{FilesError{4, 9, 9}, "--connections 4: needs 68 open files, one for each connection and 64 more, but their limit is 9 [raise it with ulimit -n 68, which above the hard limit of 9 needs root", "at most"},
		{FilesError{4, 64, 4096}, "[raise it with ulimit -n 68]", "at most"},
		{FilesError{4000, 1024, 4096}, "[raise it with ulimit -n 4064, or use at most 960 connections]", "root"},
	} {
		if got := test.err.Error(); !strings.Contains(got, test.says) || strings.Contains(got, test.not) {
			t.Errorf("%q, want %q and not %q", got, test.says, test.not)
		}
	}
	limit := unix.Rlimit{}
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	if limit.Cur > 1<<30 {
		t.Skip("the limit on open files is above every number of connections")
	}
	var files *FilesError
	if err := checkFiles(int(limit.Cur)); !errors.As(err, &files) || files.Limit != limit.Cur {
		t.Errorf("%v, want too few files", err)
	}
}
