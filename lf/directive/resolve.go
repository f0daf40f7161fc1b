package directive

// Sources are what Resolve puts together.
type Sources struct {
	// Config is the file to read, empty for none.
	Config string
	// Defines are the names that <IfDefine> knows.
	Defines []string
	// Flags are what was given on the command line; nil for nothing.
	Flags *Flags
	// Lookup finds an MPM. Its error says what is known.
	Lookup func(name string) (MPM, error)
	// Previous are the settings of the running server at a restart, nil at the start.
	Previous *Settings
	// System is what the machine is asked for; what is not set is asked of it.
	System System
}

// Resolve reads the configuration, puts the sources together and makes of them
// settings in which everything agrees. The notes tell what was adjusted, what
// has no meaning, and what is wrong; the error, a Notes, is those of level
// Error alone, and then there are no settings.
func Resolve(src Sources) (*Settings, Notes, error) {
	panic("not yet")
}
