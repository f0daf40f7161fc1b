//go:build long

package mpm

import "testing"

// TestCrowdLong adds to TestCrowd that many more clients than there are
// threads, at once and for long, do not find what a few do not: lists that
// grow, descriptors and generations that come round again and again.
func TestCrowdLong(t *testing.T) { crowds(t, 200, 50) }

// TestPeersThatVanishLong adds to TestPeersThatVanish resets that meet rarer
// moments of an exchange, as thousands of them do.
func TestPeersThatVanishLong(t *testing.T) { peersThatVanish(t, 40) }

// TestNoAllocationLong adds to TestNoAllocation what is allocated once in
// thousands of requests and grows, as a table or a stack does: with fewer
// requests that falls into one attempt and does not count.
func TestNoAllocationLong(t *testing.T) { noAllocation(t, 20_000) }

// TestDrainUnderLoadLong adds to TestDrainUnderLoad drains at more moments
// between a request and its answer.
func TestDrainUnderLoadLong(t *testing.T) { drainUnderLoad(t, 10) }

// TestDrainBeforeAnythingLong adds to TestDrainBeforeAnything drains at more
// moments of the start of threads.
func TestDrainBeforeAnythingLong(t *testing.T) { drainBeforeAnything(t, 20) }

// TestEventUnderReuseLong adds to TestEventUnderReuse more descriptors that
// are used again in rarer orders.
func TestEventUnderReuseLong(t *testing.T) { eventUnderReuse(t, 400) }

// TestEventBoundUnderLoadLong adds to TestEventBoundUnderLoad more meetings of
// a listener without room and a worker that makes some.
func TestEventBoundUnderLoadLong(t *testing.T) { eventBoundUnderLoad(t, 150) }
