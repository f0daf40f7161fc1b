package load

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"
	"time"
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
		{func(c *Config) { c.URL = "https://h/" }, "no TLS"},
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
	for _, port := range []string{"0", "65536"} {
		cfg := good
		cfg.URL = "http://127.0.0.1:" + port
		var config *ConfigError
		if _, err := Run(context.Background(), cfg); !errors.As(err, &config) {
			t.Errorf("port %s: %v, want a ConfigError", port, err)
		}
	}
}
