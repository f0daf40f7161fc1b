package status

import (
	"maps"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"lflab/lf/serve"
)

// View holds the server's status and figures derived from it, for the status
// page and the ?auto lines.
type View struct {
	serve.Status
	build
	Now, StartedAt, RestartedAt  time.Time
	Uptime                       time.Duration
	Generation, ConfigGeneration int
	Load                         [3]string // load averages of the machine

	// CPU time of the running processes, and of those that have ended.
	User, System         time.Duration
	GoneUser, GoneSystem time.Duration
	CPULoad              float64 // % of one CPU since the start

	ReqPerSec, BytesPerSec, BytesPerReq float64
	MillisPerReq                        float64
	Handoffs                            uint64

	Live     []serve.Process // processes that run
	Stopping int             // running processes that finish
	Panics   uint64
	Draining bool
	Names    []string // names of the counters, sorted
}

// NewView derives the figures from st at one moment: now and mono are that
// moment on the two clocks.
func NewView(st serve.Status, now time.Time, mono int64) *View {
	v := &View{Status: st, build: thisBuild(), Now: now, Load: loadAverages()}
	v.Uptime = max(time.Duration(mono-st.Started), 0)
	v.StartedAt = now.Add(-v.Uptime)
	v.RestartedAt = v.StartedAt
	if b := st.Board; b != nil {
		v.StartedAt, v.RestartedAt = b.StartedAt, b.RestartedAt
		v.Generation, v.ConfigGeneration = b.Generation, b.ConfigGeneration
		v.User, v.System, v.GoneUser, v.GoneSystem = b.ParentUser, b.ParentSystem, b.GoneUser, b.GoneSystem
	}
	for _, p := range st.Processes {
		for _, r := range p.Rows {
			v.Handoffs += r.Handoffs
		}
		if p.PID == 0 {
			continue
		}
		v.Live = append(v.Live, p)
		v.User += p.User
		v.System += p.System
		if p.Stopping {
			v.Stopping++
		}
	}
	if s := v.Uptime.Seconds(); s > 0 {
		v.CPULoad = 100 * (v.User + v.System + v.GoneUser + v.GoneSystem).Seconds() / s
		v.ReqPerSec, v.BytesPerSec = float64(v.Requests)/s, float64(v.Bytes)/s
	}
	if n := float64(v.Requests); n > 0 {
		v.BytesPerReq = float64(v.Bytes) / n
		v.MillisPerReq = v.Spent.Seconds() * 1000 / n
	}
	v.Names = slices.Sorted(maps.Keys(v.Counters))
	return v
}

// build identifies the running program.
type build struct {
	Version string // in Apache's form: product, version, system, parts
	Built   string // when the source was committed, or the toolchain if that is unknown
}

// thisBuild returns the build. It does not change while the program runs.
var thisBuild = sync.OnceValue(func() build {
	b := build{Built: runtime.Version()}
	version, revision := "0.0.0", ""
	if info, ok := debug.ReadBuildInfo(); ok {
		version = threeNumbers(info.Main.Version)
		for _, s := range info.Settings {
			switch s.Key {
			case "vcs.revision":
				revision = " " + s.Value[:min(len(s.Value), 12)]
			case "vcs.time":
				if at, err := time.Parse(time.RFC3339, s.Value); err == nil {
					b.Built = at.UTC().Format("Jan _2 2006 15:04:05")
				}
			}
		}
	}
	b.Version = "lflab/" + version + " (" + runtime.GOOS + ") " + runtime.Version() + revision
	return b
})

// threeNumbers returns the three numbers at the start of a version, because
// some programs that read Apache's status fail on anything else.
func threeNumbers(version string) string {
	version, _, _ = strings.Cut(strings.TrimPrefix(version, "v"), "-")
	version, _, _ = strings.Cut(version, "+")
	parts := strings.Split(version, ".")
	if len(parts) != 3 {
		return "0.0.0"
	}
	for _, p := range parts {
		if _, err := strconv.ParseUint(p, 10, 32); err != nil {
			return "0.0.0"
		}
	}
	return version
}

// loadAverages returns the machine's load averages of 1, 5 and 15 minutes, or
// "0.00" if the kernel refuses. It makes a system call, because opening a file
// would start the runtime's network poller and with it a thread that waits in
// epoll_wait.
func loadAverages() (load [3]string) {
	const one = 1 << 16 // the kernel's fixed point
	var info unix.Sysinfo_t
	_ = unix.Sysinfo(&info) // on an error the values are 0
	for i, n := range info.Loads {
		load[i] = strconv.FormatFloat(float64(n)/one, 'f', 2, 64)
	}
	return load
}

// inWords formats d as in "1 day 2 hours 3 minutes 4 seconds".
func inWords(d time.Duration) string {
	left := int64(d / time.Second)
	var words []string
	for _, unit := range []struct {
		name    string
		seconds int64
	}{{"day", 86400}, {"hour", 3600}, {"minute", 60}, {"second", 1}} {
		n := left / unit.seconds
		left %= unit.seconds
		if n == 0 && (unit.seconds > 1 || len(words) > 0) {
			continue
		}
		words = append(words, count(n, unit.name))
	}
	return strings.Join(words, " ")
}
