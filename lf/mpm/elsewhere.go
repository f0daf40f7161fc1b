package mpm

// elsewhere says, by name, why Apache's other modules are missing here.
var elsewhere = map[string]string{
	"winnt":      "is one process with a pool of threads on Windows' completion ports (use event or worker on this platform)",
	"netware":    "is one process with threads of NetWare (use worker on this platform)",
	"beos":       "is one process with threads of BeOS (use worker on this platform)",
	"mpmt_os2":   "is processes with threads of OS/2 (use worker on this platform)",
	"perchild":   "gave processes to users by virtual host, and was never finished (use worker, with a user for each server)",
	"threadpool": "was worker with a pool of idle threads in place of a queue, an experiment (use worker with form lifo, or leader)",
}
