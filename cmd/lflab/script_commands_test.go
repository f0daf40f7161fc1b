package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"regexp"
	"strings"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// freePorts sets $ADDR1 and $ADDR2 to addresses on which nobody listens.
func freePorts(env *testscript.Env) error {
	for i := 1; i <= 2; i++ {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		defer l.Close()
		env.Setenv(fmt.Sprintf("ADDR%d", i), l.Addr().String())
	}
	return nil
}

// fetch implements the command "fetch URL TEXT". It gets URL and checks that
// the answer contains TEXT. It first waits until the server listens.
func fetch(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: fetch URL TEXT")
	}
	client := http.Client{Timeout: 10 * time.Second}
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		resp, err := client.Get(args[0])
		// A connection may be reset instead of refused while the server begins
		// to listen.
		if (errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, syscall.ECONNRESET)) && time.Now().Before(deadline) {
			continue
		}
		ts.Check(err)
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		ts.Check(err)
		if strings.Contains(string(body), args[1]) == neg {
			ts.Fatalf("%s answered %s: %q", args[0], resp.Status, body)
		}
		return
	}
}

// appears implements the command "appears FILE PATTERN". It waits until a
// program in the background has written what matches the pattern.
func appears(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 || neg {
		ts.Fatalf("usage: appears FILE PATTERN")
	}
	pattern, err := regexp.Compile(args[1])
	ts.Check(err)
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		text, err := os.ReadFile(ts.MkAbs(args[0]))
		if err == nil && pattern.Match(text) {
			return
		}
		if time.Now().After(deadline) {
			ts.Fatalf("no %s in %s: %v, %q", args[1], args[0], err, text)
		}
	}
}
