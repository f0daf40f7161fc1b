package httpd

import (
	"slices"
	"strings"
	"testing"

	"lflab/lf/httpd/hostile"
)

// Each hostile peer sends a good request behind the hostile one. The server
// understands that request, or has closed the connection before.
func TestHostilePeers(t *testing.T) {
	config := Config{DocRoot: t.TempDir()}
	for _, c := range hostile.Cases() {
		t.Run(c.Name, func(t *testing.T) {
			input := string(c.Request)
			if !c.HalfClose {
				input += ask("POST", "/echo", "Content-Length: 5\r\nConnection: close\r\n", "probe")
			}
			method, _, _ := strings.Cut(strings.TrimSpace(input), " ")
			onAllKinds(t, config, input, !c.HalfClose, func(t *testing.T, f *fake, transcript string) {
				a := answers(t, transcript, method)
				if len(a) == 0 {
					if !c.AllowClose {
						t.Errorf("closed without an answer, want %v", c.Want)
					}
					return
				}
				if !slices.Contains(c.Want, a[0].code) {
					t.Errorf("status %d %q, want %v", a[0].code, a[0].body, c.Want)
				}
				switch {
				case a[0].close && len(a) == 1:
				case !a[0].close && len(a) == 2 && a[1].code == 200 && a[1].body == "probe" && a[1].close:
				default:
					t.Errorf("the request behind was not understood: %.300q", transcript)
				}
			})
		})
	}
}
