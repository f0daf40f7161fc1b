package directive

import (
	"fmt"
	"slices"
	"strings"
)

// mechanisms lists the values of AcceptMutex.
var mechanisms = strings.Split(mechanismList, " ")

const mechanismList = "default none flock fcntl sysvsem posixsem pthread epollexclusive reuseport"

// parseMechanism parses the value of AcceptMutex.
func parseMechanism(text string) (string, error) {
	name := strings.ToLower(text)
	if !slices.Contains(mechanisms, name) {
		return "", fmt.Errorf("is not a mechanism%s", meant(NearestOf(name, mechanisms), "known: "+mechanismList))
	}
	return name, nil
}

// parseMutex parses the arguments of Mutex: a mechanism, a mutex, and OmitPID.
// mechanism is empty if this server has no such mutex. remark is a note, or
// empty.
func parseMutex(args []string) (mechanism, remark string, err error) {
	if mechanism, err = parseMechanism(args[0]); err != nil {
		if name, _, ok := strings.Cut(args[0], ":"); ok {
			return "", "", fmt.Errorf("names a file with the mechanism %s (write LockFile for that)", clip(name))
		}
		return "", "", err
	}
	for _, arg := range args[1:] {
		switch {
		case strings.EqualFold(arg, "default"), strings.EqualFold(arg, "mpm-accept"):
		case strings.EqualFold(arg, "OmitPID"):
			remark = "OmitPID has no meaning: no lock file has a process ID in its name"
		default:
			return "", fmt.Sprintf("has no meaning: there is no mutex %s, only mpm-accept", clip(arg)), nil
		}
	}
	return mechanism, remark, nil
}

// settleMutex determines AcceptMutex.
func (r *resolver) settleMutex() {
	able := r.mpm.Mutexes
	if len(able) == 0 {
		able = mechanisms[1:] // all but "default"; "none" is the first
	}
	from := r.s.from["AcceptMutex"]
	switch {
	case r.s.AcceptMutex == "default":
		r.s.AcceptMutex = able[0]
	case !slices.Contains(able, r.s.AcceptMutex):
		r.say(Info, "AcceptMutex", r.s.AcceptMutex, from, "has no meaning for mpm %s: %s is used", r.mpm.Name, able[0])
		r.s.AcceptMutex = able[0]
	}
	if old := r.src.Previous; old != nil && old.AcceptMutex != r.s.AcceptMutex &&
		(old.AcceptMutex == "reuseport" || r.s.AcceptMutex == "reuseport") {
		// Sockets that share an address have to be opened with SO_REUSEPORT.
		r.kept("AcceptMutex", r.s.AcceptMutex, old.AcceptMutex, from)
		r.s.AcceptMutex = old.AcceptMutex
		r.s.from.set("AcceptMutex", old.from["AcceptMutex"])
	}
	if from, ok := r.s.from["LockFile"]; ok && r.s.AcceptMutex != "flock" && r.s.AcceptMutex != "fcntl" {
		r.say(Info, "LockFile", r.s.LockFile, from, "has no meaning with AcceptMutex %s: flock and fcntl lock a file", r.s.AcceptMutex)
	}
}
