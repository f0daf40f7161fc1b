//go:build long

package mpm

import "testing"

// TestCrowdLong adds many more clients than threads, at once and for long.
// Lists grow, and descriptors and turns are used again and again.
func TestCrowdLong(t *testing.T) { crowds(t, 200, 50) }

// TestPeersThatVanishLong adds thousands of resets, which hit rarer moments of
// an exchange.
func TestPeersThatVanishLong(t *testing.T) { peersThatVanish(t, 40) }

// TestNoAllocationLong adds what is allocated once in thousands of requests,
// such as a table or stack that grows. With fewer requests it falls into one
// attempt and does not count.
func TestNoAllocationLong(t *testing.T) { noAllocation(t, 20_000) }

// TestDrainUnderLoadLong adds drains at more moments between a request and its
// answer.
func TestDrainUnderLoadLong(t *testing.T) { drainUnderLoad(t, 10) }

// TestDrainBeforeAnythingLong adds drains at more moments of the threads'
// start.
func TestDrainBeforeAnythingLong(t *testing.T) { drainBeforeAnything(t, 20) }

// TestEventUnderReuseLong adds more reused descriptors, in rarer orders.
func TestEventUnderReuseLong(t *testing.T) { eventUnderReuse(t, 400) }

// TestEventBoundUnderLoadLong adds more encounters of a listener without room
// and a worker that makes some.
func TestEventBoundUnderLoadLong(t *testing.T) { eventBoundUnderLoad(t, 150) }
