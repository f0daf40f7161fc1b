// Package directive is what a server can be told: the directives of Apache
// httpd's MPMs and those of this laboratory, in one table (Table) of names,
// types, defaults, ranges, and what becomes of a value outside its range.
//
// A value comes from a configuration file in the syntax of httpd.conf, or from
// a flag (Flags): every directive has one, in lower case with dashes. Resolve
// puts them together: flags win over the file, the file over the defaults.
// What comes out is Settings, in which everything agrees with everything else,
// and a Note for each value that had to be adjusted, with the reason. Check
// prints both.
//
// # Where it follows httpd
//
// The rules are those of httpd 2.4, for every MPM that has threads (leader,
// which 2.4 does not have, as well) and for prefork: what is adjusted, in
// which order, and what a restart cannot change. The order of directives in a
// file does not matter; of a directive given twice the last one holds, and
// Listen adds up.
//
// # Where it does not
//
//   - A number has to be one. httpd takes "abc" for 0 and "10k" for 10.
//   - MaxRequestWorkers is lowered where ServerLimit does not allow it. httpd
//     lowers the number of children and goes on reporting the number that was
//     asked for, so that it never notices when it is full.
//   - MaxRequestWorkers is 16 times ThreadsPerChild when it is not given, and
//     never more than ServerLimit allows; httpd takes 400, whatever the others say.
//   - AsyncRequestWorkerFactor 1.5 is 1.5. httpd calculates with 1.
//   - A negative MaxConnectionsPerChild is refused; httpd's MPMs disagree on it.
//   - There are never more listener buckets than children. httpd raises the number of
//     children, beyond MaxRequestWorkers.
//   - Listen on an address that another Listen covers is refused here, not by the kernel.
//   - GracefulRestartTimeout is new: it bounds how long an old generation of
//     children may keep its slots. <User> sections are new.
//   - A restart with a configuration that is wrong leaves Settings as they were.
//
// # Files
//
// A line is a directive and its arguments; a line that ends in a backslash goes on
// in the next; a line that begins with # is a comment. Arguments with spaces
// stand in single or double quotes, in which a backslash takes away the
// meaning of a quote or of another backslash. Names are read without regard to
// case. Include and IncludeOptional take files and patterns, relative to the
// file they stand in; so are all other relative paths. Sections are
//
//	<User alice> … </User>              children of that user, with listeners of their own
//	<IfModule [!]mpm_event_module> …    read if that is the MPM (also mpm_event.c and event.c)
//	<IfDefine [!]NAME> …                read if NAME is among Sources.Defines
//
// A <User> section inherits what the main part says, except for Listen: it is a
// server beside the others, with its own children. What a section says holds in
// it even against a flag, which stands for a line of the main part.
//
// The package knows no architecture, no protocol and no process: it is told
// what matters of an MPM, and starts nothing.
package directive
