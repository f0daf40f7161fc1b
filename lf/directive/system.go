package directive

import (
	"io/fs"
	"os"
	"os/user"
	"runtime"
)

// System provides facts of the machine to Resolve. Tests replace it.
type System struct {
	UID         func() int
	CPUs        func() int
	LookupUser  func(name string) (*user.User, error)
	LookupUID   func(uid string) (*user.User, error)
	LookupGroup func(name string) (*user.Group, error)
	GroupIDs    func(*user.User) ([]string, error)
	Stat        func(path string) (fs.FileInfo, error)
}

// complete fills in missing fields.
func (s System) complete() System {
	if s.UID == nil {
		s.UID = os.Geteuid
	}
	if s.CPUs == nil {
		s.CPUs = runtime.NumCPU
	}
	if s.LookupUser == nil {
		s.LookupUser = user.Lookup
	}
	if s.LookupUID == nil {
		s.LookupUID = user.LookupId
	}
	if s.LookupGroup == nil {
		s.LookupGroup = user.LookupGroup
	}
	if s.GroupIDs == nil {
		s.GroupIDs = (*user.User).GroupIds
	}
	if s.Stat == nil {
		s.Stat = os.Stat
	}
	return s
}
