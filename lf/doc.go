// Package lf is the Leader/Followers pattern: a pool of operating-system
// threads that take turns waiting for events.
//
// One thread, the leader, waits on the event source. When it has an event it
// first promotes a follower to be the next leader and then processes the event
// itself, so that no data crosses threads. Afterwards it joins the pool again:
// as leader at once if nobody leads, as a follower otherwise.
//
//	state       entered from  when                          leaves to
//	leader      follower      promoted                      processing
//	            processing    nobody leads at the join
//	processing  leader        event received, heir promoted follower or leader
//	follower    processing    somebody leads at the join    leader
//
// When the leadership is given up (the promotion) and to whom (the order) can
// be chosen, see Policy. Before the event is handled: to a named follower (handoff, heir),
// to whoever comes first (open), or to nobody until it is missed (lazy). While
// it is handled: after the first read, or when the handler says that it is
// about to block (after-read). Or not at all (after), as a Reactor does it.
//
// Adaptive promotion is between these. A leader handles its event and leads on,
// so that a short one costs no wake-up. It is kept from doing harm in three
// ways: a handler that is about to block or to take long says so (Yield); a
// leader with more work at hand than one thread should do, while a processor
// is free, gives the leadership up at once; and one follower, the sentinel,
// looks around every so often and takes the leadership from a leader that has
// handled one event for longer than Options.Hold. The sentinel sleeps when
// nothing happens: no timer fires in an idle pool.
//
// Up to cas.MaxLeaders threads may lead at once, for one event source or for
// several. Instead of a parker for each follower there may be a gate: then the
// leadership is a lock, and who comes next is the gate's affair. Events may be
// bound to threads: the leader then hands them to their owners and leads on.
//
// The pattern is Schmidt, O'Ryan, Pyarali, Kircher and Buschmann's
// ("Leader/Followers: A Design Pattern for Efficient Multi-threaded Event
// Demultiplexing and Dispatching", PLoP 2000). What is passed from thread to
// thread is the leadership, in one 64-bit word of package cas; what a follower
// sleeps on is a parker of package park. Adaptive promotion and the sentinel
// are this project's.
//
// A thread that comes out of the kernel needs a P of the Go scheduler at once.
// Start therefore raises GOMAXPROCS to the number of threads of all pools and
// three more, where it is lower, and Wait of the last pool that runs sets it to
// what it was. What the program sets it to meanwhile stays. See package
// thread, Reserve.
//
// The package knows no sockets and no protocol: a Source yields events of any
// type and a Handler takes them.
package lf
