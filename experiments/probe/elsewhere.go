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

// refuseElsewhere tells of a target that is served from where the probe does not
// look: it has sockets that peers come to, and none of them is a listening TCP
// socket. What the probe saw of it would be of other connections. A process whose
// descriptors this one may not read is let pass, as is one without such sockets.
func refuseElsewhere(o Options) error {
	for _, pid := range o.PIDs {
		t, err := Find(pid)
		if err != nil {
			continue // Open tells
		}
		all := []int{pid}
		if o.Children {
			all = withChildren(pid)
		}
		seen, tcp := reachedBy(all)
		if tcp || len(seen) == 0 {
			continue
		}
		more := ""
		if len(seen) > 3 {
			seen, more = seen[:3], ", …"
		}
		return fmt.Errorf("process %d (%s) is reached through %s%s, and listens on no TCP port: only TCP connections can be followed so far", pid, t.Comm, strings.Join(seen, ", "), more)
	}
	return nil
}

// reachedBy tells what else than TCP peers reach the processes by, and whether any
// of them listens on a TCP port.
func reachedBy(pids []int) (others []string, tcp bool) {
	for _, pid := range pids {
		dir := filepath.Join("/proc", strconv.Itoa(pid))
		listeners, rest := listenersOf(dir), othersOf(dir)
		for _, inode := range socketsOf(dir) {
			if _, ok := listeners[inode]; ok {
				return nil, true
			}
			if what, ok := rest[inode]; ok && !slices.Contains(others, what) {
				others = append(others, what)
			}
		}
	}
	return others, false
}

// othersOf are the sockets in a process's network namespace, other than those of
// TCP, that peers come to: by inode, what they are.
func othersOf(dir string) map[string]string {
	found := map[string]string{}
	table(dir, "unix", func(f []string) {
		// Num RefCount Protocol Flags Type St Inode Path (proc_pid_net(5))
		const accepts = 1 << 16 // __SO_ACCEPTCON
		flags, err := strconv.ParseUint(f[3], 16, 32)
		if len(f) < 7 || err != nil || flags&accepts == 0 {
			return
		}
		path := "without a name"
		if len(f) > 7 {
			path = f[7]
		}
		found[f[6]] = "the Unix-domain socket " + path
	})
	for _, name := range []string{"udp", "udp6"} {
		table(dir, name, func(f []string) {
			// Whoever asks by UDP connects its socket, or has it for a moment.
			const unconnected = "07" // TCP_CLOSE
			_, port, _ := strings.Cut(f[1], ":")
			if n, err := strconv.ParseUint(port, 16, 16); len(f) > 9 && f[3] == unconnected && err == nil && n != 0 {
				found[f[9]] = "UDP port " + strconv.FormatUint(n, 10)
			}
		})
	}
	return found
}

// table calls f with the fields of each line of a table of a process's network
// namespace, but for its heading. Lines of fewer than four fields are left out.
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
