package load

import (
	"encoding/json"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// TestAgainstWrk compares the generator with wrk. Runs of both alternate on the
// same server, and each counts the CPU time of its whole process.
//
//	LFLAB_COMPARE=1 go test -run TestAgainstWrk -v ./experiments/load
//
// Where the server is the limit, both must measure the same throughput within 5
// %. Where the server does almost nothing, the generators are the limit: then
// the CPU time per request must be at most wrk's, and the cheaper generator
// makes more requests. At a fraction of its highest rate this process costs
// about 5 % of a CPU beside its generator threads, because the Go runtime's
// monitor wakes to look at threads in system calls. Every run prints both
// ratios.
//
// LFLAB_URL names another server, for which both conditions must hold.
func TestAgainstWrk(t *testing.T) {
	if os.Getenv("LFLAB_COMPARE") != "1" {
		t.Skip("takes three minutes of a quiet machine: set LFLAB_COMPARE=1")
	}
	wrk, err := exec.LookPath("wrk")
	if err != nil {
		t.Skip("wrk is not on PATH")
	}
	const rounds = 10
	for _, test := range []struct {
		name                string
		work                time.Duration
		close               bool
		compareRate, andCPU bool
	}{
		{"limit=server/mode=keepalive", 50 * time.Microsecond, false, true, false},
		{"limit=server/mode=close", 50 * time.Microsecond, true, true, false},
		{"limit=generator/mode=keepalive", 0, false, false, true},
		{"limit=generator/mode=close", 0, true, false, true},
	} {
		url := os.Getenv("LFLAB_URL")
		if url == "" {
			url = floorProcess(t, test.work)
		} else if test.work > 0 {
			continue // all share one server, so one run of each mode is enough
		} else {
			test.compareRate = true
		}
		t.Run(test.name, func(t *testing.T) {
			var ours, theirs [2][]float64 // requests per second, CPU µs per request
			for i := range rounds {
				order := []func(*testing.T) (float64, float64){
					func(t *testing.T) (float64, float64) { return roundOfWrk(t, wrk, url, test.close) },
					func(t *testing.T) (float64, float64) { return roundOfOurs(t, url, test.close) },
				}
				into := []*[2][]float64{&theirs, &ours}
				for j := range order {
					j = (i + j) % 2 // take turns in running first
					rate, cpu := order[j](t)
					into[j][0], into[j][1] = append(into[j][0], rate), append(into[j][1], cpu)
				}
			}
			// Compare the two runs of one round, because the machine changes
			// more from round to round.
			rate, cpu := median(ratios(ours[0], theirs[0])), median(ratios(ours[1], theirs[1]))
			t.Logf("requests/s      ours %8.0f  wrk %8.0f  ratio %.3f", median(ours[0]), median(theirs[0]), rate)
			t.Logf("CPU us/request  ours %8.2f  wrk %8.2f  ratio %.3f", median(ours[1]), median(theirs[1]), cpu)
			t.Logf("rounds: requests/s ours %.0f wrk %.0f; CPU ours %.2f wrk %.2f", ours[0], theirs[0], ours[1], theirs[1])
			if test.andCPU && cpu > 1 {
				t.Errorf("CPU per request is %.3f of wrk's, want at most 1", cpu)
			}
			if test.compareRate && (rate < 0.95 || rate > 1.05) {
				t.Errorf("throughput is %.3f of wrk's, want 0.95 to 1.05", rate)
			}
		})
	}
}

var (
	wrkRequests = regexp.MustCompile(`(\d+) requests in`)
	wrkRate     = regexp.MustCompile(`Requests/sec:\s*([\d.]+)`)
)

func roundOfWrk(t *testing.T, wrk, url string, close bool) (rate, cpu float64) {
	t.Helper()
	args := []string{"-t1", "-c32", "-d2s"}
	if close {
		args = append(args, "-H", "Connection: close")
	}
	cmd := exec.Command(wrk, append(args, url)...)
	output, err := cmd.CombinedOutput()
	requests, rates := wrkRequests.FindSubmatch(output), wrkRate.FindSubmatch(output)
	if err != nil || requests == nil || rates == nil {
		t.Fatalf("wrk: %v\n%s", err, output)
	}
	n, _ := strconv.ParseFloat(string(requests[1]), 64)
	rate, _ = strconv.ParseFloat(string(rates[1]), 64)
	return rate, processCPU(cmd) / n
}

func roundOfOurs(t *testing.T, url string, close bool) (rate, cpu float64) {
	t.Helper()
	cmd := exec.Command(os.Args[0], url, strconv.FormatBool(close))
	cmd.Env = append(os.Environ(), roleVar+"=generator")
	cmd.Stderr = os.Stderr
	output, err := cmd.Output()
	var report Report
	if err == nil {
		err = json.Unmarshal(output, &report)
	}
	if err != nil || report.Requests == 0 || len(report.Errors) > 0 {
		t.Fatalf("generator: %v\n%s", err, output)
	}
	return report.RequestsPerSecond, processCPU(cmd) / float64(report.Requests)
}

// processCPU returns the CPU time in µs of a process that has ended.
func processCPU(cmd *exec.Cmd) float64 {
	u := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e3
}

func ratios(a, b []float64) []float64 {
	r := make([]float64, len(a))
	for i := range a {
		r[i] = a[i] / b[i]
	}
	return r
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}
