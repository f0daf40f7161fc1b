package probe

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"
)

// refusal is an error of the kernel with a sentence that says what is missing.
// It leaves out the ebpf library's text, which guesses at a limit on locked
// memory that kernels able to run the probe do not have. Unwrap returns the
// cause.
type refusal struct {
	sentence string
	cause    error
}

func (r *refusal) Error() string { return r.sentence }
func (r *refusal) Unwrap() error { return r.cause }

// explain turns an error of the kernel into a sentence that says which
// capability, feature or mount is missing and what to do. It wraps other errors
// unchanged.
func explain(what string, err error) error {
	if err == nil {
		return nil
	}
	return lookAround(os.DirFS("/")).explain(what, err, needed)
}

// explain judges an error of something that needs the given capabilities.
func (s surroundings) explain(what string, err error, needs []capability) error {
	if errors.Is(err, ebpf.ErrNotSupported) && s.types == "" && (s.userNS || len(s.effective.lacks(needs)) > 0) {
		// The kernel refused to tell the library about a feature, and the
		// library reports that as missing. Add the dropped cause again.
		err = errors.Join(err, unix.EPERM)
	}
	why := s.why(err, needs)
	if why == "" {
		return fmt.Errorf("%s: %w", what, err)
	}
	return &refusal{sentence: what + ": " + why, cause: err}
}

// why returns the cause of an error with a hint in brackets, or "" if there is
// nothing to add.
func (s surroundings) why(err error, needs []capability) string {
	var verifier *ebpf.VerifierError
	rejected := errors.As(err, &verifier) // the verifier may return EACCES, too
	switch {
	case !s.proc:
		return "procfs is not mounted, but the probe needs it to find its target [mount -t proc proc /proc]"
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
	return why + " [ask the administrator of the kernel and its security module]"
}

// file returns the file name for setcap. The file of `go run` is removed when
// it ends, so it is no use.
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

// options formats the name of each capability without its prefix.
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
