package probe

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
	"github.com/cilium/ebpf/ringbuf"
	"golang.org/x/sys/unix"

	"lflab/experiments/probe/bpf"
	"lflab/experiments/probe/stage"
)

// Options says what a probe follows and records.
type Options struct {
	PIDs     []int // process IDs in this process's pid namespace
	Children bool  // also follow processes that these have started or will start

	// Single records beside the histograms. Histograms alone cost least.
	Requests bool // of requests, hand-offs and gaps
	Calls    bool // of waits, wake calls and times on a CPU

	// RingBytes is the size of the buffer that carries records out of the
	// kernel, a power of two. 0 means DefaultRing.
	RingBytes int

	// MaxRecords is the largest number of records that are kept in memory.
	// Later ones count as lost. 0 means DefaultMaxRecords.
	MaxRecords int
}

// DefaultRing holds about 100,000 records. At 200,000 records a second it is
// emptied ten times before it would be full.
const DefaultRing = 1 << 24

// DefaultMaxRecords limits a recording to about 1 GB.
const DefaultMaxRecords = 5e6

// drainEvery is how often the ring is emptied. The kernel does not wake the
// reader, because a wake-up for each record would disturb the measurement.
const drainEvery = 50 * time.Millisecond

// Probe is a set of kernel programs that follow some processes. Its methods
// must not be called concurrently.
type Probe struct {
	targets []Target
	coll    *ebpf.Collection // owns the objects
	objects bpf.ProbeObjects
	links   []link.Link
	Missing []string // sentences that say what this kernel cannot tell

	began, ended time.Time
	reader       *ringbuf.Reader
	drained      sync.WaitGroup
	records      Records
	kept, max    int
	overflow     uint64 // records beyond MaxRecords
	drainErr     error
}

// Open checks the targets, loads the programs and follows the targets.
func Open(o Options) (*Probe, error) {
	targets, err := find(o.PIDs)
	if err != nil {
		return nil, err
	}
	p, err := Load(o)
	if err != nil {
		return nil, err
	}
	if err := p.follow(targets); err != nil {
		p.Close()
		return nil, err
	}
	return p, nil
}

// Load loads the programs, which takes the time of a CPU for about 100 ms, and
// disregards o.PIDs. Nothing runs in the kernel until Follow. The error says
// which privilege or kernel feature is missing.
func Load(o Options) (*Probe, error) {
	p := &Probe{max: o.MaxRecords}
	if p.max == 0 {
		p.max = DefaultMaxRecords
	}
	if err := p.load(o); err != nil {
		p.Close()
		return nil, explain("load the kernel programs", err)
	}
	return p, nil
}

// Follow attaches the programs and finds the threads of the processes, which
// takes about 60 ms. Call it once. It measures nothing until Start, but until
// Close the attached programs cost the whole machine a little.
func (p *Probe) Follow(pids []int) error {
	targets, err := find(pids)
	if err != nil {
		return err
	}
	return p.follow(targets)
}

func find(pids []int) ([]Target, error) {
	if len(pids) == 0 {
		return nil, errors.New("no process to probe (give its id with -p)")
	}
	var targets []Target
	for _, pid := range pids {
		t, err := Find(pid)
		if err != nil {
			return nil, err
		}
		targets = append(targets, t)
	}
	return targets, nil
}

func (p *Probe) follow(targets []Target) error {
	p.targets = targets
	for i, t := range p.targets {
		if err := p.objects.Asked.Put(uint32(t.PID), uint8(i)); err != nil {
			return fmt.Errorf("follow process %d: %w (at most %d processes can be followed)", t.PID, err, p.objects.Asked.MaxEntries())
		}
	}
	if err := p.objects.Ports.Set(listeningPorts(p.targets)); err != nil {
		return fmt.Errorf("tell the programs the listening ports: %w", err)
	}
	if err := p.attach(); err != nil {
		return explain("attach the kernel programs", err)
	}
	return p.seed()
}

// load adapts the programs to the kernel and the options, and loads them.
func (p *Probe) load(o Options) error {
	spec, err := bpf.LoadProbe()
	if err != nil {
		return err
	}
	kernel, err := kernelPoints()
	if err != nil {
		return err
	}
	traced, err := tellInterrupts(spec, kernel)
	if err != nil {
		return err
	}
	for _, h := range hooks {
		if h.interrupts && !traced {
			delete(spec.Programs, h.program)
			continue
		}
		if kernel.has(h.point) {
			continue
		}
		if h.without == "" {
			return fmt.Errorf("this kernel has no tracepoint %s, which the probe needs", h.point)
		}
		p.Missing = append(p.Missing, fmt.Sprintf("this kernel has no tracepoint %s, so the probe does not see %s", h.point, h.without))
		delete(spec.Programs, h.program)
	}
	ns, err := pidNamespace()
	if err != nil {
		return err
	}
	for name, value := range map[string]any{
		bpf.ProbeVarCalls:        nativeCalls.calls,
		bpf.ProbeVarCalls32:      compatCalls.calls,
		bpf.ProbeVarWakers:       nativeCalls.wakers,
		bpf.ProbeVarWakers32:     compatCalls.wakers,
		bpf.ProbeVarReadCalls:    !kernel.has("sock_recv_length"),
		bpf.ProbeVarAnswers:      kernel.has("sock_send_length"),
		bpf.ProbeVarPidns:        ns,
		bpf.ProbeVarChildren:     o.Children,
		bpf.ProbeVarWantRequests: o.Requests || o.Calls,
		bpf.ProbeVarWantCalls:    o.Calls,
	} {
		if err := spec.Variables[name].Set(value); err != nil {
			return fmt.Errorf("set %s: %w", name, err)
		}
	}
	size := o.RingBytes
	switch {
	case !o.Requests && !o.Calls:
		size = os.Getpagesize() // nothing is written to it
	case size == 0:
		size = DefaultRing
	case size < os.Getpagesize() || size&(size-1) != 0:
		return fmt.Errorf("ring buffer of %d bytes is not allowed (allowed: powers of two, %d or more)", size, os.Getpagesize())
	}
	spec.Maps[bpf.ProbeMapRing].MaxEntries = uint32(size)

	coll, err := ebpf.NewCollectionWithOptions(spec, ebpf.CollectionOptions{Cache: kernelTypes})
	if err != nil {
		return err
	}
	// Programs without a tracepoint in this kernel are missing, so the
	// generated function that fills the struct would fail.
	p.adopt(coll)
	if o.Requests || o.Calls {
		if p.reader, err = ringbuf.NewReader(p.objects.Ring); err != nil {
			return err
		}
	}
	return nil
}

// adopt takes over the parts of a collection that the probe uses. Other parts,
// such as the maps behind its variables, stay in the collection.
func (p *Probe) adopt(coll *ebpf.Collection) {
	p.coll = coll
	programs, maps, vars := coll.Programs, coll.Maps, coll.Variables
	p.objects = bpf.ProbeObjects{
		ProbePrograms: bpf.ProbePrograms{Nothing: programs[bpf.ProbeProgNothing], Seed: programs[bpf.ProbeProgSeed]},
		ProbeMaps: bpf.ProbeMaps{
			Asked: maps[bpf.ProbeMapAsked], Connections: maps[bpf.ProbeMapConnections],
			Counters: maps[bpf.ProbeMapCounters], Histograms: maps[bpf.ProbeMapHistograms],
			Mechanisms: maps[bpf.ProbeMapMechanisms],
			Arrivals:   maps[bpf.ProbeMapArrivals], Processes: maps[bpf.ProbeMapProcesses],
			Ring: maps[bpf.ProbeMapRing], Threads: maps[bpf.ProbeMapThreads],
		},
		ProbeVariables: bpf.ProbeVariables{Recording: vars[bpf.ProbeVarRecording], Ports: vars[bpf.ProbeVarPorts]},
	}
}

// program returns a loaded program by name, or nil if it is not used on this
// kernel.
func (p *Probe) program(name string) *ebpf.Program {
	return p.coll.Programs[name]
}

func (p *Probe) attach() error {
	for _, h := range hooks {
		program := p.program(h.program)
		if program == nil {
			continue
		}
		l, err := link.AttachTracing(link.TracingOptions{Program: program})
		if err != nil {
			return fmt.Errorf("tracepoint %s: %w", h.point, err)
		}
		p.links = append(p.links, l)
	}
	return nil
}

// seed finds the threads of the targets. The kernel's list may contain a child
// before its parent, so seed repeats until it adds no thread.
func (p *Probe) seed() error {
	l, err := link.AttachIter(link.IterOptions{Program: p.objects.Seed})
	if err != nil {
		return explain("look through the machine's threads", err)
	}
	defer l.Close()
	for before := uint64(0); ; {
		run, err := l.Open()
		if err != nil {
			return explain("look through the machine's threads", err)
		}
		_, err = io.Copy(io.Discard, run)
		run.Close()
		if err != nil {
			return fmt.Errorf("look through the machine's threads: %w", err)
		}
		c, err := p.counts()
		if err != nil {
			return err
		}
		if c.Threads == before {
			break
		}
		before = c.Threads
	}
	var tgid uint32
	var one uint8
	if !p.objects.Processes.Iterate().Next(&tgid, &one) {
		t := p.targets[0]
		if _, err := Find(t.PID); err != nil {
			return fmt.Errorf("process %d (%s) has ended before it could be followed", t.PID, t.Comm)
		}
		return fmt.Errorf("process %d (%s) cannot be followed: it runs, but the kernel does not show it to the probe's programs", t.PID, t.Comm)
	}
	return nil
}

// Start begins the measurement.
func (p *Probe) Start() error {
	if p.reader != nil {
		p.drained.Add(1)
		go p.drain()
	}
	p.began, p.records.Began = time.Now(), monotonic()
	if err := p.objects.Recording.Set(true); err != nil {
		return fmt.Errorf("turn on the probe: %w", err)
	}
	return nil
}

// monotonic returns the time of the records' clock.
func monotonic() uint64 {
	var now unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_MONOTONIC, &now) // cannot fail
	return uint64(now.Nano())
}

// Stop ends the measurement and reads the remaining records. The programs stay
// attached until Close.
func (p *Probe) Stop() error {
	if err := p.objects.Recording.Set(false); err != nil {
		return fmt.Errorf("turn off the probe: %w", err)
	}
	p.ended = time.Now()
	if p.reader != nil {
		if err := p.reader.Flush(); err != nil {
			return fmt.Errorf("empty the ring buffer: %w", err)
		}
		p.drained.Wait()
	}
	return p.drainErr
}

// drain reads records until Stop flushes the ring.
func (p *Probe) drain() {
	defer p.drained.Done()
	var rec ringbuf.Record
	for {
		p.reader.SetDeadline(time.Now().Add(drainEvery))
		switch err := p.reader.ReadInto(&rec); {
		case err == nil:
			if p.kept++; p.kept > p.max {
				p.overflow++
			} else if err := p.records.add(rec.RawSample); err != nil {
				p.drainErr = fmt.Errorf("read the ring buffer: %w", err)
				return
			}
		case errors.Is(err, os.ErrDeadlineExceeded):
		case errors.Is(err, ringbuf.ErrFlushed):
			p.records.sort()
			return
		default:
			p.drainErr = fmt.Errorf("read the ring buffer: %w", err)
			return
		}
	}
}

// Records returns the single records, if Options asked for them. Call it after
// Stop.
func (p *Probe) Records() *Records { return &p.records }

// counts adds up the counters of all CPUs.
func (p *Probe) counts() (sum bpf.ProbeCounts, err error) {
	var each []bpf.ProbeCounts
	if err := p.objects.Counters.Lookup(uint32(0), &each); err != nil {
		return sum, fmt.Errorf("read the counters: %w", err)
	}
	for i := range each {
		addCounts(&sum, &each[i])
	}
	return sum, nil
}

// histogram adds up a stage's histograms of all CPUs, by placement.
func (p *Probe) histogram(number int) (by [stage.Placements]Histogram, err error) {
	var each []bpf.ProbeHistogram
	for place := range stage.Placements {
		if err := p.objects.Histograms.Lookup(uint32(number*stage.Placements+place), &each); err != nil {
			return by, fmt.Errorf("read the histograms: %w", err)
		}
		for i := range each {
			one := Histogram{Count: each[i].Count, Sum: each[i].Sum, Min: each[i].Min, Max: each[i].Max}
			if one.Count == 0 {
				continue
			}
			for b, n := range each[i].Buckets {
				one.Buckets[b] = uint64(n)
			}
			by[place].Merge(&one)
		}
	}
	return by, nil
}

// Close detaches and unloads the programs. The kernel also does so when the
// process ends.
func (p *Probe) Close() error {
	if p == nil {
		return nil
	}
	var errs []error
	for _, l := range slices.Backward(p.links) {
		errs = append(errs, l.Close())
	}
	p.links = nil
	if p.reader != nil {
		errs = append(errs, p.reader.Close())
		p.drained.Wait()
	}
	if p.coll != nil {
		p.coll.Close()
	}
	runtime.KeepAlive(p)
	return errors.Join(errs...)
}
