package e2e

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"ashna/engine/db"
)

// notKept are the tables that a restored place makes anew: what is derived from the rest, and what must not live on.
var notKept = []string{"session", "attempt", "setup", "reset", "idempotency", "schema_version", "calendar_day", "search_entry", "search_range"}

// digests gives a hash of the rows of each table, the same on both databases.
func (p place) digests(t testing.TB) map[string]string {
	t.Helper()
	sums := map[string]string{}
	err := inside(p, func(d *db.DB) error {
		return d.Snapshot(context.Background(), func(q db.Querier) error {
			tables, err := db.Columns(context.Background(), q)
			if err != nil {
				return err
			}
			for name, columns := range tables {
				if slices.Contains(notKept, name) {
					continue
				}
				if sums[name], err = digest(q, name, columns); err != nil {
					return err
				}
			}
			return nil
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return sums
}

func digest(q db.Querier, table string, columns []string) (string, error) {
	slices.Sort(columns)
	var rows []string
	err := db.Each(context.Background(), q, "SELECT "+strings.Join(columns, ", ")+" FROM "+table, nil, func(r db.Row) error {
		var b strings.Builder
		for i, v := range r {
			if raw, ok := v.([]byte); ok {
				v = hex.EncodeToString(raw)
			}
			fmt.Fprintf(&b, "%s=%v|", columns[i], v)
		}
		rows = append(rows, b.String())
		return nil
	})
	slices.Sort(rows)
	sum := sha256.Sum256([]byte(strings.Join(rows, "\n")))
	return fmt.Sprintf("%d rows %x", len(rows), sum[:8]), err
}

// same compares the tables of two places.
func same(t testing.TB, a, b place) {
	t.Helper()
	have, want := b.digests(t), a.digests(t)
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if have[name] != want[name] {
			t.Errorf("table %s: %s was restored from %s", name, have[name], want[name])
		}
	}
	if len(have) != len(want) {
		t.Errorf("%d tables were restored from %d", len(have), len(want))
	}
}

// lived makes a workspace with some life in it: people, their history, an attachment, a field of its own. The server is gone afterwards.
func lived(t testing.TB, p place) (token, file string, content []byte, c *crew) {
	t.Helper()
	token = p.open(t)
	s := p.serve(t)
	to := s.as(t, token)
	declare(t, to, "c_field")
	person := to.make(t, "people", `{"name": "Ada", "c_field": "own"}`)
	content = bytes.Repeat([]byte("a page of text\n"), 5_000)
	file = attach(t, to, person, "page.txt", content)
	c = newCrew(seeded(t))
	stop := make(chan struct{})
	wait := c.work(t, to, stop, false)
	time.Sleep(500 * time.Millisecond)
	close(stop)
	wait()
	c.verify(t, to, true)
	s.stop(t)
	return token, file, content, c
}

// TestBackup takes a backup of a workspace and restores it on both databases: every table and file is as it was.
func TestBackup(t *testing.T) {
	everywhere(t, func(t *testing.T, p place) {
		token, file, content, crew := lived(t, p)
		archive := filepath.Join(t.TempDir(), "all.ashna")
		must(t, p.on("backup", archive)...)
		if info, err := os.Stat(archive); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("the backup: %v %v", info, err)
		}
		twin := place{data: t.TempDir()}
		other := onServer(t)
		for _, to := range []place{twin, other} {
			must(t, to.on("restore", archive)...)
			same(t, p, to)
			to.check(t)
		}
		home := twin
		if p.url == "" { // there and back again
			back := filepath.Join(t.TempDir(), "back.ashna")
			must(t, other.on("backup", back)...)
			home = place{data: t.TempDir()}
			must(t, home.on("restore", back)...)
			same(t, p, home)
		}
		// What is made anew works too: the search, and who may come in. Keys of the writes before are not kept, so none is sent again.
		s := home.serve(t)
		c := s.as(t, token)
		got, err := c.send(context.Background(), "GET", "/files/"+file, nil)
		if err != nil || !bytes.Equal(got.body, content) {
			t.Errorf("the attachment: %v %v", got.status, err)
		}
		crew.each(func(r *writer) { r.last = nil })
		crew.verify(t, c, true)
		s.stop(t)
		refusesToRestore(t, archive, home, other)
	})
}

// refusesToRestore checks that a restore touches no place that holds something.
func refusesToRestore(t *testing.T, archive string, places ...place) {
	t.Helper()
	for _, p := range places {
		before := p.digests(t)
		r := run(t, p.on("restore", archive)...)
		if r.status != 1 || r.err == "" || r.out != "" {
			t.Errorf("restore into a place that is not empty: status %d, %s%s", r.status, r.out, r.err)
		}
		if after := p.digests(t); !maps.Equal(before, after) {
			t.Error("a refused restore changed the place")
		}
		p.check(t)
	}
}

// TestDamagedBackup flips bits and cuts the end off: no damaged backup is restored, and none leaves a place that looks whole.
func TestDamagedBackup(t *testing.T) {
	chance := seeded(t)
	p := place{data: t.TempDir()}
	lived(t, p)
	archive := filepath.Join(t.TempDir(), "all.ashna")
	must(t, p.on("backup", archive)...)
	whole, err := os.ReadFile(archive)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 8 {
		damaged := bytes.Clone(whole)
		at := chance.IntN(len(damaged))
		if i < 6 {
			damaged[at] ^= 1 << chance.IntN(8)
		} else {
			damaged = damaged[:at]
		}
		put(t, archive, string(damaged))
		to := place{data: filepath.Join(t.TempDir(), "data")}
		if r := run(t, to.on("restore", archive)...); r.status != 1 || r.err == "" {
			t.Errorf("damage %d at %d of %d: status %d, %s%s", i, at, len(whole), r.status, r.out, r.err)
		}
		if r := run(t, to.on("check")...); r.status != 1 || !strings.Contains(r.err, "did not come to its end") {
			t.Errorf("damage %d: the place that was not restored opens: status %d, %s", i, r.status, r.err)
		}
	}
}

// TestLoadedBackup takes a backup while clients write: what it holds is one moment, not before it began.
func TestLoadedBackup(t *testing.T) {
	everywhere(t, func(t *testing.T, p place) {
		token := p.open(t)
		s := p.serve(t)
		c := s.as(t, token)
		crew := newCrew(seeded(t))
		work := func(d time.Duration) {
			stop := make(chan struct{})
			wait := crew.work(t, c, stop, true)
			time.Sleep(d)
			close(stop)
			wait()
		}
		work(500 * time.Millisecond)
		var before []person
		for _, r := range crew.writers {
			for _, one := range r.people {
				if one.id != "" {
					before = append(before, one.copy())
				}
			}
		}
		archive := filepath.Join(t.TempDir(), "all.ashna")
		stop := make(chan struct{})
		wait := crew.work(t, c, stop, true)
		must(t, p.on("backup", archive)...)
		close(stop)
		wait()
		to := place{data: t.TempDir()}
		must(t, to.on("restore", archive)...)
		to.check(t)
		oneMoment(t, to, token, before)
	})
}

// oneMoment checks that a place holds each of some people at least as new as then, and that records and log agree about everything.
func oneMoment(t testing.TB, p place, token string, then []person) {
	t.Helper()
	s := p.serve(t)
	log := newLogbook()
	if err := log.read(s.as(t, token)); err != nil {
		t.Fatal(err)
	}
	s.stop(t)
	have := map[string]int64{}
	for _, object := range []string{"people", "contact_points"} {
		for _, line := range p.export(t, object, "--fields", "owner") {
			var one struct {
				ID      string
				Version int64
			}
			if err := json.Unmarshal([]byte(line), &one); err != nil {
				t.Fatal(err)
			}
			have[one.ID] = one.Version
			if err := log.whole(one.ID, one.Version); err != nil {
				t.Errorf("%s %s: %v", object, one.ID, err)
			}
		}
	}
	for _, one := range then {
		versions := log.versions[one.id]
		if int64(len(versions)) < one.version {
			t.Errorf("person %s was version %d before the backup began, and the backup knows %v", one.id, one.version, versions)
		}
	}
	t.Logf("%d records, of which %d people before the backup began", len(have), len(then))
	if len(have) == 0 {
		t.Error("the backup is empty")
	}
}
