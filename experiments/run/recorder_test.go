package run

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// Check distinguishes a server without a recorder from a server that does not
// answer, whatever numbers the address holds.
func TestRecorderCheck(t *testing.T) {
	for _, c := range []struct {
		name   string
		status int // 0: nobody answers
		want   string
	}{
		{"recorder", http.StatusBadRequest, ""},
		{"none", http.StatusNotFound, "no flight recorder"},
		{"another server", http.StatusOK, "no flight recorder"},
		{"broken", http.StatusInternalServerError, "no flight recorder"},
		{"nobody", 0, "no server answers there"},
	} {
		t.Run(c.name, func(t *testing.T) {
			address := "http://127.0.0.1:1/404"
			if c.status != 0 {
				s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(c.status) }))
				defer s.Close()
				address = s.URL
			}
			r, err := NewRecorder(address)
			if err != nil {
				t.Fatal(err)
			}
			err = r.Check(t.Context())
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "%!")) {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
}
