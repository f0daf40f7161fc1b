// Package live shows a run that goes on as a page in a browser: the page that
// report.html will be, with the intervals so far. It reads the results
// directory and changes nothing there. It renders between trials only, when the
// run tells it to, because rendering takes CPU time; while a trial runs it
// serves what it has rendered.
//
// The page is for the machine's own user. A server listens on the loopback
// interface unless it is told otherwise, answers only GET and HEAD requests
// that name it by its address, and serves only files of the results directory.
package live
