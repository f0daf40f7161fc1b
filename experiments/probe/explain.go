package probe

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"
)

// refusal is an error of the kernel in words that say what is missing. The
// library's own words stay out: they guess at a limit on locked memory, which
// kernels that can run the probe do not have. The cause stays in the chain.
type refusal struct {
	sentence string
	cause    error
}

func (r *refusal) Error() string { return r.sentence }
func (r *refusal) Unwrap() error { return r.cause }

// explain turns a refusal of the kernel into a sentence that says what is
// missing and what to do: a capability, a feature, a mount. What it does not
// know it wraps as it is.
func explain(what string, err error) error {
	if err == nil {
		return nil
	}
	return lookAround(os.DirFS("/")).explain(what, err, needed)
}

// explain judges a refusal of something that needs those capabilities.
func (s surroundings) explain(what string, err error, needs []capability) error {
	if errors.Is(err, ebpf.ErrNotSupported) && s.types == "" && (s.userNS || len(s.effective.lacks(needs)) > 0) {
		// The library asks the kernel for a feature, is refused, and says
		// that there is none: put back what it dropped.
		err = errors.Join(err, unix.EPERM)
	}
	why := s.why(err, needs)
	if why == "" {
		return fmt.Errorf("%s: %w", what, err)
	}
	return &refusal{sentence: what + ": " + why, cause: err}
}

// why is the cause of a refusal with a hint in brackets; empty when the error
// has to speak for itself.
func (s surroundings) why(err error, needs []capability) string {
	var verifier *ebpf.VerifierError
	rejected := errors.As(err, &verifier) // by what it does, which EACCES may say too
	switch {
	case !s.proc:
		return "procfs is not mounted, and the probe looks its target up there [mount -t proc proc /proc]"
	case s.types != "" && (errors.Is(err, ebpf.ErrNotSupported) || errors.Is(err, unix.ENOENT) || errors.Is(err, unix.EACCES)):
		return s.types
	case errors.Is(err, unix.EPERM) || errors.Is(err, unix.EACCES) && !rejected:
		return s.whyRefused(needs)
	case s.lockdown == "confidentiality":
		return fmt.Sprintf("%v: %s", err, lockedDown)
	case rejected:
		return fmt.Sprintf("the verifier of %s rejects a program: %v [report this line]", s.kernel(), err)
	case errors.Is(err, unix.ENOSYS):
		return s.kernel() + " has no bpf system call [it must be built with CONFIG_BPF_SYSCALL=y]"
	case errors.Is(err, ebpf.ErrNotSupported) || errors.Is(err, unix.ENOENT):
		return fmt.Sprintf("%v: %s does not offer it [lflab doctor tests each hook]", err, s.kernel())
	case errors.Is(err, unix.ENOMEM):
		return "the kernel has no memory for its part of the probe [raise the memory limit of this control group, or choose a smaller --ring]"
	case errors.Is(err, unix.EMFILE):
		return "this process may open no more files [ulimit -n 1024]"
	}
	return ""
}

const lockedDown = "the kernel is locked down (confidentiality), which keeps its memory from every program [boot without lockdown=confidentiality]"

func (s surroundings) whyRefused(needs []capability) string {
	missing := s.effective.lacks(needs)
	switch {
	case len(missing) > 0 && len(s.bounding.lacks(missing)) > 0:
		return fmt.Sprintf("this process lacks %s and can never gain it: a container or a service withholds it [docker run %s]",
			list(missing, "and"), options(needs, "--cap-add %s", " "))
	case len(missing) > 0:
		return fmt.Sprintf("this process %s [run it as root: sudo lflab …; or give it what it needs, once: sudo setcap %s+ep %s]",
			without(missing), options(needs, "cap_%s", ","), s.file())
	case s.userNS:
		return fmt.Sprintf("this process has %s only in a user namespace of its own, and the kernel asks for it outside [run lflab on the host, not in a rootless container]", list(needs, "and"))
	case s.lockdown == "confidentiality":
		return lockedDown
	case s.seccomp:
		return fmt.Sprintf("this process has %s, but its system calls are filtered (seccomp) [allow bpf(2), as docker run --security-opt seccomp=unconfined does]", list(needs, "and"))
	}
	why := fmt.Sprintf("this process has %s, but a policy of %s forbids it", list(needs, "and"), s.kernel())
	if s.lockdown != "" && s.lockdown != "none" {
		why += " (lockdown is " + s.lockdown + ")"
	}
	return why + " [ask whoever set the kernel or its security module up]"
}

// file is what setcap is told. The file that `go run` made is gone when it has
// ended.
func (s surroundings) file() string {
	if strings.Contains(s.program, "/go-build") {
		return "lflab, a file made by go build ./cmd/lflab"
	}
	return s.program
}

func without(missing []capability) string {
	if len(missing) == 2 {
		return "has neither " + list(missing, "nor")
	}
	return "lacks " + list(missing, "and")
}

// options writes each capability's bare name with a format.
func options(cs []capability, format, between string) string {
	var each []string
	for _, c := range cs {
		name := strings.TrimPrefix(c.String(), "CAP_")
		if strings.HasPrefix(format, "cap_") {
			name = strings.ToLower(name)
		}
		each = append(each, fmt.Sprintf(format, name))
	}
	return strings.Join(each, between)
}

func (s surroundings) kernel() string { return strings.TrimSpace("this kernel " + s.release) }
