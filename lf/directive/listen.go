package directive

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// parseListen parses [address:]port [protocol] and returns host:port.
func parseListen(args []string) (string, error) {
	if len(args) > 1 && !strings.EqualFold(args[1], "http") {
		return "", fmt.Errorf("protocol %s is not supported (want http)", clip(args[1]))
	}
	text := args[0]
	host, port := "", text
	if strings.Contains(text, ":") {
		var err error
		if host, port, err = net.SplitHostPort(text); err != nil {
			return "", errors.New("is not an address (want [host:]port, as in 127.0.0.1:8080 or [::1]:8080)")
		}
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil || port[0] == '+' {
		if text == "" || net.ParseIP(text) != nil || port == "" {
			return "", errors.New("has no port (want [host:]port, as in 127.0.0.1:8080)")
		}
		return "", fmt.Errorf("is not an address: port %s is not in 0 to 65535 (want [host:]port, as in 127.0.0.1:8080)", clip(port))
	}
	if host == "*" {
		host = ""
	}
	if strings.ContainsAny(host, " \t/*") {
		return "", fmt.Errorf("is not an address: host %s", clip(host))
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		host = ip.String() // [::0] is [::]
	}
	return net.JoinHostPort(strings.ToLower(host), strconv.FormatUint(n, 10)), nil
}

// clash says why two addresses cannot both be listened on, or "" if they can.
func clash(a, b string) string {
	hostA, portA, _ := net.SplitHostPort(a)
	hostB, portB, _ := net.SplitHostPort(b)
	switch {
	case portA != portB || portA == "0":
		return ""
	case hostA == hostB:
		return "is the same address"
	case covers(hostA, hostB) || covers(hostB, hostA):
		return "covers the same address"
	}
	return ""
}

// covers reports whether wide stands for all addresses and includes narrow. All
// IPv6 addresses include all IPv4 addresses.
func covers(wide, narrow string) bool {
	switch wide {
	case "", "::":
		return true
	case "0.0.0.0":
		ip, err := netip.ParseAddr(narrow)
		return err == nil && ip.Unmap().Is4()
	}
	return false
}

// listen sets the addresses of a group. Flags replace those of the file.
// Without a file there is a default.
func (r *resolver) listen(g *Group, e *Entry, file, flags []value) {
	values := flags
	if last(flags, e) == nil {
		values = file
	}
	if last(values, e) == nil && r.src.Config == "" {
		values = []value{{entry: e, args: []string{e.Default.Any}}}
	}
	for _, v := range values {
		if v.entry != e {
			continue
		}
		address, err := parseListen(v.args)
		if err != nil {
			r.say(Error, e.Name, v.text(), v.from, "%v", err)
		}
		// A wrong address counts, too, so that no further error says that there
		// is none.
		g.Listen = append(g.Listen, Listen{Address: address, From: v.from})
		g.from.set(e.Name, v.from)
	}
}

// listens checks that each group has an address, and that none clash.
func (r *resolver) listens() {
	var all []Listen
	for i := range r.s.Groups {
		g := &r.s.Groups[i]
		if len(g.Listen) == 0 {
			from := g.from["User"]
			if g.Name == "" {
				from = Origin{File: r.src.Config}
			}
			r.say(Error, "no Listen", "", from, "%s has none (write, for example, Listen 127.0.0.1:8080)", g.whole())
		}
		for _, l := range g.Listen {
			if l.Address == "" {
				continue
			}
			for _, other := range all {
				if how := clash(l.Address, other.Address); how != "" {
					r.say(Error, "Listen", l.Address, l.From, "%s as Listen %s at %s (each address can be opened once)", how, other.Address, other.From)
				}
			}
			all = append(all, l)
		}
	}
}

// whole names all of a group in messages.
func (g *Group) whole() string {
	if g.Name == "" {
		return "the configuration"
	}
	return "<User " + g.Name + ">"
}
