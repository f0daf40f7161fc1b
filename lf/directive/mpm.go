package directive

// MPM is what matters here of an architecture.
type MPM struct {
	Name string
	// Prefork: a child has one thread and one connection.
	Prefork bool
	// Listener: a child has a listener thread besides those that serve.
	Listener bool
	// Asynchronous: connections beyond the number of threads are taken, as
	// AsyncRequestWorkerFactor says.
	Asynchronous bool
	// ListenPerThread: each thread listens itself. There are StartServers
	// children at all times, and a restart changes neither them nor their threads.
	ListenPerThread bool
	// Unbounded: it starts threads as it likes.
	Unbounded bool
	// MinThreads is the least number of threads of a process, a listener
	// thread included.
	MinThreads int
	// Mutexes are the values of AcceptMutex it can use, the default first.
	// Others are accepted and change nothing. None means: all, and none is the
	// default.
	Mutexes []string
	// Names are the values of directives that choose by name, by the names of
	// their flags: those that the table does not know (primitive, form, accept).
	// The value of one that is not listed is left to Check.
	Names map[string][]string
	// ComesTo, where it is set, says what directives come to of which Settings has
	// no value, or which mean nothing, by the names of their flags.
	ComesTo func(*Settings) map[string]string
	// Check, where it is set, is asked at the end what does not go together.
	Check func(*Settings) error
}
