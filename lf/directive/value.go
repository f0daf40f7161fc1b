package directive

// value is one directive as it was written.
type value struct {
	entry *Entry
	args  []string
	from  Origin
	dir   string // what relative paths are relative to
}
