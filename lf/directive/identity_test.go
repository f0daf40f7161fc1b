package directive

import (
	"reflect"
	"testing"
)

// TestIdentity checks which user the children run as, and which users are
// refused.
func TestIdentity(t *testing.T) {
	for _, c := range []struct {
		uid      int
		text     string
		uidWant  int
		gidWant  int
		others   []int
		level    Level
		says     string
		noNoteOf string
	}{
		{0, "User alice", 1001, 2001, []int{2001, 6}, 0, "", "User"},
		{0, "User alice\nGroup #6", 1001, 6, []int{2001, 6}, 0, "", "Group"},
		{0, "User #1001\nGroup people", 1001, 2001, []int{2001, 6}, 0, "", "User"},
		{0, "User #4711\nGroup #4712", 4711, 4712, nil, 0, "", "User"},
		{0, "User #4711", 0, 0, nil, Error, "has no passwd entry with a group", ""},
		{0, "User root", 0, 0, nil, Error, "is root, which children that serve must not be", ""},
		{0, "User mallory", 0, 0, nil, Error, "User mallory: is unknown: user: unknown user mallory", ""},
		{0, "", -1, -1, nil, Warning, "User: is not given and this is root", ""},
		{0, "Group people", -1, -1, nil, Warning, "Group people: changes nothing without a User", ""},
		{1001, "User alice", -1, -1, nil, 0, "", "User"},
		{1000, "User alice", -1, -1, nil, Warning, "changes nothing: only root", ""},
		{1000, "User mallory", 0, 0, nil, Error, "is unknown", ""},
		{1000, "Group crowd", 0, 0, nil, Error, "Group crowd: is unknown: group: unknown group crowd", ""},
		{1000, "", -1, -1, nil, 0, "", "User"},
	} {
		s, notes, err := configured(t, "leader", c.text, func(src *Sources) { src.System = machine(c.uid) })
		if (err != nil) != (c.level == Error) {
			t.Errorf("%q as %d: error %v", c.text, c.uid, err)
			continue
		}
		if c.says != "" && !says(notes, c.level, c.says) {
			t.Errorf("%q as %d: no %s %q in:%s", c.text, c.uid, c.level, c.says, listed(notes))
		}
		for _, n := range notes {
			if n.Directive == c.noNoteOf {
				t.Errorf("%q as %d: %s", c.text, c.uid, n)
			}
		}
		if err != nil {
			continue
		}
		if g := s.Groups[0]; g.UID != c.uidWant || g.GID != c.gidWant || !reflect.DeepEqual(g.SupplementaryGroups, c.others) {
			t.Errorf("%q as %d: uid %d, gid %d, groups %v", c.text, c.uid, g.UID, g.GID, g.SupplementaryGroups)
		}
	}
}

// TestThisMachine checks that the real user database knows root, and does not
// know an invented name.
func TestThisMachine(t *testing.T) {
	real := func(src *Sources) { src.System = System{} }
	if _, notes, err := configured(t, "leader", "User root", real); err == nil || !says(notes, Error, "is root") {
		t.Errorf("root: %v", err)
	}
	if _, notes, err := configured(t, "leader", "User no-such-user-here", real); err == nil || !says(notes, Error, "is unknown") {
		t.Errorf("nobody: %v", err)
	}
}

// TestSections checks that a section inherits from the main part and makes a
// group of its own.
func TestSections(t *testing.T) {
	s, notes, err := configured(t, "worker", `
<User alice>
  Listen 127.0.0.1:81
  Listen 127.0.0.1:82
  ThreadsPerChild 4
  StartServers 1
  MaxRequestWorkers 10
</User>
User #4711
Group #4712
StartServers 2
ServerLimit 8
Timeout 9
CoreDumpDirectory /
`, func(src *Sources) { src.System = machine(0) })
	if err != nil {
		t.Fatal(err)
	}
	consistent(t, s)
	if len(s.Groups) != 2 || s.Slots != 16 {
		t.Fatalf("%+v", s)
	}
	main, alice := s.Groups[0], s.Groups[1]
	for what, ok := range map[string]bool{
		"whose they are":    main.Name == "" && main.UID == 4711 && main.GID == 4712 && alice.Name == "alice" && alice.User == "alice" && alice.UID == 1001 && alice.GID == 2001,
		"where they listen": len(main.Listen) == 1 && len(alice.Listen) == 2 && alice.Listen[1].Address == "127.0.0.1:82",
		"their children":    main.StartServers == 2 && alice.StartServers == 1 && main.Children == 8 && alice.Children == 2 && alice.MaxRequestWorkers == 8,
		"their threads":     main.Threads == 26 && alice.Threads == 5,
		"their slots":       main.FirstSlot == 0 && alice.FirstSlot == 8 && alice.ServerLimit == 8,
		"what is inherited": alice.HeadTimeout == main.HeadTimeout && alice.HeadTimeout.Seconds() == 9,
		"the adjustment":    says(notes, Warning, "server.conf:9: MaxRequestWorkers 10: is not a multiple of ThreadsPerChild 4...(in <User alice>)"),
		"one note for both": len(notes) == 2, // the other note is the hint that ServerLimit leaves no spare slots
	} {
		if !ok {
			t.Errorf("not so: %s: %+v%s", what, s.Groups, listed(notes))
		}
	}
}

func TestSectionsThatCannotBe(t *testing.T) {
	const alice = "<User alice>\nListen 81\n</User>\n"
	for _, c := range []struct {
		uid  int
		text string
		says string
	}{
		{1000, alice, "server.conf:3: User alice: is not the user of this process (1000): only root can start children of several users"},
		{0, "<User alice>\n</User>", "server.conf:3: no Listen: <User alice> has none"},
		{0, "<User root>\nListen 81\n</User>", "server.conf:3: User root: is root"},
		{0, "<User nobody-here>\nListen 81\n</User>", "server.conf:3: User nobody-here: is unknown"},
		{0, "<User alice>\nListen 127.0.0.1:80\n</User>", "server.conf:4: Listen 127.0.0.1:80: is the same address as Listen 127.0.0.1:80 at ...server.conf:1"},
		{0, "ControlProcess Off\n" + alice, "server.conf:4: <User alice>: needs a control process"},
	} {
		_, notes, err := configured(t, "leader", c.text, func(src *Sources) { src.System = machine(c.uid) })
		if err == nil || !says(notes, Error, c.says) {
			t.Errorf("%q: no %q in:%s", c.text, c.says, listed(notes))
		}
	}
}

// TestOnlySections checks that a main part without Listen makes no group.
func TestOnlySections(t *testing.T) {
	s, _, err := Resolve(Sources{
		Config: write(t, "server.conf", "ThreadsPerChild 7\n<User alice>\nListen 81\n</User>\n"), Lookup: lookup, System: machine(1001),
	})
	if err != nil || len(s.Groups) != 1 || s.Groups[0].Name != "alice" || s.Groups[0].ThreadsPerChild != 7 || s.Groups[0].FirstSlot != 0 || s.Slots != 16 {
		t.Errorf("%+v, %v", s, err)
	}
}
