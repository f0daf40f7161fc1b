package mpm

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"lflab/lf/httpd/hostile"
)

const probe = "POST /echo HTTP/1.1\r\nHost: lab.test\r\nContent-Length: 5\r\nConnection: close\r\n\r\nprobe"

// TestHostile sends every hostile request to every architecture. It must answer
// as allowed, or close, in time, and must work as before afterwards.
func TestHostile(t *testing.T) {
	someVariants(t, setup{silent: true}, func(t *testing.T, r *rig) {
		for _, c := range hostile.Cases() {
			input := string(c.Request)
			if !c.HalfClose {
				input += probe
			}
			answers, err := r.provoke(input, c.HalfClose)
			switch {
			case err != nil:
				t.Errorf("%s: %v", c.Name, err)
			case len(answers) == 0 && !c.AllowClose:
				t.Errorf("%s: closed without an answer, want %v", c.Name, c.Want)
			case len(answers) > 0 && !slices.Contains(c.Want, answers[0].code):
				t.Errorf("%s: status %d, want %v", c.Name, answers[0].code, c.Want)
			case len(answers) > 0 && !answers[0].closes && !(len(answers) == 2 && answers[1].code == 200 && answers[1].body == "probe"):
				t.Errorf("%s: the request behind was not understood: %+v", c.Name, answers[1:])
			case len(answers) > 0 && answers[0].closes && len(answers) > 1:
				t.Errorf("%s: the server went on after it had said close: %+v", c.Name, answers[1:])
			}
		}
		r.idle()
		r.check()
	})
}

type answered struct {
	code   int
	body   string
	closes bool
}

// provoke sends the input and reads answers until the server closes.
func (r *rig) provoke(input string, halfClose bool) ([]answered, error) {
	conn, err := net.DialTimeout("tcp", r.addr, patience)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(patience))
	sent := make(chan struct{})
	go func() { // the server may answer and stop reading before it has all
		defer close(sent)
		io.WriteString(conn, input)
		if halfClose {
			conn.(*net.TCPConn).CloseWrite()
		}
	}()
	all, err := io.ReadAll(conn)
	conn.Close()
	<-sent
	if err != nil && !hasEnded(err) {
		return nil, err // the server hangs
	}
	method, _, _ := strings.Cut(strings.TrimSpace(input), " ")
	var answers []answered
	for in := bufio.NewReader(bytes.NewReader(all)); ; method = "POST" {
		res, err := http.ReadResponse(in, &http.Request{Method: method})
		if err != nil {
			return answers, nil
		}
		body, err := io.ReadAll(res.Body)
		if err != nil {
			return answers, nil // cut by a reset
		}
		if res.StatusCode != 100 {
			answers = append(answers, answered{res.StatusCode, string(body), res.Close})
		}
	}
}
