package probe

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// refuseElsewhere returns an error if the peers of a target can reach it by UDP
// alone: it has such sockets, but none that listens for TCP or Unix-domain
// connections. The probe would only see other connections of the process. The error is nil
// if this process may not read the target's descriptors, or if the target has
// no such sockets.
func refuseElsewhere(o Options) error {
	for _, pid := range o.PIDs {
		t, err := Find(pid)
		if err != nil {
			continue // Open reports the error
		}
		all := []int{pid}
		if o.Children {
			all = withChildren(pid)
		}
		seen, listens := reachedBy(all)
		if listens || len(seen) == 0 {
			continue
		}
		more := ""
		if len(seen) > 3 {
			seen, more = seen[:3], ", …"
		}
		return fmt.Errorf("process %d (%s) is reached through %s%s, and listens on no TCP port or Unix-domain socket: the probe follows only connections of these", pid, t.Comm, strings.Join(seen, ", "), more)
	}
	return nil
}

// reachedBy returns the UDP sockets by which peers can reach the processes, and
// whether any process listens for connections.
func reachedBy(pids []int) (others []string, listens bool) {
	for _, pid := range pids {
		dir := filepath.Join("/proc", strconv.Itoa(pid))
		listeners, rest := listenersOf(dir), othersOf(dir)
		for _, inode := range socketsOf(dir) {
			what, ok := rest[inode]
			if _, tcp := listeners[inode]; tcp || what == unixListener {
				return nil, true
			}
			if ok && !slices.Contains(others, what) {
				others = append(others, what)
			}
		}
	}
	return others, false
}

// unixListener describes a listening Unix-domain socket.
const unixListener = "a Unix-domain socket"

// othersOf describes the sockets, other than TCP, that accept peers in a
// process's network namespace, by inode.
func othersOf(dir string) map[string]string {
	found := map[string]string{}
	table(dir, "unix", func(f []string) {
		// Num RefCount Protocol Flags Type St Inode Path (proc_pid_net(5))
		const accepts = 1 << 16 // __SO_ACCEPTCON
		flags, err := strconv.ParseUint(f[3], 16, 32)
		if len(f) < 7 || err != nil || flags&accepts == 0 {
			return
		}
		found[f[6]] = unixListener
	})
	for _, name := range []string{"udp", "udp6"} {
		table(dir, name, func(f []string) {
			// A UDP client connects its socket, or keeps it only for a moment.
			const unconnected = "07" // TCP_CLOSE
			_, port, _ := strings.Cut(f[1], ":")
			if n, err := strconv.ParseUint(port, 16, 16); len(f) > 9 && f[3] == unconnected && err == nil && n != 0 {
				found[f[9]] = "UDP port " + strconv.FormatUint(n, 10)
			}
		})
	}
	return found
}

// table calls f with the fields of each line, except the heading, of a table of
// a process's network namespace. It skips lines of fewer than four fields.
func table(dir, name string, f func(fields []string)) {
	file, err := os.Open(filepath.Join(dir, "net", name))
	if err != nil {
		return
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	lines.Scan()
	for lines.Scan() {
		if fields := strings.Fields(lines.Text()); len(fields) > 3 {
			f(fields)
		}
	}
}
