package backup

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"ashna/engine/db"
	"ashna/kit/fault"
)

// TestRoundTrip goes from each database to each.
func TestRoundTrip(t *testing.T) {
	for _, from := range places() {
		t.Run(from.name, func(t *testing.T) {
			d := workspace(t, from)
			fill(t, d, 5_000, 1)
			files := newShelf("one", "", strings.Repeat("two", 3_000_000))
			archive, wrote := archived(t, d, files)
			want := digests(t, d)
			for _, to := range places() {
				t.Run(to.name, func(t *testing.T) {
					target, got := workspace(t, to), newShelf()
					m, read, err := Read(t.Context(), bytes.NewReader(archive), into(target, got))
					if err != nil {
						t.Fatal(err)
					}
					if sums := digests(t, target); !reflect.DeepEqual(sums, want) {
						t.Errorf("tables are %v, want %v", sums, want)
					}
					if !reflect.DeepEqual(got.contents, files.contents) {
						t.Errorf("%d contents, want %d", len(got.contents), len(files.contents))
					}
					if !reflect.DeepEqual(read, wrote) {
						t.Errorf("read %+v\nwrote %+v", read, wrote)
					}
					if m.Program != "1.2.3" || m.Schema != "7" || !m.Created.Equal(noon) || string(m.Extra) != `{"custom":[1]}` || m.Format != Format {
						t.Errorf("manifest %+v", m)
					}
					wantLinks(t, target)
				})
			}
			if wrote.Rows != 10_006 || wrote.Files != 3 || wrote.FileBytes != 9_000_003 || wrote.Missing != 0 || wrote.Bytes != int64(len(archive)) {
				t.Errorf("summary %+v of %d bytes", wrote, len(archive))
			}
			m, verified, err := Verify(t.Context(), iotest.OneByteReader(bytes.NewReader(archive)))
			if err != nil || !reflect.DeepEqual(verified, wrote) || len(m.Tables) != 3 {
				t.Errorf("verified %+v, %v", verified, err)
			}
			if files.held != 0 {
				t.Error("the files are still held")
			}
		})
	}
}

// wantLinks asks whether links hold in a workspace that was restored.
func wantLinks(t *testing.T, d *db.DB) {
	t.Helper()
	err := d.Write(t.Context(), func(tx *db.Tx) error {
		_, err := tx.Exec(t.Context(), "UPDATE person SET company = 0 WHERE id = 1000")
		return err
	})
	var broken *db.ReferenceError
	if !errors.As(err, &broken) {
		t.Errorf("a link to nothing: %v", err)
	}
}

func TestMoveThroughAPipe(t *testing.T) {
	everywhere(t, func(t *testing.T, from place) {
		for _, to := range places() {
			if to.name == from.name {
				continue
			}
			d, target := workspace(t, from), workspace(t, to)
			fill(t, d, 500, 2)
			r, w := io.Pipe()
			go func() {
				_, err := Write(context.Background(), d, nil, w, info())
				_ = w.CloseWithError(err)
			}()
			if _, _, err := Read(t.Context(), r, into(target, nil)); err != nil {
				t.Fatal(err)
			}
			if got, want := digests(t, target), digests(t, d); !reflect.DeepEqual(got, want) {
				t.Errorf("got %v, want %v", got, want)
			}
		}
	})
}

// TestOneMoment writes an archive while eight writers move amounts between two tables, always by both rows in one transaction.
func TestOneMoment(t *testing.T) {
	everywhere(t, func(t *testing.T, p place) {
		d := workspace(t, p)
		const accounts = 200
		write(t, d, func(ctx context.Context, tx *db.Tx) error {
			for i := range int64(accounts) {
				if err := tx.Later(ctx, "INSERT INTO company (id, name) VALUES ($1, '0')", i+1); err != nil {
					return err
				}
				if err := tx.Later(ctx, "INSERT INTO person (id, company, name) VALUES ($1, $2, '0')", 1000+i, i+1); err != nil {
					return err
				}
			}
			return nil
		})
		fill := strings.Repeat("x", 200_000) // so that the archive takes a while
		write(t, d, func(ctx context.Context, tx *db.Tx) error {
			for i := range 25 {
				if _, err := tx.Exec(ctx, "INSERT INTO setting (name, value) VALUES ($1, $2)", fmt.Sprint(i), fill); err != nil {
					return err
				}
			}
			return nil
		})
		ctx, stop := context.WithCancel(t.Context())
		var wait, begun sync.WaitGroup
		begun.Add(8)
		for worker := range 8 {
			wait.Go(func() { writePairs(ctx, d, uint64(worker), accounts, begun.Done) })
		}
		begun.Wait()
		for range 2 {
			archive, _ := archived(t, d, nil)
			target := workspace(t, p)
			if _, _, err := Read(t.Context(), bytes.NewReader(archive), into(target, nil)); err != nil {
				t.Fatal(err)
			}
			wantPairs(t, target, accounts)
		}
		stop()
		wait.Wait()
	})
}

// writePairs changes a company and its person to the same number, in one transaction but two statements, until ctx ends.
func writePairs(ctx context.Context, d *db.DB, seed uint64, accounts int64, begun func()) {
	random := rand.New(rand.NewPCG(seed, 3))
	first := sync.OnceFunc(begun)
	for ctx.Err() == nil {
		id, value := 1+random.Int64N(accounts), fmt.Sprint(random.Int64())
		_ = d.Write(ctx, func(tx *db.Tx) error {
			if _, err := tx.Exec(ctx, "UPDATE company SET name = $1 WHERE id = $2", value, id); err != nil {
				return err
			}
			_, err := tx.Exec(ctx, "UPDATE person SET name = $1 WHERE company = $2", value, id)
			return err
		})
		first()
	}
}

func wantPairs(t *testing.T, d *db.DB, accounts int64) {
	t.Helper()
	err := d.Read(t.Context(), func(q db.Querier) error {
		row, _, err := db.One(t.Context(), q, "SELECT count(*), sum(CASE WHEN c.name = p.name THEN 1 ELSE 0 END), sum(CASE WHEN c.name = '0' THEN 0 ELSE 1 END) "+
			"FROM company AS c JOIN person AS p ON p.company = c.id")
		if err != nil {
			return err
		}
		if row.Int(0) != accounts || row.Int(1) != accounts || row.Int(2) == 0 {
			t.Errorf("%d pairs, %d agree, %d were written", row.Int(0), row.Int(1), row.Int(2))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestContentsThatCannotBeRead(t *testing.T) {
	d := workspace(t, places()[0])
	files := newShelf("good", "big one")
	big := strings.Repeat("b", smallFile+1)
	files.contents[hashOf([]byte(big))] = []byte(big)
	absent, damagedOne, cut := hashOf([]byte("absent")), hashOf([]byte("damaged")), hashOf([]byte(big+"c"))
	files.contents[damagedOne] = []byte("dXmaged")
	files.contents[cut] = []byte(big)
	files.named = []string{hashOf([]byte("good")), absent, "../../etc/passwd", damagedOne, cut, hashOf([]byte(big))}
	archive, sum := archived(t, d, files)
	if want := []string{absent, "../../etc/passwd", damagedOne, cut}; sum.Missing != 4 || !slices.Equal(sum.Lost, want) || sum.Files != 2 {
		t.Errorf("summary %+v", sum)
	}
	got := newShelf()
	_, read, err := Read(t.Context(), bytes.NewReader(archive), into(workspace(t, places()[0]), got))
	if err != nil || !reflect.DeepEqual(read, sum) || len(got.contents) != 2 {
		t.Errorf("read %+v, %v, %d contents", read, err, len(got.contents))
	}
}

func TestManyLostContentsAreCounted(t *testing.T) {
	d, files := workspace(t, places()[0]), newShelf()
	for i := range maxMissing + 5 {
		files.named = append(files.named, hashOf([]byte(fmt.Sprint(i))))
	}
	if _, sum := archived(t, d, files); sum.Missing != maxMissing+5 || len(sum.Lost) != maxMissing {
		t.Errorf("%d missing, %d named", sum.Missing, len(sum.Lost))
	}
}

func TestPlacesThatDoNotFit(t *testing.T) {
	everywhere(t, func(t *testing.T, p place) {
		d := workspace(t, p)
		fill(t, d, 10, 1)
		archive, _ := archived(t, d, nil)
		for name, c := range map[string]struct{ change, key string }{
			"a row":     {"INSERT INTO setting (name) VALUES ('x')", "backup.not_empty"},
			"no column": {"ALTER TABLE person DROP COLUMN photo", "backup.shape"},
			"no table":  {"DROP TABLE setting", "backup.shape"},
		} {
			t.Run(name, func(t *testing.T) {
				target := workspace(t, p)
				write(t, target, func(ctx context.Context, tx *db.Tx) error {
					_, err := tx.Exec(ctx, c.change)
					return err
				})
				_, _, err := Read(t.Context(), bytes.NewReader(archive), into(target, nil))
				wantKind(t, err, fault.Conflict, c.key)
			})
		}
		_, _, err := Read(t.Context(), bytes.NewReader(archive), into(d, nil))
		wantKind(t, err, fault.Conflict, "backup.not_empty")
	})
}

func TestErrorsOfOthers(t *testing.T) {
	everywhere(t, func(t *testing.T, p place) {
		d := workspace(t, p)
		fill(t, d, 2_000, 1)
		archive, _ := archived(t, d, newShelf("content"))
		target := workspace(t, p)
		own := errors.New("own")
		failing := into(target, newShelf())
		failing.Open = func(context.Context, Manifest) (*db.DB, error) { return nil, own }
		late := into(target, newShelf())
		late.Finish = func(ctx context.Context, tx *db.Tx) error {
			_, err := tx.Exec(ctx, "DELETE FROM setting")
			return errors.Join(err, own)
		}
		full := newShelf()
		full.refuse = fault.New(fault.Full, "error.full")
		for name, to := range map[string]Target{"open": failing, "finish": late} {
			if _, _, err := Read(t.Context(), bytes.NewReader(archive), to); !errors.Is(err, own) {
				t.Errorf("%s: %v", name, err)
			}
		}
		_, _, err := Read(t.Context(), bytes.NewReader(archive), into(target, full))
		wantKind(t, err, fault.Full, "error.full")
		broken := io.MultiReader(bytes.NewReader(archive[:len(archive)/2]), iotest.ErrReader(own))
		if _, _, err := Read(t.Context(), broken, into(target, nil)); !errors.Is(err, own) || fault.Of(err) != nil {
			t.Errorf("a source that breaks: %v", err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, _, err := Verify(ctx, bytes.NewReader(archive)); !fault.Is(err, fault.Unavailable) {
			t.Errorf("cancelled: %v", err)
		}
		if _, err := Write(t.Context(), d, nil, &narrow{left: 100, err: own}, info()); !errors.Is(err, own) {
			t.Errorf("a writer that breaks: %v", err)
		}
		wantEmpty(t, target)
		done := into(target, newShelf())
		done.Finish = func(ctx context.Context, tx *db.Tx) error {
			_, err := tx.Exec(ctx, "CREATE INDEX late ON company (name)")
			return err
		}
		if _, _, err := Read(t.Context(), bytes.NewReader(archive), done); err != nil {
			t.Errorf("after all that: %v", err)
		}
	})
}

// narrow is a writer with little room.
type narrow struct {
	left int
	err  error
}

func (n *narrow) Write(p []byte) (int, error) {
	if len(p) > n.left {
		return 0, n.err
	}
	n.left -= len(p)
	return len(p), nil
}

func TestWriteRefuses(t *testing.T) {
	d := workspace(t, places()[0])
	for name, list := range map[string][]Table{
		"no such table":  {{Name: "nothing"}},
		"no such column": {{Name: "person", Columns: []string{"id", "nothing"}}},
		"twice":          {{Name: "person"}, {Name: "person"}},
		"column twice":   {{Name: "person", Columns: []string{"id", "id"}}},
		"statement":      {{Name: "person; DROP TABLE person", Columns: []string{"id"}}},
		"too many":       make([]Table, maxTables+1),
	} {
		if _, err := Write(t.Context(), d, nil, io.Discard, Info{Tables: list}); err == nil {
			t.Errorf("%s: it was written", name)
		}
	}
	if _, err := Write(t.Context(), d, nil, io.Discard, Info{Extra: []byte("not JSON")}); err == nil {
		t.Error("an extra that is no JSON was written")
	}
	huge := bytes.Repeat([]byte("x"), maxChunk)
	write(t, d, func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.Exec(ctx, "INSERT INTO person (id, name, photo) VALUES (1, '', $1)", huge)
		return err
	})
	if _, err := Write(t.Context(), d, nil, io.Discard, info()); err == nil || !strings.Contains(err.Error(), "too much") {
		t.Errorf("a row without an end: %v", err)
	}
}

func TestSomeColumns(t *testing.T) {
	p := places()[0]
	d, target := workspace(t, p), workspace(t, p)
	fill(t, d, 5, 1)
	var b bytes.Buffer
	if _, err := Write(t.Context(), d, nil, &b, Info{Tables: []Table{{Name: "setting", Columns: []string{"name"}}}}); err != nil {
		t.Fatal(err)
	}
	_, sum, err := Read(t.Context(), &b, into(target, nil))
	if err != nil || sum.Rows != 4 {
		t.Errorf("%+v, %v", sum, err)
	}
}

func TestInOrder(t *testing.T) {
	list := func(names string) (tables []Table) {
		for _, n := range strings.Fields(names) {
			tables = append(tables, Table{Name: n})
		}
		return tables
	}
	for _, c := range []struct{ tables, links, want string }{
		{"a b c", "", "a b c"},
		{"a b c", "a>c", "c a b"},
		{"a b c d", "a>b b>c c>d", "d c b a"},
		{"a b", "a>a b>b", "a b"},
		{"a b c", "a>b b>a c>a", "b a c"},
		{"a b", "a>x x>b", "a b"},
	} {
		var links []db.Reference
		for _, l := range strings.Fields(c.links) {
			from, to, _ := strings.Cut(l, ">")
			links = append(links, db.Reference{Table: from, Column: "x", Target: to})
		}
		if got := inOrder(list(c.tables), links); !reflect.DeepEqual(got, list(c.want)) {
			t.Errorf("%s with %s: %v, want %s", c.tables, c.links, got, c.want)
		}
	}
}
