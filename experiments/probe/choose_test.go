package probe

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

const (
	containerA = "3f9c1e0b7a4255d1c0ffee00aa11bb22cc33dd44ee55ff66778899aabbccddee"
	containerB = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
)

// town is a /proc with processes of many kinds.
func town() fstest.MapFS {
	m := fstest.MapFS{"self/stat": {Data: []byte("1 (x) S 0")}, "uptime": {Data: []byte("1 1")}}
	add := func(pid, parent int, comm, state, flags, cmdline, cgroup string, threads ...string) {
		dir := fmt.Sprint(pid)
		m[dir+"/stat"] = &fstest.MapFile{Data: fmt.Appendf(nil, "%d (%s) %s %d %d 1 0 -1 %s 1 2 3 4 50 60 0 0 20 0 %d 0 0", pid, comm, state, parent, pid, flags, max(1, len(threads)))}
		m[dir+"/cmdline"] = &fstest.MapFile{Data: []byte(cmdline)}
		m[dir+"/cgroup"] = &fstest.MapFile{Data: []byte(cgroup)}
		for i, name := range threads {
			m[fmt.Sprintf("%d/task/%d/comm", pid, pid+i)] = &fstest.MapFile{Data: []byte(name + "\n")}
		}
	}
	const v2 = "0::/user.slice\n"
	add(1, 0, "init", "S", "4194304", "/sbin/init\x00", "0::/init.scope\n", "init")
	add(2, 0, "nginx", "S", "2129984", "", "0::/\n", "nginx") // a kernel thread with a borrowed name
	add(10, 1, "nginx", "S", "4194304", "nginx: master\x00", "0::/system.slice/docker-"+containerA+".scope\n", "nginx")
	add(11, 10, "nginx", "S", "4194304", "nginx: worker\x00", "0::/system.slice/docker-"+containerA+".scope\n", "nginx", "aio-1")
	add(20, 1, "nginx", "S", "4194304", "nginx: master\x00", "0::/system.slice/nginx.service\n", "nginx")
	add(30, 1, "java) S 1 (", "S", "4194304", "/usr/bin/java\x00-jar\x00", "4:memory:/docker/"+containerB+"\n0::/other\n", "java) S 1 (", "http-nio-80-exec", "http-nio-81-exec")
	add(40, 1, "a-very-long-ser", "S", "4194304", "/opt/a-very-long-server\x00-x\x00", v2, "a-very-long-ser")
	add(50, 1, "gone", "Z", "4194304", "", v2)
	add(60, 1, "lflab", "S", "4194304", "lflab\x00probe\x00", v2, "lflab")
	add(70, 1, "bell\a", "S", "4194304", "bell\x00", v2, "bell\a")
	for i := range MaxTargets + 6 {
		add(1000+i, 1, "crowd", "S", "4194304", "crowd\x00", v2, "crowd")
	}
	return m
}

func (c Choice) inTown(t *testing.T) ([]int, error) {
	t.Helper()
	f := finder{Choice: c, proc: town(), self: 60, sameFile: func(pid int, program string) bool { return pid == 30 && strings.HasSuffix(program, "/sh") }}
	found, err := f.find()
	var pids []int
	for _, o := range found {
		pids = append(pids, o.PID)
	}
	return pids, err
}

func TestChoose(t *testing.T) {
	for name, c := range map[string]struct {
		of   Choice
		want []int
	}{
		"a name":                        {Choice{Comms: []string{"nginx"}}, []int{10, 11, 20}},
		"a name, with children":         {Choice{Comms: []string{"nginx"}, Children: true}, []int{10, 20}},
		"two names":                     {Choice{Comms: []string{"ini?", "bell*"}}, []int{1, 70}},
		"a name like the fields":        {Choice{Comms: []string{"java) S*"}}, []int{30}},
		"a name that the kernel cut":    {Choice{Comms: []string{"a-very-long-server"}}, []int{40}},
		"the cut name":                  {Choice{Comms: []string{"a-very-long-ser"}}, []int{40}},
		"a thread":                      {Choice{Threads: []string{"http-nio-*-exec"}}, []int{30}},
		"a child's thread":              {Choice{Threads: []string{"aio-?"}, Children: true}, []int{11}},
		"a group":                       {Choice{Cgroups: []string{"/system.slice"}}, []int{10, 11, 20}},
		"a group in the file system":    {Choice{Cgroups: []string{"/sys/fs/cgroup/system.slice/nginx.service/"}}, []int{20}},
		"no group by half its name":     {Choice{Cgroups: []string{"/other", "/system.slice/nginx"}}, []int{30}},
		"the root group and a name":     {Choice{Cgroups: []string{"/"}, Comms: []string{"init"}}, []int{1}},
		"a container":                   {Choice{Cgroups: []string{containerA}}, []int{10, 11}},
		"a container by its short ID":   {Choice{Cgroups: []string{containerB[:12]}}, []int{30}},
		"a container and a name in it":  {Choice{Cgroups: []string{containerA[:12]}, Threads: []string{"aio*"}}, []int{11}},
		"a program":                     {Choice{Exes: []string{"sh"}}, []int{30}},
		"nothing but this probe beside": {Choice{Comms: []string{"lflab", "init"}}, []int{1}},
	} {
		got, err := c.of.inTown(t)
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s: %v (%v), want %v", name, got, err, c.want)
		}
	}
}

func TestChooseSaysWhatIsWrong(t *testing.T) {
	for _, c := range []struct {
		of   Choice
		want []string
	}{
		{Choice{Comms: []string{"apache2"}}, []string{`no process matches --comm "apache2"`, "is it running"}},
		{Choice{Comms: []string{"gone"}}, []string{`no process matches --comm "gone"`}},
		{Choice{Comms: []string{"another-long-name"}}, []string{`cuts names to 15 characters: try "another-long-na*"`}},
		{Choice{Comms: []string{"lflab"}}, []string{`--comm "lflab" matches only this probe itself (process 60)`}},
		{Choice{Comms: []string{"init"}, Threads: []string{"aio*"}}, []string{`no process matches --comm "init" --thread "aio*"`}},
		{Choice{Comms: []string{"crowd"}}, []string{`--comm "crowd" matches 70 processes, at most 64`, "1000 crowd, 1001 crowd", "and 60 more"}},
		{Choice{Comms: []string{"[a"}}, []string{`name pattern "[a"`, "syntax error"}},
		{Choice{Cgroups: []string{"web"}}, []string{`control group "web" is neither a path`}},
		{Choice{Cgroups: []string{"/web"}}, []string{`no process matches --cgroup "/web"`, "/proc/PID/cgroup"}},
		{Choice{Cgroups: []string{"deadbeefdead"}}, []string{`no process matches --cgroup "deadbeefdead"`}},
		{Choice{Exes: []string{"/nowhere/prog"}}, []string{"find program /nowhere/prog"}},
		{Choice{Exes: []string{"true"}}, []string{`no process matches --all-of "true"`, "/true"}},
	} {
		got, err := c.of.inTown(t)
		for _, want := range c.want {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%+v: %v, %v; want %q", c.of, got, err, want)
			}
		}
	}
}

func TestNamesAreEscaped(t *testing.T) {
	if got := (Target{Comm: "a\x1b[2Jb\n"}).Name(); got != `a\x1b[2Jb\n` {
		t.Errorf("%q", got)
	}
}

// Choice finds real processes by each condition.
func TestChooseARunningProcess(t *testing.T) {
	sleep, err := exec.LookPath("sleep")
	if err != nil {
		t.Skip(err)
	}
	program := filepath.Join(t.TempDir(), "nobody-else-has-this-name")
	text, err := os.ReadFile(sleep)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(program, text, 0o755); err != nil {
		t.Fatal(err)
	}
	var pids []int
	for range 2 {
		cmd := exec.Command(program, "60")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		defer func() {
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
		}()
		pids = append(pids, cmd.Process.Pid)
	}
	slices.Sort(pids)
	self := os.Getpid()
	for _, c := range []Choice{
		{Exes: []string{program}},
		{Comms: []string{"nobody-else-has-this-name"}},
		{Threads: []string{"nobody-else-ha*"}, PIDs: pids[1:]},
		{Comms: []string{"nobody-else-ha*"}, Cgroups: []string{"/"}, Children: true},
	} {
		var got []int
		waitFor(t, fmt.Sprintf("%+v to find %v", c, pids), func() bool { // a new process has another name for a moment
			found, _ := c.Find()
			got = nil
			for _, o := range found {
				got = append(got, o.PID)
			}
			return slices.Equal(got, pids)
		})
	}
	own := Choice{PIDs: []int{pids[0], pids[0]}}
	if found, err := own.Find(); err != nil || len(found) != 1 {
		t.Errorf("one process twice: %v, %v", found, err)
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := (Choice{Exes: []string{exe}, Comms: []string{commOf(t, self)}}).Find(); err == nil ||
		!strings.Contains(err.Error(), "only this probe itself") {
		t.Errorf("this program: %v", err)
	}
}

func commOf(t *testing.T, pid int) string {
	t.Helper()
	target, err := Find(pid)
	if err != nil {
		t.Fatal(err)
	}
	return target.Comm
}
