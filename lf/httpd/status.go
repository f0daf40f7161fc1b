package httpd

import (
	"maps"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/valyala/fasthttp"
	"golang.org/x/sys/unix"

	"lflab/lf/flight"
	"lflab/lf/serve"
)

// statusView is what the page and the lines show: what the server tells about
// itself, and what follows from that.
type statusView struct {
	serve.Status
	build
	Now, StartedAt, RestartedAt  time.Time
	Uptime                       time.Duration
	Generation, ConfigGeneration int
	Load                         [3]string // of the machine

	// CPU time of the processes that run, and of those that are gone.
	User, System         time.Duration
	GoneUser, GoneSystem time.Duration
	CPULoad              float64 // % of one CPU since the start

	ReqPerSec, BytesPerSec, BytesPerReq float64
	MillisPerReq                        float64
	Handoffs                            uint64

	Live     []serve.Process // that run
	Stopping int             // of them
	Panics   uint64
	Draining bool
	Names    []string // of the counters, sorted
}

// status answers what the server tells about itself: a page, or with ?auto
// lines with the names that Apache's mod_status uses, where it has one.
func (s *Server) status(x *Exchange) {
	if s.config.Status == nil {
		notFound(x)
		return
	}
	v := newStatusView(s.config.Status(), time.Now(), flight.Now())
	v.Panics, v.Draining = s.Panics(), s.draining.Load()
	if x.Args().Has("auto") {
		x.Answer(fasthttp.StatusOK, "text/plain; charset=utf-8", v.lines())
		return
	}
	x.Answer(fasthttp.StatusOK, "text/html; charset=utf-8", v.page(refresh(x.Args())))
}

// newStatusView draws conclusions from st at one moment, given on two clocks.
func newStatusView(st serve.Status, now time.Time, mono int64) *statusView {
	v := &statusView{Status: st, build: thisBuild(), Now: now, Load: loadAverages()}
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

// build is what the running program is.
type build struct {
	Version string // as Apache names itself: product, version, system, parts
	Built   string // when its source was committed; the toolchain where that is not known
}

// thisBuild is the same for the program's life.
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

// threeNumbers is the beginning of a version, all numbers: programs that read
// Apache's status count on three, and some do not survive anything else.
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

// loadAverages are the machine's of 1, 5 and 15 minutes; "0" where the kernel
// does not tell. It is asked by a system call: opening a file would start the
// runtime's network poller, and with it a thread that waits in epoll_wait.
func loadAverages() (load [3]string) {
	const one = 1 << 16 // the kernel's fixed point
	var info unix.Sysinfo_t
	_ = unix.Sysinfo(&info) // zeros then
	for i, n := range info.Loads {
		load[i] = strconv.FormatFloat(float64(n)/one, 'f', 2, 64)
	}
	return load
}

// inWords is d in words: 1 day 2 hours 3 minutes 4 seconds.
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
