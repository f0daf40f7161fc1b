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
// The pattern is Schmidt, O'Ryan, Pyarali, Kircher and Buschmann's
// ("Leader/Followers: A Design Pattern for Efficient Multi-threaded Event
// Demultiplexing and Dispatching", PLoP 2000). What is passed from thread to
// thread is the leadership, in one 64-bit word of package cas; what a follower
// sleeps on is a parker of package park.
//
// The package knows no sockets and no protocol: a Source yields events of any
// type and a Handler takes them.
package lf
