package directive

import (
	"fmt"
	"os/user"
	"strconv"
	"strings"
)

// identity is the user and groups that children run as. -1 means the parent's.
type identity struct {
	uid, gid int
	others   []int
}

// findUser looks up a user by name or #uid.
func (s *System) findUser(name string) (identity, error) {
	var (
		u   *user.User
		err error
	)
	if id, ok := strings.CutPrefix(name, "#"); ok {
		n, bad := strconv.ParseUint(id, 10, 31)
		if bad != nil {
			return identity{}, fmt.Errorf("is not a user ID (want a name, or #1000)")
		}
		if u, err = s.LookupUID(id); err != nil {
			return identity{uid: int(n), gid: -1}, nil // an ID need not have a name
		}
	} else if u, err = s.LookupUser(name); err != nil {
		return identity{}, fmt.Errorf("is unknown: %w", err)
	}
	who := identity{}
	if who.uid, err = strconv.Atoi(u.Uid); err != nil {
		return identity{}, fmt.Errorf("has the user id %q: %w", u.Uid, err)
	}
	if who.gid, err = strconv.Atoi(u.Gid); err != nil {
		return identity{}, fmt.Errorf("has the group id %q: %w", u.Gid, err)
	}
	groups, err := s.GroupIDs(u)
	if err != nil {
		return identity{}, fmt.Errorf("has groups that cannot be found: %w", err)
	}
	for _, g := range groups {
		n, err := strconv.Atoi(g)
		if err != nil {
			return identity{}, fmt.Errorf("has the group id %q: %w", g, err)
		}
		who.others = append(who.others, n)
	}
	return who, nil
}

// findGroup looks up a group by name or #gid.
func (s *System) findGroup(name string) (int, error) {
	if id, ok := strings.CutPrefix(name, "#"); ok {
		n, err := strconv.ParseUint(id, 10, 31)
		if err != nil {
			return 0, fmt.Errorf("is not a group ID (want a name, or #1000)")
		}
		return int(n), nil
	}
	g, err := s.LookupGroup(name)
	if err != nil {
		return 0, fmt.Errorf("is unknown: %w", err)
	}
	return strconv.Atoi(g.Gid)
}

// identify determines the user and groups of the children of g.
func (r *resolver) identify(g *Group) {
	g.UID, g.GID = -1, -1
	userFrom, groupFrom := g.from["User"], g.from["Group"]
	var who identity
	if g.User != "" {
		var err error
		if who, err = r.sys.findUser(g.User); err != nil {
			r.say(Error, "User", g.User, userFrom, "%v", err)
			return
		}
		if who.uid == 0 {
			r.say(Error, "User", g.User, userFrom, "is root, which children that serve must not be (make a user for them)")
			return
		}
	}
	if g.Group != "" {
		gid, err := r.sys.findGroup(g.Group)
		if err != nil {
			r.say(Error, "Group", g.Group, groupFrom, "%v", err)
			return
		}
		who.gid = gid
	}
	self := r.sys.UID()
	switch {
	case self == 0 && g.User == "":
		if g.Group != "" {
			r.say(Warning, "Group", g.Group, groupFrom, "changes nothing without a User")
		}
		r.say(Warning, "User", "", Origin{}, "is not given and this is root: children serve as root (write User with a name)")
	case self == 0 && who.gid < 0:
		r.say(Error, "User", g.User, userFrom, "has no passwd entry with a group (write Group, too)")
	case self == 0:
		g.UID, g.GID, g.SupplementaryGroups = who.uid, who.gid, who.others
	case g.User != "" && who.uid != self && g.Name != "":
		r.say(Error, "User", g.User, userFrom, "is not the user of this process (%d): only root can start children of several users", self)
	case g.User != "" && who.uid != self:
		r.say(Warning, "User", g.User, userFrom, "changes nothing: only root can start children of another user, and this is user %d", self)
	case g.Group != "":
		r.say(Warning, "Group", g.Group, groupFrom, "changes nothing: only root can start children of another group, and this is user %d", self)
	}
}
