package backup

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"ashna/engine/db"
	"ashna/kit/fault"
	"ashna/testkit"
)

var noon = time.Date(2026, 11, 3, 12, 0, 0, 0, time.UTC)

// place is a database that a test may ask for.
type place struct {
	name string
	make func(t testing.TB) (db.Config, bool)
}

func places() []place {
	return []place{
		{"sqlite", func(t testing.TB) (db.Config, bool) { return db.Config{Dir: t.TempDir()}, true }},
		{"postgres", func(t testing.TB) (db.Config, bool) {
			url, ok := testkit.PostgresURL(t)
			return db.Config{URL: url}, ok
		}},
	}
}

// everywhere runs a test on both databases.
func everywhere(t *testing.T, test func(t *testing.T, p place)) {
	for _, p := range places() {
		t.Run(p.name, func(t *testing.T) { test(t, p) })
	}
}

// workspace opens an empty workspace with tables that link to each other in a circle and to themselves.
func workspace(t testing.TB, p place) *db.DB {
	t.Helper()
	c, ok := p.make(t)
	if !ok {
		t.Skip("this database is switched off")
	}
	d, err := db.Open(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	s := d.Dialect()
	link := func(to string) string {
		if s.LateReferences {
			return s.Int
		}
		return s.Int + " REFERENCES " + to + "(id)"
	}
	texts := []string{
		fmt.Sprintf("CREATE TABLE person (id %s, company %s, name %s NOT NULL, photo %s)", s.Key, link("company"), s.Text, s.Bytes),
		fmt.Sprintf("CREATE TABLE company (id %s, parent %s, contact %s, name %s)", s.Key, link("company"), link("person"), s.Text),
		fmt.Sprintf("CREATE TABLE setting (name %s PRIMARY KEY, value %s)", s.Text, s.Text),
		"CREATE INDEX person_company ON person (company)",
	}
	if s.LateReferences {
		texts = append(texts, "ALTER TABLE person ADD CONSTRAINT person_company_link FOREIGN KEY (company) REFERENCES company(id)",
			"ALTER TABLE company ADD CONSTRAINT company_parent_link FOREIGN KEY (parent) REFERENCES company(id)",
			"ALTER TABLE company ADD CONSTRAINT company_contact_link FOREIGN KEY (contact) REFERENCES person(id)")
	}
	write(t, d, func(ctx context.Context, tx *db.Tx) error {
		for _, text := range texts {
			if _, err := tx.Exec(ctx, text); err != nil {
				return err
			}
		}
		return nil
	})
	return d
}

func write(t testing.TB, d *db.DB, do func(ctx context.Context, tx *db.Tx) error) {
	t.Helper()
	ctx := context.Background()
	if err := d.Write(ctx, func(tx *db.Tx) error { return do(ctx, tx) }); err != nil {
		t.Fatal(err)
	}
}

// tables are what the tests keep.
func tables() []Table { return []Table{{Name: "person"}, {Name: "company"}, {Name: "setting"}} }

func info() Info {
	return Info{Program: "1.2.3", Schema: "7", Created: noon, Tables: tables(), Extra: json.RawMessage(`{"custom":[1]}`)}
}

// fill writes n companies and persons with values of every sort.
func fill(t testing.TB, d *db.DB, n int64, seed uint64) {
	t.Helper()
	random := rand.New(rand.NewPCG(seed, 1))
	var companies, persons, settings [][]any
	for i := int64(1); i <= n; i++ {
		companies = append(companies, []any{i, n - i + 1, i * 1000, text(random, i)})
		var photo any
		switch i % 3 {
		case 0:
			photo = []byte{}
		case 1:
			photo = bytes.Repeat([]byte{0, 255, byte(i)}, random.IntN(40))
		}
		persons = append(persons, []any{i * 1000, i, fmt.Sprint("name ", i), photo})
	}
	settings = append(settings, []any{"least", fmt.Sprint(math.MinInt64)}, []any{"", ""}, []any{"none", nil}, []any{"long", strings.Repeat("گ", 700_000)})
	companies = append(companies, []any{int64(math.MaxInt64 - 1), int64(1), nil, nil}, []any{int64(math.MinInt64), nil, nil, ""})
	write(t, d, func(ctx context.Context, tx *db.Tx) error {
		return db.WithoutReferences(ctx, tx, []string{"company", "person"}, func() error {
			for _, each := range []struct {
				table, columns string
				rows           [][]any
			}{{"company", "id parent contact name", companies}, {"person", "id company name photo", persons}, {"setting", "name value", settings}} {
				if err := tx.Insert(ctx, each.table, strings.Fields(each.columns), each.rows); err != nil {
					return err
				}
			}
			return nil
		})
	})
}

func text(random *rand.Rand, i int64) any {
	list := []any{nil, "", "شرکت نمونه", "Şirkət №1", "a\nb\t'c' \"d\" ; -- e", strings.Repeat("x", random.IntN(100)), fmt.Sprint(i)}
	return list[random.IntN(len(list))]
}

// digests gives the digests of all tables.
func digests(t testing.TB, d *db.DB) (sums []TableSum) {
	t.Helper()
	err := d.Snapshot(context.Background(), func(q db.Querier) (err error) {
		planned, err := plan(context.Background(), q, tables())
		if err == nil {
			sums, err = Digests(context.Background(), q, planned)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(sums, func(a, b TableSum) int { return strings.Compare(a.Name, b.Name) })
	return sums
}

func wantEmpty(t testing.TB, d *db.DB) {
	t.Helper()
	for _, s := range digests(t, d) {
		if s.Rows != 0 {
			t.Errorf("table %s has %d rows", s.Name, s.Rows)
		}
	}
}

func wantKind(t testing.TB, err error, kind fault.Kind, key string) {
	t.Helper()
	if !fault.Is(err, kind) || fault.Of(err).Key != key {
		t.Errorf("got %v, want %s", err, key)
	}
}

// shelf keeps contents in memory: it is where files come from and where they go.
type shelf struct {
	mu       sync.Mutex
	contents map[string][]byte
	named    []string // what rows name; everything when nil
	held     int
	refuse   error
}

func newShelf(contents ...string) *shelf {
	s := &shelf{contents: map[string][]byte{}}
	for _, c := range contents {
		s.contents[hashOf([]byte(c))] = []byte(c)
	}
	return s
}

func hashOf(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

func (s *shelf) Hold() (func(), error) {
	s.held++
	return func() { s.held-- }, nil
}

func (s *shelf) Named(_ context.Context, q db.Querier, do func(string, int64) error) error {
	named := s.named
	if named == nil {
		named = slices.Sorted(maps.Keys(s.contents))
	}
	for _, h := range named {
		if err := do(h, int64(len(s.contents[h]))); err != nil {
			return err
		}
	}
	return nil
}

type memory struct{ *bytes.Reader }

func (memory) Close() error { return nil }

func (s *shelf) Open(hash string) (io.ReadSeekCloser, int64, error) {
	b, ok := s.contents[hash]
	if !ok || s.held != 1 {
		return nil, 0, fault.New(fault.NotFound, "file.missing")
	}
	return memory{bytes.NewReader(b)}, int64(len(b)), nil
}

func (s *shelf) Receive(_ context.Context, hash string, size int64, r io.Reader) error {
	b, err := io.ReadAll(r)
	switch {
	case err != nil:
		return err
	case s.refuse != nil:
		return s.refuse
	case hashOf(b) != hash || int64(len(b)) != size:
		return fault.New(fault.Invalid, "file.damaged")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.contents[hash] = b
	return nil
}

// archived writes an archive into memory.
func archived(t testing.TB, d *db.DB, files FileSource) ([]byte, Summary) {
	t.Helper()
	var b bytes.Buffer
	sum, err := Write(context.Background(), d, files, &b, info())
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes(), sum
}

// into is a target that is open already.
func into(d *db.DB, files FileSink) Target {
	return Target{Open: func(context.Context, Manifest) (*db.DB, error) { return d, nil }, Files: files}
}
