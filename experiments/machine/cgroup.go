package machine

import (
	"io/fs"
	"iter"
	"path"
	"strconv"
	"strings"
	"time"
)

// cpuGroup is a control group that this process is in, where CPU quotas are
// set: cgroup v2's, or v1's of the controller cpu.
type cpuGroup struct {
	root   fs.FS
	v2     bool
	mounts []string // where the hierarchy may be mounted
	dir    string   // in the hierarchy
}

// line is a file of the group's, empty where there is none.
func (g cpuGroup) line(name string) string {
	for _, mount := range g.mounts {
		if v := line(g.root, path.Join(mount, g.dir, name)); v != "" {
			return v
		}
	}
	return ""
}

// cpuGroups are the group of this process and those that hold it, up to the
// root: a quota holds for all groups below.
func cpuGroups(root fs.FS) iter.Seq[cpuGroup] {
	return func(yield func(cpuGroup) bool) {
		for l := range strings.Lines(text(root, "proc/self/cgroup")) {
			parts := strings.SplitN(strings.TrimSpace(l), ":", 3)
			if len(parts) != 3 {
				continue
			}
			id, controllers, group := parts[0], parts[1], parts[2]
			g := cpuGroup{root: root, dir: path.Clean("/" + group)}
			switch {
			case id == "0" && controllers == "":
				g.v2, g.mounts = true, []string{"sys/fs/cgroup", "sys/fs/cgroup/unified"}
			case strings.Contains(","+controllers+",", ",cpu,"):
				g.mounts = []string{"sys/fs/cgroup/" + controllers, "sys/fs/cgroup/cpu"}
			default:
				continue
			}
			for ; ; g.dir = path.Dir(g.dir) {
				if !yield(g) {
					return
				}
				if g.dir == "/" {
					break
				}
			}
		}
	}
}

// cpuMax is the tightest CPU quota over this process, as "quota period" in
// microseconds, from cgroup v2's cpu.max or v1's cpu.cfs_quota_us.
func cpuMax(root fs.FS) string {
	best, ratio := "", 0.0
	for g := range cpuGroups(root) {
		quota, period := g.line("cpu.cfs_quota_us"), g.line("cpu.cfs_period_us")
		if g.v2 {
			quota, period, _ = strings.Cut(g.line("cpu.max"), " ")
		}
		q, err1 := strconv.ParseFloat(quota, 64)
		p, err2 := strconv.ParseFloat(period, 64)
		if err1 != nil || err2 != nil || q <= 0 || p <= 0 { // "max", or v1's -1
			continue
		}
		if best == "" || q/p < ratio {
			best, ratio = quota+" "+period, q/p
		}
	}
	return best
}

// throttled is how long CPU quotas over this process have kept threads of its
// groups from running, summed over CPUs, since the groups were made: cpu.stat's
// throttled_usec, or v1's throttled_time. Where several groups have quotas it is
// that of the one that was held back most.
func throttled(root fs.FS) (most time.Duration) {
	for g := range cpuGroups(root) {
		f := strings.Fields(g.line("cpu.stat")) // names and values in turn
		for i := 0; i+1 < len(f); i += 2 {
			n, err := strconv.ParseInt(f[i+1], 10, 64)
			switch {
			case err != nil:
			case f[i] == "throttled_usec":
				most = max(most, time.Duration(n)*time.Microsecond)
			case f[i] == "throttled_time":
				most = max(most, time.Duration(n))
			}
		}
	}
	return most
}
