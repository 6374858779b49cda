package files

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/iotest"
	"time"

	"ashna/kit/clock"
	"ashna/kit/fault"
)

var noon = time.Date(2026, 11, 3, 12, 0, 0, 0, time.UTC)

// opened opens a store in a new folder, with a clock that stands at noon.
func opened(t testing.TB) (*Store, string, *clock.Fake) {
	t.Helper()
	dir := t.TempDir()
	c := clock.NewFake(noon)
	s, err := Open(dir, c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s, filepath.Join(dir, folder), c
}

// put stores a text and gives what came of it.
func put(t testing.TB, s *Store, content string) Stored {
	t.Helper()
	stored, err := s.Put(t.Context(), strings.NewReader(content), 0)
	if err != nil {
		t.Fatal(err)
	}
	return stored
}

func wantKind(t testing.TB, err error, kind fault.Kind) {
	t.Helper()
	if !fault.Is(err, kind) {
		t.Errorf("got %v, want a fault of kind %v", err, kind)
	}
}

func hashOf(content string) string {
	sum := sha256.Sum256([]byte(content))
	return hex.EncodeToString(sum[:])
}

// contentsOf lists the hashes on the disk.
func contentsOf(t testing.TB, s *Store) map[string]int64 {
	t.Helper()
	found := map[string]int64{}
	err := s.Walk(t.Context(), func(c Content) error {
		found[c.Hash] = c.Size
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// leftovers counts temporary files.
func leftovers(t testing.TB, dir string) int {
	t.Helper()
	list, err := os.ReadDir(filepath.Join(dir, temporary))
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}

func TestPutAndOpen(t *testing.T) {
	s, dir, _ := opened(t)
	random := rand.New(rand.NewPCG(1, 2))
	for _, size := range []int{0, 1, 511, 512, 513, copyBytes - 1, copyBytes, copyBytes + 1, 3*copyBytes + 7} {
		content := make([]byte, size)
		for i := range content {
			content[i] = byte(random.Uint32())
		}
		stored, err := s.Put(t.Context(), iotest.HalfReader(bytes.NewReader(content)), int64(size))
		if size == 0 { // a limit of 0 is the default
			stored, err = s.Put(t.Context(), bytes.NewReader(nil), 0)
		}
		if err != nil || stored.Size != int64(size) || stored.Hash != hashOf(string(content)) {
			t.Fatalf("%d bytes: stored %+v, %v", size, stored, err)
		}
		r, n, err := s.Open(stored.Hash)
		if err != nil || n != int64(size) {
			t.Fatalf("open: %d, %v", n, err)
		}
		got, err := io.ReadAll(r)
		if err != nil || !bytes.Equal(got, content) {
			t.Errorf("%d bytes came back different: %v", size, err)
		}
		if _, err := r.Seek(-1, io.SeekEnd); size > 0 && err != nil {
			t.Error(err)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
		if err := s.Check(t.Context(), stored.Hash); err != nil {
			t.Error(err)
		}
		if info, err := os.Stat(filepath.Join(dir, stored.Hash[:2], stored.Hash[2:])); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("the content is not at its place, for its owner only: %v", err)
		}
	}
	if n := leftovers(t, dir); n != 0 {
		t.Errorf("%d temporary files are left", n)
	}
}

func TestLimits(t *testing.T) {
	s, dir, _ := opened(t)
	if _, err := s.Put(t.Context(), strings.NewReader("12345"), 5); err != nil {
		t.Error(err)
	}
	endless := io.MultiReader(strings.NewReader("x"), neverEnding{})
	for _, r := range []io.Reader{strings.NewReader("123456"), iotest.OneByteReader(strings.NewReader("123456")), endless} {
		_, err := s.Put(t.Context(), r, 5)
		wantKind(t, err, fault.TooLarge)
		if f := fault.Of(err); f == nil || f.Key != "file.too_large" || f.Params["max"] != int64(5) {
			t.Errorf("refusal %v", err)
		}
	}
	if _, err := s.Put(t.Context(), neverEnding{}, 0); !fault.Is(err, fault.TooLarge) {
		t.Errorf("without a limit: %v", err)
	}
	if n := leftovers(t, dir); n != 0 || len(contentsOf(t, s)) != 1 {
		t.Errorf("%d temporary files and %d contents", n, len(contentsOf(t, s)))
	}
}

type neverEnding struct{}

func (neverEnding) Read(p []byte) (int, error) { return len(p), nil }

func TestAReaderThatFails(t *testing.T) {
	s, dir, _ := opened(t)
	gone := errors.New("gone")
	if _, err := s.Put(t.Context(), io.MultiReader(strings.NewReader("half"), iotest.ErrReader(gone)), 0); !errors.Is(err, gone) {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := s.Put(ctx, strings.NewReader("x"), 0)
	wantKind(t, err, fault.Unavailable)
	if n := leftovers(t, dir); n != 0 || len(contentsOf(t, s)) != 0 {
		t.Errorf("%d temporary files and %d contents are left", n, len(contentsOf(t, s)))
	}
}

func TestTheSameContentAtOnce(t *testing.T) {
	s, dir, _ := opened(t)
	other, err := Open(filepath.Dir(dir), clock.System()) // another process
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = other.Close() }()
	content := strings.Repeat("same ", 50_000)
	var wait sync.WaitGroup
	for i := range 16 {
		store := []*Store{s, other}[i%2]
		wait.Go(func() {
			stored, err := store.Put(t.Context(), strings.NewReader(content), 0)
			if err != nil || stored.Hash != hashOf(content) {
				t.Errorf("%v, %v", stored, err)
			}
		})
	}
	wait.Wait()
	if got := contentsOf(t, s); len(got) != 1 || got[hashOf(content)] != int64(len(content)) || leftovers(t, dir) != 0 {
		t.Errorf("contents %v, %d temporary files", got, leftovers(t, dir))
	}
}

func TestAnExistingContentIsKept(t *testing.T) {
	s, dir, c := opened(t)
	stored := put(t, s, "once")
	path := filepath.Join(dir, stored.Hash[:2], stored.Hash[2:])
	before, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if !before.ModTime().Equal(noon) {
		t.Errorf("placed at %v, want %v", before.ModTime(), noon)
	}
	c.Advance(time.Hour)
	put(t, s, "once")
	after, err := os.Stat(path)
	if err != nil || !os.SameFile(before, after) || !after.ModTime().Equal(noon.Add(time.Hour)) {
		t.Errorf("the file was replaced, or has no new time: %v, %v", after, err)
	}
	if err := os.WriteFile(path, []byte("on"), 0o600); err != nil { // somebody cut it
		t.Fatal(err)
	}
	put(t, s, "once")
	if err := s.Check(t.Context(), stored.Hash); err != nil {
		t.Errorf("a content of another size was not replaced: %v", err)
	}
}

func TestCheckFindsDamage(t *testing.T) {
	s, dir, _ := opened(t)
	stored := put(t, s, "precious")
	if err := os.WriteFile(filepath.Join(dir, stored.Hash[:2], stored.Hash[2:]), []byte("precioux"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.Check(t.Context(), stored.Hash); !errors.Is(err, ErrDamaged) {
		t.Errorf("got %v", err)
	}
	wantKind(t, s.Check(t.Context(), hashOf("absent")), fault.NotFound)
}

func TestReceive(t *testing.T) {
	s, dir, _ := opened(t)
	for name, c := range map[string]struct {
		content string
		size    int64
		kind    fault.Kind
	}{
		"wrong content": {"expectex", 8, fault.Invalid}, "too short": {"expect", 8, fault.Invalid}, "too long": {"expected!", 8, fault.TooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			wantKind(t, s.Receive(t.Context(), hashOf("expected"), c.size, strings.NewReader(c.content)), c.kind)
		})
	}
	if len(contentsOf(t, s)) != 0 || leftovers(t, dir) != 0 {
		t.Error("something was kept")
	}
	if err := s.Receive(t.Context(), hashOf("expected"), 8, strings.NewReader("expected")); err != nil {
		t.Error(err)
	}
	if err := s.Receive(t.Context(), hashOf(""), 0, strings.NewReader("")); err != nil {
		t.Error(err)
	}
	if got := contentsOf(t, s); len(got) != 2 {
		t.Errorf("contents %v", got)
	}
}

func TestTextsThatAreNoHash(t *testing.T) {
	s, dir, _ := opened(t)
	secret := filepath.Join(dir, "secret")
	if err := os.WriteFile(secret, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	h := hashOf("x")
	for _, text := range []string{"", "..", "../secret", "secret", "/etc/passwd", h[:63], h + "0", strings.ToUpper(h), "../" + h[3:], h[:62] + "/.", h[:2] + "/" + h[3:], strings.Repeat("\x00", 64)} {
		_, _, err := s.Open(text)
		wantKind(t, err, fault.NotFound)
		wantKind(t, s.Remove(t.Context(), text), fault.NotFound)
		wantKind(t, s.Check(t.Context(), text), fault.NotFound)
		if err := s.Receive(t.Context(), text, 1, strings.NewReader("x")); err == nil {
			t.Errorf("%q was received", text)
		}
	}
	if _, err := os.Stat(secret); err != nil {
		t.Error(err)
	}
}

func TestALinkOutOfTheFolderIsNotFollowed(t *testing.T) {
	s, dir, _ := opened(t)
	h := hashOf("outside")
	outside := filepath.Join(t.TempDir(), "outside")
	if err := os.WriteFile(outside, []byte("outside"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, h[:2]), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, filepath.Join(dir, h[:2], h[2:])); err != nil {
		t.Fatal(err)
	}
	if r, _, err := s.Open(h); err == nil {
		_ = r.Close()
		t.Error("a link out of the folder was opened")
	}
	if got := contentsOf(t, s); len(got) != 0 {
		t.Errorf("contents %v", got)
	}
}

func TestRemove(t *testing.T) {
	s, _, _ := opened(t)
	stored := put(t, s, "away")
	for range 2 {
		if err := s.Remove(t.Context(), stored.Hash); err != nil {
			t.Error(err)
		}
	}
	if len(contentsOf(t, s)) != 0 {
		t.Error("it is still there")
	}
	release, err := s.Hold()
	if err != nil {
		t.Fatal(err)
	}
	wantKind(t, s.Remove(t.Context(), stored.Hash), fault.Unavailable)
	put(t, s, "adding goes on while the store is held")
	release()
	release()
	if err := s.Remove(t.Context(), stored.Hash); err != nil {
		t.Error(err)
	}
}

// brokenFile fails at a given moment, as a full disk does.
type brokenFile struct {
	durable
	left      int
	syncFails bool
	closeFail bool
	err       error
}

func (b *brokenFile) Write(p []byte) (int, error) {
	if len(p) > b.left {
		n, _ := b.durable.Write(p[:b.left])
		b.left -= n
		return n, &os.PathError{Op: "write", Path: "x", Err: b.err}
	}
	b.left -= len(p)
	return b.durable.Write(p)
}

func (b *brokenFile) Sync() error {
	if b.syncFails {
		return &os.PathError{Op: "sync", Path: "x", Err: b.err}
	}
	return b.durable.Sync()
}

func (b *brokenFile) Close() error {
	if err := b.durable.Close(); err != nil || !b.closeFail {
		return err
	}
	return &os.PathError{Op: "close", Path: "x", Err: b.err}
}

func TestDiskErrors(t *testing.T) {
	s, dir, _ := opened(t)
	const room = 1 << 30
	for name, c := range map[string]struct {
		file brokenFile
		kind fault.Kind
	}{
		"full at once":        {brokenFile{left: 0, err: syscall.ENOSPC}, fault.Full},
		"full in the middle":  {brokenFile{left: copyBytes + 9, err: syscall.ENOSPC}, fault.Full},
		"full at the sync":    {brokenFile{left: room, syncFails: true, err: syscall.ENOSPC}, fault.Full},
		"full at the close":   {brokenFile{left: room, closeFail: true, err: syscall.EDQUOT}, fault.Full},
		"over the quota":      {brokenFile{left: 5, err: syscall.EDQUOT}, fault.Full},
		"broken":              {brokenFile{left: 5, err: syscall.EIO}, fault.Unavailable},
		"broken at the sync":  {brokenFile{left: room, syncFails: true, err: syscall.EIO}, fault.Unavailable},
		"broken at the close": {brokenFile{left: room, closeFail: true, err: syscall.EIO}, fault.Unavailable},
	} {
		t.Run(name, func(t *testing.T) {
			u, err := s.newUpload()
			if err != nil {
				t.Fatal(err)
			}
			c.file.durable = u.file
			u.file = &c.file
			err = u.receive(t.Context(), neverEndingUpTo(3*copyBytes), room)
			wantKind(t, err, c.kind)
			if !errors.Is(err, c.file.err) {
				t.Errorf("the cause is lost: %v", err)
			}
			u.discard()
			if leftovers(t, dir) != 0 || len(contentsOf(t, s)) != 0 {
				t.Error("something is left")
			}
		})
	}
}

func neverEndingUpTo(n int64) io.Reader { return io.LimitReader(neverEnding{}, n) }

// TestFullDisk fills a real file system of 1 MiB, where the test may mount one.
func TestFullDisk(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("none", dir, "tmpfs", 0, "size=1m"); err != nil {
		t.Skipf("a small file system cannot be mounted here: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	s, err := Open(dir, clock.System())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	kept := put(t, s, "kept")
	_, err = s.Put(t.Context(), neverEndingUpTo(2<<20), 0)
	wantKind(t, err, fault.Full)
	if n := leftovers(t, filepath.Join(dir, folder)); n != 0 {
		t.Errorf("%d temporary files keep the disk full", n)
	}
	if err := s.Check(t.Context(), kept.Hash); err != nil {
		t.Errorf("reading does not work: %v", err)
	}
	if _, err := s.Put(t.Context(), neverEndingUpTo(512<<10), 0); err != nil {
		t.Errorf("writing does not work again: %v", err)
	}
}

func TestWalkSeesOnlyContents(t *testing.T) {
	s, dir, c := opened(t)
	want := map[string]int64{}
	for i := range 350 {
		c.Advance(time.Second)
		stored := put(t, s, fmt.Sprint("content ", i))
		want[stored.Hash] = stored.Size
	}
	for _, stray := range []string{"ab/short", "ab/" + strings.Repeat("z", 62), "notes.txt", "zz/" + hashOf("x")[2:], "abc/x", temporary + "/half"} {
		path := filepath.Join(dir, stray)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if got := contentsOf(t, s); len(got) != len(want) {
		t.Errorf("%d contents, want %d", len(got), len(want))
	} else {
		for h, n := range want {
			if got[h] != n {
				t.Errorf("%s has %d bytes, want %d", h, got[h], n)
			}
		}
	}
	stop := errors.New("stop")
	n := 0
	err := s.Walk(t.Context(), func(Content) error {
		n++
		return stop
	})
	if !errors.Is(err, stop) || n != 1 {
		t.Errorf("%d calls after the first said stop: %v", n, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	wantKind(t, s.Walk(ctx, func(Content) error { return nil }), fault.Unavailable)
}

func TestOpenWhereNoFolderCanBe(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(file, clock.System()); err == nil {
		t.Error("a file was opened as a folder")
	}
}
