package directive

// MPM describes an architecture, as far as this package needs it.
type MPM struct {
	Name string
	// Prefork says that a child has one thread and one connection.
	Prefork bool
	// Listener says that a child has a listener thread beside those that serve.
	Listener bool
	// Asynchronous says that a child accepts more connections than it has
	// threads, limited by AsyncRequestWorkerFactor.
	Asynchronous bool
	// ListenPerThread says that each thread listens itself. There are always
	// StartServers children, and a restart changes neither them nor their
	// threads.
	ListenPerThread bool
	// Unbounded says that it starts threads as it needs them.
	Unbounded bool
	// MinThreads is the least number of threads of a process, including a
	// listener thread.
	MinThreads int
	// Mutexes are the supported values of AcceptMutex, the default first. Other
	// values are accepted and have no effect. If it is empty all are supported,
	// and "none" is the default.
	Mutexes []string
	// Names lists the allowed values of directives that choose by name and whose
	// values the table does not know (primitive, form, accept), by the names of
	// their flags. The func Check checks those that are not listed.
	Names map[string][]string
	// ComesTo, if set, returns descriptions of the effective values of directives
	// for which Settings has none, or which have no effect. The keys are the names
	// of their flags.
	ComesTo func(*Settings) map[string]string
	// Check, if set, is called at the end. It returns an error if values
	// contradict each other.
	Check func(*Settings) error
}
