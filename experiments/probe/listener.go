package probe

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// listeningPorts marks the TCP ports that the targets listen on, as far as this
// process can see them in /proc. The programs learn other ports from the first
// connection that is accepted on each. Only the marked ports identify
// connections that existed before the probe.
func listeningPorts(targets []Target) (marked [65536]uint8) {
	known := map[string]map[string]uint16{} // by network namespace, because the kernel's table may be long
	for _, t := range targets {
		for _, pid := range withChildren(t.PID) {
			dir := filepath.Join("/proc", strconv.Itoa(pid))
			ns, _ := os.Readlink(filepath.Join(dir, "ns", "net"))
			listeners, ok := known[ns]
			if !ok {
				listeners = listenersOf(dir)
				known[ns] = listeners
			}
			for _, inode := range socketsOf(dir) {
				if port, ok := listeners[inode]; ok {
					marked[port] = 1
				}
			}
		}
	}
	return marked
}

// socketsOf returns the inodes of a process's sockets, or none if this process
// may not read its descriptors.
func socketsOf(dir string) (inodes []string) {
	fds, _ := os.ReadDir(filepath.Join(dir, "fd"))
	for _, fd := range fds {
		link, err := os.Readlink(filepath.Join(dir, "fd", fd.Name()))
		if inode, ok := strings.CutPrefix(link, "socket:["); err == nil && ok {
			inodes = append(inodes, strings.TrimSuffix(inode, "]"))
		}
	}
	return inodes
}

// listenersOf returns the ports of the listening TCP sockets in a process's
// network namespace, by inode.
func listenersOf(dir string) map[string]uint16 {
	const listening = "0A" // TCP_LISTEN, in column "st" of proc_net_tcp(5)
	found := map[string]uint16{}
	for _, table := range []string{"tcp", "tcp6"} {
		file, err := os.Open(filepath.Join(dir, "net", table))
		if err != nil {
			continue
		}
		lines := bufio.NewScanner(file)
		lines.Scan() // the heading
		for lines.Scan() {
			f := strings.Fields(lines.Text())
			if len(f) < 10 || f[3] != listening {
				break // listeners come first, and many other sockets may follow
			}
			_, hex, _ := strings.Cut(f[1], ":")
			if port, err := strconv.ParseUint(hex, 16, 16); err == nil {
				found[f[9]] = uint16(port)
			}
		}
		file.Close()
	}
	return found
}

// withChildren returns a process and all its descendants that /proc shows.
func withChildren(pid int) []int {
	all := []int{pid}
	for i := 0; i < len(all); i++ {
		lists, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", all[i]))
		for _, list := range lists {
			text, _ := os.ReadFile(list)
			for _, child := range strings.Fields(string(text)) {
				if n, err := strconv.Atoi(child); err == nil {
					all = append(all, n)
				}
			}
		}
	}
	return all
}
