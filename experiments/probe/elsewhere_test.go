package probe

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The probe refuses a server that can only be reached by UDP, and names the
// ports. It accepts a server that listens on TCP or a Unix-domain socket as well,
// and a process without sockets.
func TestRefuseElsewhere(t *testing.T) {
	path := filepath.Join(t.TempDir(), "socket")
	files := func(open ...func() (interface{ File() (*os.File, error) }, error)) (all []*os.File) {
		for _, o := range open {
			s, err := o()
			if err != nil {
				t.Fatal(err)
			}
			f, err := s.File()
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { f.Close() })
			all = append(all, f)
		}
		return all
	}
	type filer = interface{ File() (*os.File, error) }
	tcp := func() (filer, error) { return net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)}) }
	udp := func() (filer, error) { return net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)}) }
	resolver := func() (filer, error) {
		return net.DialUDP("udp", nil, &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 53})
	}
	unixSocket := func() (filer, error) { return net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"}) }
	for _, c := range []struct {
		name  string
		files []*os.File
		want  string
	}{
		{"no sockets", nil, ""},
		{"tcp", files(tcp), ""},
		{"a client of UDP", files(resolver), ""},
		{"udp", files(udp), "UDP port "},
		{"unix", files(unixSocket), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			cmd := exec.Command("sleep", "60")
			cmd.ExtraFiles = c.files
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			defer func() {
				_ = cmd.Process.Kill()
				_ = cmd.Wait() // killed on purpose
			}()
			err := refuseElsewhere(Options{PIDs: []int{cmd.Process.Pid}, Children: true})
			if c.want == "" && err != nil {
				t.Errorf("refused: %v", err)
			}
			if c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "no TCP port")) {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
	both := exec.Command("sleep", "60")
	both.ExtraFiles = append(files(tcp), files(udp)...)
	if err := both.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = both.Process.Kill()
		_ = both.Wait() // killed on purpose
	}()
	if err := refuseElsewhere(Options{PIDs: []int{both.Process.Pid}}); err != nil {
		t.Errorf("a server that also listens on TCP is refused: %v", err)
	}
}
