// Package lf is the Leader/Followers pattern: a pool of operating-system
// threads that take turns waiting for events.
//
// One thread, the leader, waits on the event source. When it gets an event it
// first promotes a follower to be the next leader. Then it processes the event
// itself, so no data moves between threads. Afterwards it joins the pool again:
// as leader if there is none, as a follower otherwise.
//
//	state       entered from  when                          leaves to
//	leader      follower      promoted                      processing
//	            processing    there is no leader at the join
//	processing  leader        event received, heir promoted follower or leader
//	follower    processing    there is a leader at the join leader
//
// The promotion says when the leadership is given up, and the order says to
// which thread; see Policy. A leader may give it up before the event is handled:
// to a certain follower (handoff, heir), to the thread that comes first (open), or
// to no thread (lazy; if no thread takes it for a while, the sentinel does). It
// may give it up while the event is handled: after the first read, or when the
// handler says that it is about to block (after-read). Or it never gives it up
// (after), like a Reactor.
//
// Promotion adaptive is in between. A leader handles its event and leads on, so
// a short event costs no wake-up. Three rules limit the harm of a long one. A
// handler that is about to block or to take long says so (Yield). A leader with
// more waiting work than one thread should do gives up the leadership at once
// if a processor is free. And one follower, the sentinel, looks at the leaders
// at intervals, and takes the leadership from one that has handled an event for
// longer than Options.Hold. The sentinel sleeps when nothing happens, so no
// timer fires in an idle pool.
//
// Up to cas.MaxLeaders threads may lead at once, for one or more event sources.
// A gate may replace the followers' parkers: then the leadership is a lock, and
// the gate decides who comes next. Events may be bound to threads: then the
// leader hands each event to its owner and leads on.
//
// The pattern is by Schmidt, O'Ryan, Pyarali, Kircher and Buschmann
// ("Leader/Followers: A Design Pattern for Efficient Multi-threaded Event
// Demultiplexing and Dispatching", PLoP 2000). The leadership is a 64-bit word
// of package cas. Followers sleep on parkers of package park. Adaptive
// promotion and the sentinel are this project's own.
//
// A thread that leaves the kernel needs a P of the Go scheduler at once. Start
// therefore raises GOMAXPROCS to the number of threads of all pools plus three,
// if it is lower. Wait of the last running pool restores it. A value that the
// program sets meanwhile stays. See thread.Reserve.
//
// The package knows nothing about sockets and protocols. A Source yields events
// of any type, and a Handler takes them.
package lf
