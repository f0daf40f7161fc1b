// Package model predicts the dispatch latency D of the architectures leader and
// worker from a few times that the kernel probe measured at low load. It
// compares the prediction with measurements at other loads.
//
// # The model
//
// One thread at a time accepts connections. If a connection finds it asleep in
// accept, the connection waits for its wake-up, V. After each accept no thread
// accepts for the gap G, and a connection that comes meanwhile waits until the
// gap ends. This is a queue with Poisson arrivals, a constant service time G,
// and a set-up time V for arrivals that find it idle (M/D/1 with set-up). At a
// rate of lambda connections per second, the mean time from readiness to the
// return of accept is
//
//	A = lambda G² / (2 (1 - lambda G)) + (2 V + lambda V²) / (2 (1 + lambda V))
//
// The mean dispatch latency is A plus the time that the connection itself waits
// afterwards: in leader the call that promotes the next thread (if it comes
// before the handler), in worker the hand-off to another thread, and in both
// the read. The two architectures differ only in these numbers: in leader the
// wake-up is part of G, in worker it is part of the connection's own wait.
//
// # Assumptions
//
// There is one leader or listener. V and G are constant. Arrivals are Poisson,
// or pairs far apart. The woken thread finds a free CPU, and the handler takes
// none from it. There is always a sleeping follower or an idle worker, so every
// gap is ended by a thread that was waiting. A connection's data is there when
// accept returns. Where this fails, the residual shows it. For the constant G,
// Server can use the measured spread instead.
//
// # Units
//
// Times are in nanoseconds and rates in connections per second. Spacings of
// pairs are in µs as values of an axis, and in nanoseconds elsewhere.
//
// The package knows results and statistics. It measures nothing, draws nothing
// and imports no server.
package model
