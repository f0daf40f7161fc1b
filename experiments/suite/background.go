package suite

import (
	"fmt"
	"strings"
)

// mostBackground clients of a kind fit into the local ports of one address.
const mostBackground = 50_000

// background checks a background's numbers of clients and paths.
func (r *reader) background(f *Background, at string) error {
	all := 0
	for _, n := range []struct {
		key   string
		value int
	}{{"idle", f.Idle}, {"slow-senders", f.SlowSenders}, {"slow-readers", f.SlowReaders}, {"blocking", f.Blocking}} {
		if n.value < 0 || n.value > mostBackground {
			return r.refuse(at+"."+n.key, n.value, fmt.Sprintf("0 to %d clients", mostBackground))
		}
		all += n.value
	}
	if all == 0 {
		return r.missing(at, "idle, slow-senders, slow-readers or blocking, with a number of clients")
	}
	for _, p := range []struct {
		key, value string
		clients    int
		of         string
	}{{"path", f.Path, f.Blocking, "blocking"}, {"unread", f.Unread, f.SlowReaders, "slow-readers"}} {
		switch {
		case p.value == "" && p.clients > 0:
			return r.missing(at+"."+p.key, "the path that the "+p.of+" ask for")
		case p.value != "" && p.clients == 0:
			return r.refuse(at+"."+p.key, p.value, "only with "+p.of)
		case p.value != "":
			if err := r.path(at+"."+p.key, p.value); err != nil {
				return err
			}
		}
	}
	return nil
}

// describe returns the end of a title: ", beside 1000 slow senders".
func (b *Background) describe() string {
	if b == nil {
		return ""
	}
	var parts []string
	for _, n := range []struct {
		value int
		what  string
	}{
		{b.Idle, "idle connections"}, {b.SlowSenders, "slow senders"}, {b.SlowReaders, "slow readers"}, {b.Blocking, "clients of " + b.Path},
	} {
		if n.value > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n.value, n.what))
		}
	}
	return ", beside " + strings.Join(parts, " and ")
}

// path checks that a path can stand in a request's first line.
func (r *reader) path(key, path string) error {
	if !strings.HasPrefix(path, "/") || strings.ContainsAny(path, " \t\r\n#") {
		return r.refuse(key, path, "an absolute path without spaces, as in \"/hello\"")
	}
	return nil
}
