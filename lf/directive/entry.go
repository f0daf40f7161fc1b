package directive

// Entry is one directive of the table.
type Entry struct {
	Name string
}

// inert are the values of directives that have no meaning here.
type inert struct {
	threadStackSize, maxMemFree int
	enableExceptionHook         bool
}
