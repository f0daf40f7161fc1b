package gate

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// memoryToShare makes an empty memory file.
func memoryToShare() (*os.File, error) {
	fd, err := unix.MemfdCreate("lflab-gate", unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	if err != nil {
		return nil, fmt.Errorf("make memory to share: %w", err)
	}
	return os.NewFile(uintptr(fd), "lflab-gate"), nil
}

// seal fixes the size of the memory file. A child that shrank it would kill all
// others.
func seal(f *os.File) error {
	_, err := unix.FcntlInt(f.Fd(), unix.F_ADD_SEALS, unix.F_SEAL_SHRINK|unix.F_SEAL_GROW|unix.F_SEAL_SEAL)
	if err != nil {
		return fmt.Errorf("seal the size of shared memory: %w", err)
	}
	return nil
}
