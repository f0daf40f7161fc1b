package machine

import (
	"io/fs"
	"path"
	"strconv"
	"strings"
)

// cpuMax is the tightest CPU quota over this process, as "quota period" in
// microseconds, from cgroup v2's cpu.max or v1's cpu.cfs_quota_us. A quota
// holds for all groups below, so that the way up to the root is searched.
func cpuMax(root fs.FS) string {
	best, ratio := "", 0.0
	consider := func(quota, period string) {
		q, err1 := strconv.ParseFloat(quota, 64)
		p, err2 := strconv.ParseFloat(period, 64)
		if err1 != nil || err2 != nil || q <= 0 || p <= 0 { // "max", or v1's -1
			return
		}
		if best == "" || q/p < ratio {
			best, ratio = quota+" "+period, q/p
		}
	}
	for l := range strings.Lines(text(root, "proc/self/cgroup")) {
		parts := strings.SplitN(strings.TrimSpace(l), ":", 3)
		if len(parts) != 3 {
			continue
		}
		id, controllers, group := parts[0], parts[1], parts[2]
		for dir := path.Clean("/" + group); ; dir = path.Dir(dir) {
			switch {
			case id == "0" && controllers == "":
				for _, mount := range []string{"sys/fs/cgroup", "sys/fs/cgroup/unified"} {
					f := strings.Fields(text(root, path.Join(mount, dir, "cpu.max")))
					if len(f) == 2 {
						consider(f[0], f[1])
					}
				}
			case strings.Contains(","+controllers+",", ",cpu,"):
				for _, mount := range []string{"sys/fs/cgroup/" + controllers, "sys/fs/cgroup/cpu"} {
					consider(line(root, path.Join(mount, dir, "cpu.cfs_quota_us")),
						line(root, path.Join(mount, dir, "cpu.cfs_period_us")))
				}
			}
			if dir == "/" {
				break
			}
		}
	}
	return best
}
