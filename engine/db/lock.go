package db

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// errHeld says that another process, or another opening in this one, holds a lock.
var errHeld = errors.New("the lock is held")

// lockFolder takes the folder for this process; the operating system frees it when the process ends, however that happens.
func lockFolder(dir string) (*os.File, error) {
	f, err := tryLock(filepath.Join(dir, "server.lock"))
	if errors.Is(err, errHeld) {
		return nil, fmt.Errorf("another server already works on %s: stop it first, or give this one another folder with --data", dir)
	}
	return f, err
}

// tryLock takes a lock file, or says errHeld. Closing the file frees it.
func tryLock(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open lock: %w", err)
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err == nil {
		return f, nil
	}
	_ = f.Close()
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, errHeld
	}
	return nil, fmt.Errorf("take lock %s: %w", path, err)
}
