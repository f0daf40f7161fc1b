// Package directive is the configuration of a server. One table (Table) lists
// the directives of Apache httpd's MPMs and those of this laboratory, with
// types, defaults, ranges, and what happens to a value out of range.
//
// A value comes from a configuration file in the syntax of httpd.conf, or from
// a flag (Flags): every directive has one, in lower case with dashes. Resolve
// combines them. Flags win over the file, and the file wins over the defaults.
// The result is Settings, which are free of contradictions, and a Note with a
// reason for each value that was adjusted. Check prints both.
//
// # Where it follows httpd
//
// The rules are those of httpd 2.4 for prefork and for every MPM that has
// threads, including leader, which httpd 2.4 lacks. They say what is adjusted,
// in which order, and what a restart cannot change. The order of directives in
// a file does not matter. If a directive is given twice the last one counts,
// except Listen, which adds up.
//
// # Where it does not
//
//   - A number must be a number. httpd reads "abc" as 0 and "10k" as 10.
//   - MaxRequestWorkers is lowered if ServerLimit does not allow it. httpd
//     lowers the number of children but reports the requested number, so it
//     never notices that it is full.
//   - MaxRequestWorkers defaults to 16 times ThreadsPerChild, or less if
//     ServerLimit requires. httpd always uses 400.
//   - AsyncRequestWorkerFactor 1.5 is 1.5. httpd rounds it to 1.
//   - A negative MaxConnectionsPerChild is refused; httpd's MPMs disagree on it.
//   - There are never more listener buckets than children. httpd raises the
//     number of children, beyond MaxRequestWorkers.
//   - This package refuses two Listen that cover the same address; httpd leaves
//     that to the kernel.
//   - GracefulRestartTimeout is new: it bounds how long an old generation of
//     children may keep its slots. <User> sections are new.
//   - A restart with a wrong configuration leaves the Settings unchanged.
//
// # Files
//
// A line is a directive and its arguments. A line that ends in a backslash
// continues on the next line. A line that begins with # is a comment. Arguments
// with spaces stand in single or double quotes, in which a backslash escapes a
// quote or another backslash. Names ignore case. Include and IncludeOptional
// take files and patterns. Relative paths are relative to the file that
// contains them. Sections are
//
//	<User alice> … </User>              children of that user, with listeners of their own
//	<IfModule [!]mpm_event_module> …    read if that is the MPM (also mpm_event.c and event.c)
//	<IfDefine [!]NAME> …                read if NAME is among Sources.Defines
//
// A <User> section inherits the values of the main part, except Listen. It is a
// server of its own, with its own children. Its values win even over flags,
// because a flag counts as a line of the main part.
//
// The package knows no architecture, protocol or process. Its caller describes
// the MPM (MPM). It starts nothing.
package directive
