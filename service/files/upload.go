package files

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"syscall"

	"ashna/kit/fault"
)

// durable is what an upload needs of its temporary file.
type durable interface {
	io.WriteCloser
	Sync() error
}

// upload is a content on its way in: a temporary file in the same file system, so that it comes to its place whole or not at all.
type upload struct {
	store *Store
	name  string
	file  durable
	hash  hash.Hash
	head  []byte
	size  int64
}

func (s *Store) newUpload() (*upload, error) {
	u := &upload{store: s, name: temporary + "/" + rand.Text(), hash: sha256.New()}
	f, err := s.root.OpenFile(u.name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, onDisk("make temporary file", err)
	}
	u.file = f
	return u, nil
}

// receive copies up to limit bytes and brings them to the disk.
func (u *upload) receive(ctx context.Context, r io.Reader, limit int64) error {
	in := reader{ctx, r}
	buffer := make([]byte, copyBytes)
	for {
		n, err := in.Read(buffer)
		if int64(n) > limit-u.size {
			return fault.New(fault.TooLarge, "file.too_large", "max", limit)
		}
		if failed := u.write(buffer[:n]); failed != nil {
			return failed
		}
		if errors.Is(err, io.EOF) {
			return u.finish()
		}
		if err != nil {
			return fmt.Errorf("read the content: %w", err)
		}
	}
}

func (u *upload) write(p []byte) error {
	if _, err := u.file.Write(p); err != nil {
		return onDisk("write file", err)
	}
	u.hash.Write(p) // a hash takes everything
	u.size += int64(len(p))
	u.head = append(u.head, p[:min(len(p), sniffBytes-len(u.head))]...)
	return nil
}

func (u *upload) finish() error {
	err := u.file.Sync()
	if failed := u.file.Close(); err == nil {
		err = failed
	}
	u.file = nil
	return onDisk("sync file", err)
}

// discard takes the temporary file away, unless it came to its place.
func (u *upload) discard() {
	if u.file != nil {
		_ = u.file.Close()
	}
	_ = u.store.root.Remove(u.name)
}

func (u *upload) stored() Stored {
	return Stored{Hash: hex.EncodeToString(u.hash.Sum(nil)), Size: u.size, Type: Sniff(u.head)}
}

// place brings the content under its hash and that to the disk. One that is there is kept, but gets a new time, so that Collect leaves it to
// the row that is about to be written; one of another size is damaged and is replaced.
func (u *upload) place(stored Stored) error {
	s := u.store
	path, err := pathOf(stored.Hash)
	if err != nil {
		return err
	}
	release, err := s.Hold()
	if err != nil {
		return err
	}
	defer release()
	info, err := s.root.Stat(path)
	if err == nil && info.Size() == stored.Size {
		if err := s.touch(path); err != nil {
			return err
		}
		return s.sync(path[:shardText]) // who put it there may not have come so far
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return onDisk("look for file", err)
	}
	if err := s.touch(u.name); err != nil {
		return err
	}
	return s.move(u.name, path)
}

// move renames a file into a folder, which it makes, and brings the names to the disk.
func (s *Store) move(from, to string) error {
	shard := to[:shardText]
	if err := s.root.Mkdir(shard, 0o700); err == nil {
		if err := s.sync("."); err != nil {
			return err
		}
	} else if !errors.Is(err, fs.ErrExist) {
		return onDisk("make folder", err)
	}
	if err := s.root.Rename(from, to); err != nil {
		return onDisk("name file", err)
	}
	return s.sync(shard)
}

// sync brings the names in a folder to the disk.
func (s *Store) sync(dir string) error {
	f, err := s.root.Open(dir)
	if err != nil {
		return onDisk("open folder", err)
	}
	err = f.Sync()
	return onDisk("sync folder", errors.Join(err, f.Close()))
}

// touch gives a file the present time of the store's clock.
func (s *Store) touch(path string) error {
	f, err := s.root.Open(path)
	if err != nil {
		return onDisk("open file", err)
	}
	at := syscall.NsecToTimeval(s.clock.Now().UnixNano())
	err = syscall.Futimes(int(f.Fd()), []syscall.Timeval{at, at})
	return onDisk("set time of file", errors.Join(err, f.Close()))
}

// Hold keeps every content where it is until release is called: Collect and Remove do without in the meantime. A backup holds the store from
// before its snapshot until it has read the last content. Release may be called twice.
func (s *Store) Hold() (release func(), err error) {
	f, err := s.lock(syscall.LOCK_SH)
	if err != nil {
		return nil, err
	}
	return func() { _ = f.Close() }, nil
}

// lock takes the lock of the folder: shared by those who add and read, alone by who takes away. Closing the file frees it.
func (s *Store) lock(how int) (*os.File, error) {
	f, err := s.root.OpenFile(lockName, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, onDisk("open lock", err)
	}
	for range interrupts {
		if err = syscall.Flock(int(f.Fd()), how); !errors.Is(err, syscall.EINTR) {
			break
		}
	}
	if err != nil {
		return nil, errors.Join(onDisk("take lock", err), f.Close())
	}
	return f, nil
}

// interrupts is how often waiting for a lock may be interrupted by signals.
const interrupts = 1_000
