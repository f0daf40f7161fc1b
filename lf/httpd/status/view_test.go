package status

import (
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"lflab/lf/serve"
)

var update = flag.Bool("update", false, "write the expected files anew")

// golden compares got with the expected file of that name.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != string(want) {
		t.Errorf("not what %s has (-update writes it anew):\n%s", path, got)
	}
}

// board is a server of three processes in four slots: one works, one finishes,
// and one is of an older generation. Every letter and mark occurs.
func board() *View {
	const second = int64(time.Second)
	row := func(s serve.State, tid int, n uint64) serve.RowStatus {
		r := new(serve.Row)
		r.Set(s)
		r.TID.Store(int32(tid))
		r.Connections.Store(n)
		r.Requests.Store(10 * n)
		r.Bytes.Store(2048 * n)
		r.Handoffs.Store(n / 2)
		if n > 0 {
			r.Since.Store(4000*second - int64(n)*second)
			r.Busy.Store(n * 1_500_000)
		}
		return r.Look(false)
	}
	finish := func(rows ...serve.RowStatus) []serve.RowStatus {
		for i := range rows {
			if rows[i].State != serve.Dead {
				rows[i].Letter = 'G'
			}
		}
		return rows
	}
	st := serve.Status{MPM: "event", Primitive: "futex", Threads: 8, Started: 400 * second, Async: true,
		Counters: map[string]uint64{"wakes_issued": 1234567, "promotions": 42},
		Board: &serve.Board{ServerLimit: 4, ThreadLimit: 8, Generation: 3, ConfigGeneration: 4, ParentPID: 100,
			StartedAt: time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC), RestartedAt: time.Date(2026, 11, 21, 10, 30, 0, 0, time.UTC),
			ParentUser: time.Second, ParentSystem: time.Second / 2, GoneUser: 3 * time.Second, GoneSystem: 2 * time.Second}}
	st.Add(serve.Process{Slot: 0, PID: 101, Generation: 3, Open: 9, AsyncWriting: 1, AsyncKeepAlive: 3, AsyncClosing: 2,
		User: 30 * time.Second, System: 10 * time.Second,
		Rows: []serve.RowStatus{row(serve.Leading, 102, 5), row(serve.Waiting, 103, 4), row(serve.Starting, 104, 0), row(serve.Reading, 105, 300),
			row(serve.Writing, 106, 77), row(serve.KeepAlive, 107, 12), row(serve.Closing, 108, 1), row(serve.Dead, 0, 0)}})
	st.Add(serve.Process{Slot: 1, PID: 110, Generation: 2, Stopping: true, Open: 1,
		Rows: finish(row(serve.Writing, 111, 1), row(serve.Dead, 0, 900))})
	st.Add(serve.Process{Slot: 2, Generation: 2, Rows: []serve.RowStatus{row(serve.Dead, 0, 20)}})
	st.Add(serve.Process{Slot: 3, PID: 130, Generation: 3, Stopping: true, Rows: finish(row(serve.KeepAlive, 131, 1))})
	st.Scoreboard = "__SRWKC." + "G......." + "........" + "G......."
	st.LeaderFollower = "LF------" + "--------" + "--------" + "--------"

	v := NewView(st, time.Date(2026, 11, 21, 11, 0, 0, 0, time.UTC), 4000*second)
	v.build = build{Version: "lflab/1.0.0 (linux)", Built: "Nov 20 2026 09:00:00"}
	v.Load = [3]string{"0.52", "0.48", "0.40"}
	return v
}

func TestStatusPage(t *testing.T) {
	golden(t, "status.html", board().Page(0))
	page := string(board().Page(7))
	if !strings.Contains(page, `<meta http-equiv="refresh" content="7">`) {
		t.Error("the page does not load itself again")
	}
	for _, foreign := range []string{"<script", "http://", "https://", "@import", "url("} {
		if strings.Contains(page, foreign) {
			t.Errorf("the page has %q", foreign)
		}
	}
}

func TestStatusLines(t *testing.T) {
	golden(t, "status.txt", board().Lines())
}

// TestManyRows checks that the page lists as many rows as a browser can show,
// and says how many it left out.
func TestManyRows(t *testing.T) {
	st := serve.Status{}
	live := new(serve.Row)
	live.Set(serve.Waiting)
	p := serve.Process{PID: 1}
	for range rowsMost + 5 {
		p.Rows = append(p.Rows, live.Look(false))
	}
	st.Add(p)
	page := string(NewView(st, time.Now(), 0).Page(0))
	if n := strings.Count(page, `<tr><td>0-0/`); n != rowsMost || !strings.Contains(page, "5 more rows: ") {
		t.Errorf("%d rows listed", n)
	}
}

// TestReaders reads the lines in the way of two programs that read Apache's.
func TestReaders(t *testing.T) {
	auto := string(board().Lines())

	t.Run("telegraf", func(t *testing.T) {
		// Plugin "apache" of the first program: the text before the first
		// colon, without spaces, is the field. The text after it is a number or
		// is skipped. It counts the letters of the scoreboard.
		fields := map[string]float64{}
		for line := range strings.Lines(auto) {
			key, value, ok := strings.Cut(line, ":")
			if !ok {
				continue
			}
			key, value = strings.ReplaceAll(key, " ", ""), strings.TrimSpace(value)
			if key == "Scoreboard" {
				for _, l := range value {
					fields["scboard_"+string(l)]++
				}
			} else if n, err := strconv.ParseFloat(value, 64); err == nil {
				fields[key] = n
			}
		}
		want := map[string]float64{
			"TotalAccesses": 13210, "TotalkBytes": 2642, "TotalDuration": 1981, "CPUUser": 31, "CPUSystem": 10.5, "CPUChildrenUser": 3,
			"CPUChildrenSystem": 2, "CPULoad": 1.292, "Uptime": 3600, "ReqPerSec": 3.669, "BytesPerSec": 751.502, "BytesPerReq": 204.8,
			"DurationPerReq": 0.150, "BusyWorkers": 4, "GracefulWorkers": 2, "IdleWorkers": 3, "Processes": 3, "Stopping": 2,
			"ConnsTotal": 10, "ConnsAsyncWriting": 1, "ConnsAsyncKeepAlive": 3, "ConnsAsyncClosing": 2,
			"ParentServerConfigGeneration": 4, "ParentServerMPMGeneration": 3, "ServerUptimeSeconds": 3600,
			"Load1": 0.52, "Load5": 0.48, "Load15": 0.40,
			"scboard__": 2, "scboard_S": 1, "scboard_R": 1, "scboard_W": 1, "scboard_K": 1, "scboard_C": 1, "scboard_G": 2, "scboard_.": 23,
		}
		for name, n := range want {
			if got, ok := fields[name]; !ok || math.Abs(got-n) > 0.0005 {
				t.Errorf("%s is %v, want %v", name, got, n)
			}
		}
	})

	t.Run("apache_exporter", func(t *testing.T) {
		// The second program parses these values as numbers in the order of the
		// lines, and discards the whole page at the first that is not a number.
		numbers := []string{"Total Accesses", "Total kBytes", "Total Duration", "CPUUser", "CPUSystem", "CPUChildrenUser", "CPUChildrenSystem",
			"CPULoad", "Uptime", "BusyWorkers", "GracefulWorkers", "IdleWorkers", "Processes", "Stopping", "ConnsTotal", "ConnsAsyncWriting",
			"ConnsAsyncKeepAlive", "ConnsAsyncClosing", "ParentServerConfigGeneration", "ParentServerMPMGeneration", "Load1", "Load5", "Load15"}
		found := map[string]string{}
		for line := range strings.Lines(auto) {
			key, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
			if _, twice := found[key]; twice {
				t.Errorf("%s comes twice", key)
			}
			found[key] = value
		}
		for _, name := range numbers {
			if _, err := strconv.ParseFloat(found[name], 64); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		// It splits the version, between the first slash and a space, at the
		// points, and panics if there are fewer than three parts.
		v := thisBuild().Version
		_, v, _ = strings.Cut(v, "/")
		v, _, _ = strings.Cut(v, " ")
		if parts := strings.Split(v, "."); len(parts) != 3 {
			t.Errorf("version %q", thisBuild().Version)
		} else if _, err := strconv.ParseFloat(fmt.Sprintf("%s.%02s%03s", parts[0], parts[1], parts[2]), 64); err != nil {
			t.Errorf("version %q: %v", thisBuild().Version, err)
		}
		if found["ServerMPM"] != "event" {
			t.Errorf("mpm %q", found["ServerMPM"])
		}
	})
}

// TestVersion checks that the version always has three numbers, whatever
// version the toolchain reports.
func TestVersion(t *testing.T) {
	for version, want := range map[string]string{
		"": "0.0.0", "(devel)": "0.0.0", "v1.2.3": "1.2.3", "v1.2.3-rc.1": "1.2.3", "v1.2": "0.0.0", "v1.x.3": "0.0.0",
		"v0.0.0-20261121120000-0123456789ab+dirty": "0.0.0", "v2.0.1+dirty": "2.0.1",
	} {
		if got := threeNumbers(version); got != want {
			t.Errorf("%q: %q, want %q", version, got, want)
		}
	}
}

// TestTimes checks that times in the lines have the form of mod_status.
func TestTimes(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0 seconds", time.Second: "1 second", 61 * time.Second: "1 minute 1 second", time.Hour: "1 hour",
		49*time.Hour + 2*time.Second: "2 days 1 hour 2 seconds",
	} {
		if got := inWords(d); got != want {
			t.Errorf("%v: %q, want %q", d, got, want)
		}
	}
	for line := range strings.Lines(string(board().Lines())) {
		if after, ok := strings.CutPrefix(line, "CurrentTime: "); ok && after != "Saturday, 21-Nov-2026 11:00:00 UTC\n" {
			t.Errorf("the time is %q", after)
		}
	}
}

// TestNumbers checks the form of numbers in the page.
func TestNumbers(t *testing.T) {
	var got []string
	for _, n := range []uint64{0, 12, 999, 1000, 1234567} {
		got = append(got, strings.ReplaceAll(grouped(n), "\u202f", "'"))
	}
	for _, n := range []float64{0, 1023, 1024, 1.5 * (1 << 20), 3 << 40} {
		got = append(got, byteSize(n))
	}
	for _, n := range []time.Duration{0, 5 * time.Second, 119 * time.Second, 5 * time.Minute, 50 * time.Hour} {
		got = append(got, ago(n))
	}
	got = append(got, count(1, "process"), count(2, "process"), fmt.Sprint(roundTo(0.02), roundTo(2), roundTo(200)))
	want := []string{"0", "12", "999", "1'000", "1'234'567", "0 B", "1023 B", "1.0 KiB", "1.5 MiB", "3.0 TiB",
		"now", "5 s", "119 s", "5 min", "50 h", "1 process", "2 processes", "3 1 0"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}
