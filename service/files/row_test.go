package files

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"ashna/engine/db"
	"ashna/kit/fault"
	"ashna/kit/ident"
	"ashna/testkit"
)

// everywhere runs a test on both databases, each with the table of files.
func everywhere(t *testing.T, test func(t *testing.T, d *db.DB)) {
	run := func(t *testing.T, c db.Config) {
		d, err := db.Open(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = d.Close() })
		write(t, d, func(ctx context.Context, tx *db.Tx) error {
			for _, text := range Tables(d.Dialect()) {
				if _, err := tx.Exec(ctx, text); err != nil {
					return err
				}
			}
			return nil
		})
		test(t, d)
	}
	t.Run("sqlite", func(t *testing.T) { run(t, db.Config{Dir: t.TempDir()}) })
	t.Run("postgres", func(t *testing.T) {
		if url, ok := testkit.PostgresURL(t); ok {
			run(t, db.Config{URL: url})
		}
	})
}

func write(t testing.TB, d *db.DB, do func(ctx context.Context, tx *db.Tx) error) {
	t.Helper()
	if err := try(d, do); err != nil {
		t.Fatal(err)
	}
}

func try(d *db.DB, do func(ctx context.Context, tx *db.Tx) error) error {
	ctx := context.Background()
	return d.Write(ctx, func(tx *db.Tx) error { return do(ctx, tx) })
}

// add writes a row for a content at a deal.
func add(t testing.TB, d *db.DB, id, record ident.ID, hash string) File {
	t.Helper()
	f := File{ID: id, Hash: hash, Name: "x.txt", Type: "text/plain", Size: 1, Object: "deal", Record: record, CreatedAt: noon, CreatedBy: 7}
	write(t, d, func(ctx context.Context, tx *db.Tx) (err error) {
		f, err = Add(ctx, tx, f)
		return err
	})
	return f
}

// of lists the files of a deal.
func of(t testing.TB, d *db.DB, record ident.ID) (list []File) {
	t.Helper()
	err := d.Read(t.Context(), func(q db.Querier) (err error) {
		list, err = Of(t.Context(), q, "deal", record)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func get(d *db.DB, id ident.ID) (f File, err error) {
	err = d.Read(context.Background(), func(q db.Querier) (err error) {
		f, err = Get(context.Background(), q, id)
		return err
	})
	return f, err
}

func TestRows(t *testing.T) {
	everywhere(t, func(t *testing.T, d *db.DB) {
		f := File{
			ID: 5, Hash: hashOf("a"), Name: "../گزارش‌ها.pdf", Type: "application/pdf", Size: 1 << 40, Object: "deal", Record: 9, Field: "contract",
			CreatedAt: noon.Add(1234567 * time.Nanosecond), CreatedBy: 7, Deleted: noon,
		}
		write(t, d, func(ctx context.Context, tx *db.Tx) (err error) {
			f, err = Add(ctx, tx, f)
			return err
		})
		want := f
		want.Name, want.CreatedAt, want.Deleted = "گزارش‌ها.pdf", noon.Add(1234*time.Microsecond), time.Time{}
		if f != want {
			t.Errorf("added %+v, want %+v", f, want)
		}
		if got, err := get(d, 5); err != nil || got != want {
			t.Errorf("got %+v, %v, want %+v", got, err, want)
		}
		_, err := get(d, 6)
		wantKind(t, err, fault.NotFound)
		second := add(t, d, 4, 9, hashOf("a"))
		add(t, d, 6, 10, hashOf("a"))
		if got := of(t, d, 9); !slices.Equal(got, []File{second, want}) {
			t.Errorf("files of the deal: %+v", got)
		}
		if got := of(t, d, 11); len(got) != 0 {
			t.Errorf("files of another deal: %+v", got)
		}
	})
}

func TestDeleteRestorePurge(t *testing.T) {
	everywhere(t, func(t *testing.T, d *db.DB) {
		f := add(t, d, 1, 9, hashOf("a"))
		step := func(do func(ctx context.Context, tx *db.Tx) error) error { return try(d, do) }
		remove := func(ctx context.Context, tx *db.Tx) error { return Delete(ctx, tx, 1, noon) }
		restore := func(ctx context.Context, tx *db.Tx) error { return Restore(ctx, tx, 1) }
		purge := func(ctx context.Context, tx *db.Tx) error { return Purge(ctx, tx, 1) }
		wantKind(t, step(restore), fault.NotFound)
		if err := step(remove); err != nil {
			t.Fatal(err)
		}
		if got, err := get(d, 1); err != nil || !got.Deleted.Equal(noon) || len(of(t, d, 9)) != 0 {
			t.Errorf("after Delete: %+v, %v, %d listed", got, err, len(of(t, d, 9)))
		}
		wantKind(t, step(remove), fault.NotFound)
		if err := step(restore); err != nil {
			t.Fatal(err)
		}
		if got := of(t, d, 9); !slices.Equal(got, []File{f}) {
			t.Errorf("after Restore: %+v", got)
		}
		if err := step(purge); err != nil {
			t.Fatal(err)
		}
		wantKind(t, step(purge), fault.NotFound)
		_, err := get(d, 1)
		wantKind(t, err, fault.NotFound)
	})
}

func TestExpire(t *testing.T) {
	everywhere(t, func(t *testing.T, d *db.DB) {
		for id := range ident.ID(4) {
			add(t, d, id+1, 9, hashOf("a"))
		}
		var n int64
		write(t, d, func(ctx context.Context, tx *db.Tx) error {
			return errors.Join(Delete(ctx, tx, 1, noon), Delete(ctx, tx, 2, noon.Add(time.Hour)), Delete(ctx, tx, 3, time.Unix(-5, 0)))
		})
		write(t, d, func(ctx context.Context, tx *db.Tx) (err error) {
			n, err = Expire(ctx, tx, noon.Add(time.Minute))
			return err
		})
		if n != 2 {
			t.Errorf("%d expired, want 2", n)
		}
		for id, there := range map[ident.ID]bool{1: false, 2: true, 3: false, 4: true} {
			if _, err := get(d, id); (err == nil) != there {
				t.Errorf("file %d: %v, want it there: %v", id, err, there)
			}
		}
	})
}

func TestAddRefuses(t *testing.T) {
	everywhere(t, func(t *testing.T, d *db.DB) {
		good := File{ID: 1, Hash: hashOf("a"), Object: "deal", Record: 9}
		for name, spoil := range map[string]func(*File){
			"no key": func(f *File) { f.ID = 0 }, "no hash": func(f *File) { f.Hash = "../x" }, "no object": func(f *File) { f.Object = "" },
			"size": func(f *File) { f.Size = -1 }, "name": func(f *File) { f.Name = "\x00" },
		} {
			f := good
			spoil(&f)
			if err := try(d, func(ctx context.Context, tx *db.Tx) error { _, err := Add(ctx, tx, f); return err }); err == nil {
				t.Errorf("%s: it was added", name)
			}
		}
		write(t, d, func(ctx context.Context, tx *db.Tx) error {
			for id := range ident.ID(MaxPerRecord) {
				f := good
				f.ID = id + 1
				if _, err := Add(ctx, tx, f); err != nil {
					return err
				}
			}
			return nil
		})
		good.ID = MaxPerRecord + 1
		wantKind(t, try(d, func(ctx context.Context, tx *db.Tx) error { _, err := Add(ctx, tx, good); return err }), fault.Invalid)
		if got := len(of(t, d, 9)); got != MaxPerRecord {
			t.Errorf("%d files, want %d", got, MaxPerRecord)
		}
		good.Record = 10
		if err := try(d, func(ctx context.Context, tx *db.Tx) error { _, err := Add(ctx, tx, good); return err }); err != nil {
			t.Errorf("another record took none: %v", err)
		}
	})
}

func TestNamed(t *testing.T) {
	everywhere(t, func(t *testing.T, d *db.DB) {
		s, _, _ := opened(t)
		add(t, d, 1, 9, hashOf("a"))
		add(t, d, 2, 9, hashOf("a"))
		add(t, d, 3, 9, hashOf("b"))
		write(t, d, func(ctx context.Context, tx *db.Tx) error { return Delete(ctx, tx, 3, noon) })
		var got []string
		err := d.Snapshot(t.Context(), func(q db.Querier) error {
			return s.Named(t.Context(), q, func(hash string, size int64) error {
				got = append(got, fmt.Sprint(hash, size))
				return nil
			})
		})
		want := []string{hashOf("a") + "1", hashOf("b") + "1"}
		slices.Sort(want)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("named %v, %v, want %v", got, err, want)
		}
	})
}

func TestCollect(t *testing.T) {
	everywhere(t, func(t *testing.T, d *db.DB) {
		s, dir, c := opened(t)
		var keep []string
		for i := range 250 { // more than one batch, in many folders
			old := put(t, s, fmt.Sprint("old ", i))
			if i%3 == 0 {
				add(t, d, ident.ID(i+1), 9, old.Hash)
				keep = append(keep, old.Hash)
			}
		}
		write(t, d, func(ctx context.Context, tx *db.Tx) error { return Delete(ctx, tx, 1, noon) }) // still a row
		crash(t, s, "half an upload")
		crash(t, s, "")
		past := noon.Add(-time.Hour)
		for _, name := range temporaries(t, dir)[:1] {
			if err := os.Chtimes(name, past, past); err != nil {
				t.Fatal(err)
			}
		}
		c.Advance(2 * time.Hour)
		keep = append(keep, put(t, s, "young").Hash, put(t, s, "old 1").Hash) // the second was there, and is on its way to a row again
		sum, err := Collect(t.Context(), d, s, noon.Add(time.Hour))
		if err != nil || sum.Contents != 250-84-1 || sum.Uploads < 1 || sum.Bytes <= 0 {
			t.Errorf("collected %+v, %v", sum, err)
		}
		got := contentsOf(t, s)
		for _, h := range keep {
			if _, ok := got[h]; !ok {
				t.Errorf("%s was taken away", h)
			}
		}
		if len(got) != len(keep) {
			t.Errorf("%d contents are left, want %d", len(got), len(keep))
		}
		if sum, err := Collect(t.Context(), d, s, noon.Add(time.Hour)); err != nil || sum.Contents != 0 {
			t.Errorf("again: %+v, %v", sum, err)
		}
	})
}

// crash leaves what a process leaves that ends in the middle of an upload.
func crash(t testing.TB, s *Store, half string) {
	t.Helper()
	u, err := s.newUpload()
	if err != nil {
		t.Fatal(err)
	}
	if err := u.write([]byte(half)); err != nil {
		t.Fatal(err)
	}
	_ = u.file.Close()
}

func temporaries(t testing.TB, dir string) []string {
	t.Helper()
	list, err := filepath.Glob(filepath.Join(dir, temporary, "*"))
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestCollectWaitsForWhoHoldsTheStore(t *testing.T) {
	everywhere(t, func(t *testing.T, d *db.DB) {
		s, _, c := opened(t)
		stored := put(t, s, "orphan")
		c.Advance(time.Hour)
		release, err := s.Hold()
		if err != nil {
			t.Fatal(err)
		}
		_, err = Collect(t.Context(), d, s, c.Now())
		wantKind(t, err, fault.Unavailable)
		if err := s.Check(t.Context(), stored.Hash); err != nil {
			t.Errorf("it was taken away from under a holder: %v", err)
		}
		release()
		if sum, err := Collect(t.Context(), d, s, c.Now()); err != nil || sum.Contents != 1 {
			t.Errorf("%+v, %v", sum, err)
		}
	})
}

// TestCollectWhilePeopleAttach holds that a row never names nothing, whatever Collect does at the same time.
func TestCollectWhilePeopleAttach(t *testing.T) {
	everywhere(t, func(t *testing.T, d *db.DB) {
		s, _, c := opened(t)
		for i := range 20 {
			put(t, s, fmt.Sprint("content ", i))
		}
		c.Advance(time.Hour) // all are old, and nobody names them
		limit := c.Now().Add(-time.Minute)
		var wait sync.WaitGroup
		for worker := range 4 {
			wait.Go(func() {
				random := rand.New(rand.NewPCG(uint64(worker), 1))
				for i := range 25 {
					stored, err := s.Put(context.Background(), strings.NewReader(fmt.Sprint("content ", random.IntN(20))), 0)
					if err != nil {
						t.Error(err)
						return
					}
					f := File{ID: ident.ID(1 + worker*100 + i), Hash: stored.Hash, Object: "deal", Record: ident.ID(worker + 1), CreatedAt: noon}
					if err := try(d, func(ctx context.Context, tx *db.Tx) error { _, err := Add(ctx, tx, f); return err }); err != nil {
						t.Error(err)
					}
				}
			})
		}
		for range 5 {
			if _, err := Collect(t.Context(), d, s, limit); err != nil && !fault.Is(err, fault.Unavailable) {
				t.Error(err)
			}
		}
		wait.Wait()
		err := d.Read(t.Context(), func(q db.Querier) error {
			return s.Named(t.Context(), q, func(hash string, _ int64) error { return s.Check(t.Context(), hash) })
		})
		if err != nil {
			t.Error(err)
		}
	})
}

// TestSweepLeavesWhatWasPutAgain holds the moment between the look for rows and the taking away.
func TestSweepLeavesWhatWasPutAgain(t *testing.T) {
	s, _, c := opened(t)
	again, orphan := put(t, s, "again"), put(t, s, "orphan")
	list := []Content{{Hash: again.Hash, Size: 5, Placed: noon}, {Hash: orphan.Hash, Size: 6, Placed: noon}, {Hash: hashOf("gone"), Size: 4, Placed: noon}}
	c.Advance(time.Hour)
	put(t, s, "again")
	var sum Collected
	if err := s.sweep(list, c.Now(), &sum); err != nil || sum != (Collected{Contents: 1, Bytes: 6}) {
		t.Errorf("%+v, %v", sum, err)
	}
	if err := s.Check(t.Context(), again.Hash); err != nil {
		t.Error(err)
	}
}
