// Package model predicts the dispatch latency D of the leader and the worker
// architecture from a few times that the kernel probe has measured at low
// load, and holds the prediction against what was measured at other loads.
//
// # The model
//
// One thread at a time takes connections. A connection that finds it asleep in
// accept waits for its wake-up, V; after each accept nobody takes another one
// for the gap G, and a connection that comes meanwhile waits until it is over.
// That is a queue with Poisson arrivals, a constant service time G and a set-up
// V that only those pay who find it idle (M/D/1 with set-up). At a rate of
// lambda connections per second the mean time from readiness to the return of
// accept is
//
//	A = lambda G² / (2 (1 - lambda G)) + (2 V + lambda V²) / (2 (1 + lambda V))
//
// and the mean dispatch latency is A plus what the connection itself waits for
// afterwards: in the leader the call that promotes the next thread (if it comes
// before the handler), in the worker the hand-off to another thread, in both
// the read. The two architectures differ in these numbers only: the leader has
// a wake-up within G, the worker has it on the connection's way.
//
// # Assumptions
//
// One leader or listener. V and G are constants. Arrivals are Poisson, or pairs
// far apart. The woken thread finds a free CPU and the handler takes none from
// it. There is always a follower asleep, or an idle worker: gaps that nobody
// was there to end do not happen. A connection's data is there when accept
// returns. Where these fail, the residual says so; for the constant G, Server
// has the spread that was measured.
//
// # Units
//
// Times are nanoseconds, rates are connections per second, spacings of pairs
// are microseconds where they are values of an axis and nanoseconds elsewhere.
//
// The package knows results and statistics. It measures nothing, draws nothing
// and imports no server.
package model
