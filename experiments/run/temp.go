package run

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"lflab/experiments/record"
)

// tempPattern begins the names of runs' directories among the temporary files.
const tempPattern = "lflab-run-"

// makeTemp makes the directory for files that only this run needs: compiled
// programs, files to serve, configurations. All users may read it, because
// servers that root starts change their user. It first removes the directories
// of killed runs, whose locks the kernel has dropped.
func (x *Experiment) makeTemp() error {
	if x.temp != "" {
		return nil
	}
	removeOrphans()
	for {
		temp, err := os.MkdirTemp("", tempPattern)
		if err != nil {
			return err
		}
		unlock, err := record.Lock(temp)
		if err == nil {
			if err = os.Chmod(temp, 0o755); err != nil {
				unlock()
			}
		}
		if errors.Is(err, syscall.EWOULDBLOCK) || errors.Is(err, fs.ErrNotExist) {
			continue // before the lock, another run may have removed it as an orphan
		}
		if err != nil {
			return err
		}
		x.temp, x.unlockTemp = temp, unlock
		return nil
	}
}

// removeOrphans removes what it can; directories of other users stay.
func removeOrphans() {
	entries, _ := os.ReadDir(os.TempDir()) // an unreadable directory cannot be tidied
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || !info.IsDir() || !strings.HasPrefix(e.Name(), tempPattern) || !ownedByUs(info) {
			continue
		}
		dir := filepath.Join(os.TempDir(), e.Name())
		if unlock, err := record.Lock(dir); err == nil {
			_ = os.RemoveAll(dir)
			unlock()
		}
	}
}

func ownedByUs(info os.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(stat.Uid) == os.Geteuid()
}

// Close removes the temporary directory of the run, if there is one.
func (x *Experiment) Close() error {
	if x.temp == "" {
		return nil
	}
	defer x.unlockTemp()
	return os.RemoveAll(x.temp)
}
