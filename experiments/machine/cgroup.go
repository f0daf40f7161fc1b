package machine

import (
	"io/fs"
	"iter"
	"path"
	"strconv"
	"strings"
	"time"
)

// cpuGroup is a control group of this process that may have a CPU quota: of
// cgroup v2, or of the controller cpu of v1.
type cpuGroup struct {
	root   fs.FS
	v2     bool
	mounts []string // where the hierarchy may be mounted
	dir    string   // the group's path in the hierarchy
}

// line returns the one line of a file of the group, or "" if there is none.
func (g cpuGroup) line(name string) string {
	for _, mount := range g.mounts {
		if v := line(g.root, path.Join(mount, g.dir, name)); v != "" {
			return v
		}
	}
	return ""
}

// cpuGroups yields the groups of this process and their ancestors up to the
// root, because a quota applies to all groups below it.
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

// cpuMax returns the tightest CPU quota of this process, as "quota period" in
// µs, from cgroup v2's cpu.max or v1's cpu.cfs_quota_us.
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

// throttled returns how long CPU quotas have stopped threads of this process's
// groups, summed over CPUs, since the groups were made: cpu.stat's
// throttled_usec, or v1's throttled_time. If several groups have quotas, it
// returns the largest value.
func throttled(root fs.FS) (most time.Duration) {
	for g := range cpuGroups(root) {
		f := strings.Fields(g.line("cpu.stat")) // names and values alternate
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
