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

// tempPattern names the directories of runs, below that of temporary files.
const tempPattern = "lflab-run-"

// makeTemp makes the directory of what belongs to the run alone: programs that
// were compiled, files to be served, configurations. Others may look into it,
// for servers that root starts change their user. Those of runs that were killed
// are removed: the kernel forgets a lock with its process.
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
			continue // until it was locked, another run could take it for an orphan
		}
		if err != nil {
			return err
		}
		x.temp, x.unlockTemp = temp, unlock
		return nil
	}
}

// removeOrphans removes what it can: the directories of other users stay.
func removeOrphans() {
	entries, _ := os.ReadDir(os.TempDir()) // what cannot be read cannot be tidied
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

// Close removes what New compiled and made.
func (x *Experiment) Close() error {
	if x.temp == "" {
		return nil
	}
	defer x.unlockTemp()
	return os.RemoveAll(x.temp)
}
