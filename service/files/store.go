// Package files keeps what people attach: contents outside of the database, each once under the hash of its bytes, and rows in the
// table "file" that say which record a content belongs to and what it is called there.
//
// A content is on disk, synced, before the row that names it is written, so that a row never names nothing. What no row names, because a
// transaction failed or a row was purged, is taken away by Collect. Names that people give are shown, never used as paths.
package files

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"ashna/kit/clock"
	"ashna/kit/fault"
)

// MaxSize is the greatest content in bytes unless the caller of Put gives another limit: 50 MiB.
const MaxSize = 50 << 20

const (
	folder    = "files" // inside the data folder
	temporary = "tmp"   // inside folder: contents on their way in
	lockName  = "lock"
	hashText  = 2 * sha256.Size
	shardText = 2 // the first digits of a hash name a folder, so that none grows too long
	copyBytes = 256 << 10
)

// Store keeps contents in the folder "files" of a data folder: the one with hash abcdef… as ab/cdef…. It is safe for concurrent use, also by
// several processes on one folder.
type Store struct {
	root  *os.Root
	clock clock.Clock
}

// Open makes the folder when it is missing and opens it. The clock gives contents their time, which Collect compares.
func Open(dir string, c clock.Clock) (*Store, error) {
	path := filepath.Join(dir, folder)
	if err := os.MkdirAll(filepath.Join(path, temporary), 0o700); err != nil {
		return nil, fmt.Errorf("make folder of files: %w", err)
	}
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, fmt.Errorf("open folder of files: %w", err)
	}
	return &Store{root: root, clock: c}, nil
}

// Close ends the use of the folder; contents that are open stay readable.
func (s *Store) Close() error { return s.root.Close() }

// Stored is a content that is on disk. Type is what its bytes say it is: see Sniff.
type Stored struct {
	Hash string // SHA-256, 64 small hexadecimal digits
	Size int64  // bytes
	Type string
}

// Put reads a content to its end and keeps it; it is on disk when Put returns, and may then be named by a row. A content that is there
// already is kept. More than limit bytes (MaxSize when limit is 0 or less) are TooLarge, no room on the disk is Full. Errors of r come back
// wrapped. Whatever fails leaves nothing that is ever read.
func (s *Store) Put(ctx context.Context, r io.Reader, limit int64) (Stored, error) {
	if limit <= 0 {
		limit = MaxSize
	}
	t, err := s.newUpload()
	if err != nil {
		return Stored{}, err
	}
	defer t.discard()
	if err := t.receive(ctx, r, limit); err != nil {
		return Stored{}, err
	}
	stored := t.stored()
	return stored, t.place(stored)
}

// Receive is Put for a content whose hash and size are known before, as when a backup is restored. Another content is refused with an Invalid
// fault, and nothing is kept.
func (s *Store) Receive(ctx context.Context, hash string, size int64, r io.Reader) error {
	t, err := s.newUpload()
	if err != nil {
		return err
	}
	defer t.discard()
	if err := t.receive(ctx, r, size); err != nil {
		return err
	}
	stored := t.stored()
	if stored.Hash != hash || stored.Size != size {
		return fault.Wrap(fault.Invalid, "file.damaged", fmt.Errorf("content %.64s of %d bytes is %s of %d", hash, size, stored.Hash, stored.Size))
	}
	return t.place(stored)
}

// Open opens a content for reading and gives its size in bytes. One that is not there, or a hash that is none, is NotFound.
func (s *Store) Open(hash string) (io.ReadSeekCloser, int64, error) {
	path, err := pathOf(hash)
	if err != nil {
		return nil, 0, err
	}
	f, err := s.root.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, 0, fault.Wrap(fault.NotFound, "file.missing", err)
	}
	if err != nil {
		return nil, 0, onDisk("open file", err)
	}
	info, err := f.Stat()
	if err != nil {
		return nil, 0, errors.Join(onDisk("open file", err), f.Close())
	}
	return f, info.Size(), nil
}

// ErrDamaged is inside the error of Check when the bytes of a content are not those that its hash stands for.
var ErrDamaged = errors.New("the content does not match its hash")

// Check reads a content and compares it with its hash. A missing one is NotFound, a damaged one ErrDamaged.
func (s *Store) Check(ctx context.Context, hash string) error {
	f, _, err := s.Open(hash)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	h := sha256.New()
	if _, err := io.CopyBuffer(h, reader{ctx, f}, make([]byte, copyBytes)); err != nil {
		return fmt.Errorf("check file %s: %w", hash, err)
	}
	if hex.EncodeToString(h.Sum(nil)) != hash {
		return fmt.Errorf("check file %s: %w", hash, ErrDamaged)
	}
	return nil
}

// pathOf gives the place of a content. Only the 64 digits of a hash give one, so no text of a user ever becomes a path.
func pathOf(hash string) (string, error) {
	if !isHash(hash) {
		return "", fault.New(fault.NotFound, "file.missing")
	}
	return hash[:shardText] + "/" + hash[shardText:], nil
}

func isHash(s string) bool { return len(s) == hashText && isHex(s) }

func isHex(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

// onDisk gives an error of the file system its kind: no room, or trouble that may pass.
func onDisk(verb string, err error) error {
	if err == nil {
		return nil
	}
	err = fmt.Errorf("%s: %w", verb, err)
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || errors.Is(err, syscall.EFBIG) {
		return fault.Wrap(fault.Full, "error.full", err)
	}
	return fault.Wrap(fault.Unavailable, "error.unavailable", err)
}

// reader ends with the error of a context, so that nobody copies for somebody who left.
type reader struct {
	ctx context.Context
	r   io.Reader
}

func (r reader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, fault.Wrap(fault.Unavailable, "error.timeout", err)
	}
	return r.r.Read(p)
}
