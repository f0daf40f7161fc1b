package process

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
)

// listener is a TCP socket in the state LISTEN.
type listener struct {
	address net.TCPAddr
	inode   string
}

// listeners returns the listening sockets in a process's network name space.
func listeners(proc fs.FS, pid int) (all []listener) {
	for _, table := range []string{"tcp", "tcp6"} {
		f, err := proc.Open(fmt.Sprintf("%d/net/%s", pid, table))
		if err != nil {
			continue // for example, there is no IPv6
		}
		lines := bufio.NewScanner(f)
		lines.Scan() // the heading
		for lines.Scan() {
			const local, state, inode = 1, 3, 9 // columns
			f := strings.Fields(lines.Text())
			if len(f) <= inode || f[state] != "0A" {
				break // listening sockets come first, and ten thousand others may follow
			}
			if address, ok := parseAddress(f[local]); ok {
				all = append(all, listener{address, f[inode]})
			}
		}
		f.Close()
	}
	return all
}

// parseAddress reads an address as in "0100007F:1F90": 32-bit words in the byte
// order of the machine, assumed to be little-endian.
func parseAddress(text string) (a net.TCPAddr, ok bool) {
	host, port, _ := strings.Cut(text, ":")
	ip, err := hex.DecodeString(host)
	n, portErr := strconv.ParseUint(port, 16, 16)
	if err != nil || portErr != nil || len(ip)%4 != 0 {
		return a, false
	}
	for word := range slices.Chunk(ip, 4) {
		slices.Reverse(word)
	}
	return net.TCPAddr{IP: ip, Port: int(n)}, true
}

// sockets returns the inodes of the sockets that a process holds; known reports
// whether its descriptors may be read.
func sockets(proc fs.FS, pid int) (inodes map[string]bool, known bool) {
	dir := fmt.Sprintf("%d/fd", pid)
	entries, err := fs.ReadDir(proc, dir)
	if err != nil {
		return nil, false
	}
	inodes = map[string]bool{}
	for _, e := range entries {
		to, err := fs.ReadLink(proc, path.Join(dir, e.Name()))
		if rest, ok := strings.CutPrefix(to, "socket:["); err == nil && ok {
			inodes[strings.TrimSuffix(rest, "]")] = true
		}
	}
	return inodes, true
}

// listens says where the program listens, instead of at the expected address.
func (p *Process) listens() string {
	proc := os.DirFS("/proc")
	t := tree{proc: proc, root: p.Root()}
	members, err := t.members()
	if err != nil {
		return "where it listens is not known: " + err.Error()
	}
	var at []string
	unknown := false
	for pid := range members {
		held, known := sockets(proc, pid)
		unknown = unknown || !known
		for _, l := range listeners(proc, pid) {
			if held[l.inode] && !slices.Contains(at, l.address.String()) {
				at = append(at, l.address.String())
			}
		}
	}
	slices.Sort(at)
	switch {
	case len(at) > 0:
		return "it listens on " + strings.Join(at, ", ")
	case unknown:
		return "where it listens may not be read"
	}
	return "it listens on no TCP port"
}

// owns checks that the program listens on address, and not another process that
// was there before. It assumes so where it may not read the descriptors.
func (p *Process) owns(address string) error {
	_, text, err := net.SplitHostPort(address)
	if err != nil {
		return err
	}
	port, err := strconv.Atoi(text)
	if err != nil {
		return err
	}
	proc := os.DirFS("/proc")
	there := map[string]bool{}
	for _, l := range listeners(proc, os.Getpid()) {
		if l.address.Port == port {
			there[l.inode] = true
		}
	}
	t := tree{proc: proc, root: p.Root()}
	members, err := t.members()
	if err != nil {
		return err
	}
	holds := func(pid int) (yes, known bool) {
		held, known := sockets(proc, pid)
		for inode := range there {
			yes = yes || held[inode]
		}
		return yes, known
	}
	for pid := range members {
		if yes, known := holds(pid); yes || !known {
			return nil
		}
	}
	entries, err := fs.ReadDir(proc, ".")
	if err != nil {
		return err
	}
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		if yes, _ := holds(pid); yes {
			name, _ := fs.ReadFile(proc, e.Name()+"/comm") // empty if the process has just ended
			return p.fault(fmt.Sprintf("is not who listens on %s: process %d (%s) does, which it has not started", address, pid, strings.TrimSpace(string(name))))
		}
	}
	return nil
}
