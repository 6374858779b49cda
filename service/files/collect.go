package files

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"ashna/engine/db"
	"ashna/kit/fault"
)

// batch is how many contents are looked at together.
const batch = 100

// Content is a content on the disk, whether a row names it or not.
type Content struct {
	Hash   string
	Size   int64     // bytes
	Placed time.Time // when it was last put
}

// Walk calls do with each content on the disk, in no order.
func (s *Store) Walk(ctx context.Context, do func(Content) error) error {
	return s.batches(ctx, func(list []Content) error {
		for _, c := range list {
			if err := do(c); err != nil {
				return err
			}
		}
		return nil
	})
}

// batches calls do with some contents at a time.
func (s *Store) batches(ctx context.Context, do func([]Content) error) error {
	return s.entries(ctx, ".", func(list []fs.DirEntry) error {
		for _, shard := range list {
			if !shard.IsDir() || len(shard.Name()) != shardText || !isHex(shard.Name()) {
				continue
			}
			err := s.entries(ctx, shard.Name(), func(list []fs.DirEntry) error { return do(contents(shard.Name(), list)) })
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// contents leaves out what is no content, and what was taken away in the meantime.
func contents(shard string, list []fs.DirEntry) []Content {
	var found []Content
	for _, e := range list {
		info, err := e.Info()
		if hash := shard + e.Name(); err == nil && info.Mode().IsRegular() && isHash(hash) {
			found = append(found, Content{Hash: hash, Size: info.Size(), Placed: info.ModTime()})
		}
	}
	return found
}

// entries reads a folder some entries at a time.
func (s *Store) entries(ctx context.Context, dir string, do func([]fs.DirEntry) error) error {
	f, err := s.root.Open(dir)
	if err != nil {
		return onDisk("open folder", err)
	}
	defer func() { _ = f.Close() }()
	for {
		if err := ctx.Err(); err != nil {
			return fault.Wrap(fault.Unavailable, "error.timeout", err)
		}
		list, err := f.ReadDir(batch)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return onDisk("read folder", err)
		}
		if err := do(list); err != nil {
			return err
		}
	}
}

// Named calls do with each content that rows name, deleted ones included, and its size, in the order of hashes.
func (s *Store) Named(ctx context.Context, q db.Querier, do func(hash string, size int64) error) error {
	return db.Each(ctx, q, "SELECT hash, max(size) FROM file GROUP BY hash ORDER BY hash", nil, func(r db.Row) error {
		return do(r.Text(0), r.Int(1))
	})
}

// Remove takes a content away. One that is not there is gone already. The caller knows that no row names it.
func (s *Store) Remove(ctx context.Context, hash string) error {
	path, err := pathOf(hash)
	if err != nil {
		return err
	}
	return s.alone(ctx, func() error { return s.remove(path) })
}

func (s *Store) remove(path string) error {
	if err := s.root.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return onDisk("remove file", err)
	}
	return nil
}

// Collected says what Collect took away.
type Collected struct {
	Contents int   // that no row named
	Uploads  int   // that somebody began and never ended
	Bytes    int64 // of both
}

// Collect takes away contents that no row names and temporary files, when they are older than a time: what is younger may be on its way to its
// row, so leave a day. Deleted rows count as rows until Expire. While somebody holds the store it gives up, Unavailable, and may be called again.
func Collect(ctx context.Context, d *db.DB, s *Store, olderThan time.Time) (Collected, error) {
	var sum Collected
	err := s.batches(ctx, func(list []Content) error {
		list = slices.DeleteFunc(list, func(c Content) bool { return !c.Placed.Before(olderThan) })
		unnamed, err := withoutRow(ctx, d, list)
		if err != nil || len(unnamed) == 0 {
			return err
		}
		return s.alone(ctx, func() error { return s.sweep(unnamed, olderThan, &sum) })
	})
	if err != nil {
		return sum, fmt.Errorf("collect files: %w", err)
	}
	err = s.entries(ctx, temporary, func(list []fs.DirEntry) error {
		for _, e := range list {
			if info, err := e.Info(); err == nil && info.ModTime().Before(olderThan) && s.root.Remove(temporary+"/"+e.Name()) == nil {
				sum.Uploads++
				sum.Bytes += info.Size()
			}
		}
		return nil
	})
	if err != nil {
		return sum, fmt.Errorf("collect uploads: %w", err)
	}
	return sum, nil
}

// sweep removes contents, except those that were put again since they were looked at.
func (s *Store) sweep(list []Content, olderThan time.Time, sum *Collected) error {
	for _, c := range list {
		path, err := pathOf(c.Hash)
		if err != nil {
			return err
		}
		info, err := s.root.Stat(path)
		if err != nil || !info.ModTime().Before(olderThan) {
			continue
		}
		if err := s.remove(path); err != nil {
			return err
		}
		sum.Contents++
		sum.Bytes += c.Size
	}
	return nil
}

// withoutRow gives the contents that no row names.
func withoutRow(ctx context.Context, d *db.DB, list []Content) ([]Content, error) {
	if len(list) == 0 {
		return nil, nil
	}
	args := make([]any, batch) // always as many, so that it stays one statement
	for i := range args {
		args[i] = list[min(i, len(list)-1)].Hash
	}
	named := map[string]bool{}
	err := d.Read(ctx, func(q db.Querier) error {
		return db.Each(ctx, q, "SELECT DISTINCT hash FROM file WHERE hash IN ("+places(batch)+")", args, func(r db.Row) error {
			named[r.Text(0)] = true
			return nil
		})
	})
	return slices.DeleteFunc(list, func(c Content) bool { return named[c.Hash] }), err
}

// places writes $1 to $n.
func places(n int) string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf("$%d", i+1)
	}
	return strings.Join(list, ", ")
}

// alone runs do while nobody adds to the store or holds it, and gives up after a second of waiting.
func (s *Store) alone(ctx context.Context, do func() error) error {
	tick := time.NewTicker(lockPoll)
	defer tick.Stop()
	for range lockTries {
		f, err := s.lock(syscall.LOCK_EX | syscall.LOCK_NB)
		if err == nil {
			return errors.Join(do(), closed(f))
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			return err
		}
		select {
		case <-ctx.Done():
			return fault.Wrap(fault.Unavailable, "error.timeout", ctx.Err())
		case <-tick.C:
		}
	}
	return fault.Wrap(fault.Unavailable, "error.unavailable", errors.New("the store of files is held"))
}

const (
	lockPoll  = 10 * time.Millisecond
	lockTries = 100
)

func closed(f *os.File) error { return onDisk("free lock", f.Close()) }
