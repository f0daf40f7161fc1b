package machine

import (
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
)

// ListenDrops returns how many connections the kernel has dropped in this
// network namespace because a listener's queue was full or another resource was
// short (ListenDrops of /proc/net/netstat).
func ListenDrops() (uint64, error) { return listenDrops(os.DirFS("/")) }

func listenDrops(root fs.FS) (uint64, error) {
	text, err := fs.ReadFile(root, "proc/net/netstat")
	if err != nil {
		return 0, fmt.Errorf("read dropped connections: %w", err)
	}
	// Each protocol has two lines: names, then values.
	lines := strings.Split(string(text), "\n")
	for i := 0; i+1 < len(lines); i += 2 {
		names, values := strings.Fields(lines[i]), strings.Fields(lines[i+1])
		for j, name := range names {
			if name == "ListenDrops" && j < len(values) {
				return strconv.ParseUint(values[j], 10, 64)
			}
		}
	}
	return 0, fmt.Errorf("read dropped connections: /proc/net/netstat has no ListenDrops")
}
