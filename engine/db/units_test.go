package db

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/mattn/go-sqlite3"

	"ashna/kit/fault"
)

func TestPlain(t *testing.T) {
	huge, _ := new(big.Int).SetString("92233720368547758080", 10)
	for _, c := range []struct{ from, want any }{
		{nil, nil}, {int64(5), int64(5)}, {int32(-5), int64(-5)}, {int16(5), int64(5)}, {5, int64(5)}, {true, int64(1)}, {false, int64(0)},
		{2.9, int64(2)}, {"x", "x"}, {time.Second, "1s"},
		{pgtype.Numeric{Int: big.NewInt(12), Valid: true}, int64(12)},
		{pgtype.Numeric{Int: big.NewInt(12), Exp: 3, Valid: true}, int64(12_000)},
		{pgtype.Numeric{Int: big.NewInt(-129), Exp: -1, Valid: true}, int64(-12)},
		{pgtype.Numeric{Int: huge, Exp: -1, Valid: true}, nil}, // 2^63 is one too many
		{pgtype.Numeric{Int: huge, Exp: -2, Valid: true}, int64(922_337_203_685_477_580)},
		{pgtype.Numeric{Int: huge, Valid: true}, nil},
		{pgtype.Numeric{Int: big.NewInt(1), Exp: 16_000, Valid: true}, nil},
		{pgtype.Numeric{Int: big.NewInt(1), Exp: -16_000, Valid: true}, int64(0)},
		{pgtype.Numeric{NaN: true, Valid: true}, nil},
		{pgtype.Numeric{InfinityModifier: pgtype.Infinity, Valid: true}, nil},
		{pgtype.Numeric{}, nil},
	} {
		if got := plain(c.from); got != c.want {
			t.Errorf("%v: %T %v, want %v", c.from, got, got, c.want)
		}
	}
}

func TestInsertText(t *testing.T) {
	if got := InsertText("a", []string{"x", "y"}, 1); got != "INSERT INTO a (x, y) VALUES ($1, $2)" {
		t.Error(got)
	}
	if got := InsertText("a", []string{"x", "y"}, 3); got != "INSERT INTO a (x, y) VALUES ($1, $2), ($3, $4), ($5, $6)" {
		t.Error(got)
	}
	if got := InsertText("a", []string{"x"}, 12); !strings.HasSuffix(got, "($11), ($12)") {
		t.Error(got)
	}
}

func TestSplitSchema(t *testing.T) {
	for address, want := range map[string]string{
		"postgres://u:p@h:5/d":                                  "ashna",
		"postgres://u:p@h:5/d?schema=work_1&sslmode=disable":    "work_1",
		"postgresql://u@h/d?search_path=t_x":                    "t_x",
		"postgresql://u@h/d?search_path=other&schema=preferred": "preferred",
	} {
		rest, schema, err := splitSchema(address)
		if err != nil || schema != want || strings.Contains(rest, "schema=") || strings.Contains(rest, "search_path") {
			t.Errorf("%s: %s %s %v", address, rest, schema, err)
		}
		if !IsServer(address) {
			t.Errorf("%s is a server", address)
		}
	}
	for _, name := range []string{"A", "a-b", "1a", "a;drop", `"a"`, strings.Repeat("a", 64), "a,b"} {
		if _, _, err := splitSchema("postgres://h/d?schema=" + strings.ReplaceAll(name, ";", "%3B")); err == nil {
			t.Errorf("the schema %q was taken", name)
		}
	}
	if IsServer("/var/lib/ashna") || IsServer("") {
		t.Error("a folder is no server")
	}
}

func TestErrorsOfPostgreSQL(t *testing.T) {
	for code, kind := range map[string]fault.Kind{
		"57014": fault.Unavailable, "53100": fault.Full, "53300": fault.Unavailable, "08006": fault.Unavailable, "57P01": fault.Unavailable,
		"57P03": fault.Unavailable, "40001": fault.Unavailable, "40P01": fault.Unavailable, "55P03": fault.Unavailable, "25006": fault.Unavailable,
		"25P02": fault.Internal, "42P01": fault.Internal, "23502": fault.Internal, "22021": fault.Internal, "": fault.Internal,
	} {
		if got := fault.KindOf(explain("SELECT 1", fmt.Errorf("wrapped: %w", &pgconn.PgError{Code: code}))); got != kind {
			t.Errorf("%s: %v, want %v", code, got, kind)
		}
	}
	var reference *ReferenceError
	if err := explain("x", &pgconn.PgError{Code: "23503"}); !errors.As(err, &reference) {
		t.Error(err)
	}
	for code, want := range map[string]bool{"40001": true, "40P01": true, "26000": true, "57014": false, "23505": false, "0A000": false} {
		if got := transient(explain("x", &pgconn.PgError{Code: code})); got != want {
			t.Errorf("%s: run again %v", code, got)
		}
	}
	if !stale(&pgconn.PgError{Code: "0A000", Routine: "RevalidateCachedQuery"}) {
		t.Error("a stale plan is not known")
	}
}

func TestColumnsOfADetail(t *testing.T) {
	for detail, want := range map[string][]string{
		"Key (id)=(1) already exists.":                       {"id"},
		"Key (email_k, team)=(a, 1) already exists.":         {"email_k", "team"},
		"Schlüssel »(email, team)=(a)=(b)« existiert schon.": {"email", "team"},
		"Key (lower(code))=(x) already exists.":              nil,
		`Key ("Odd")=(x) already exists.`:                    nil,
		"":                                                   nil,
		"nothing (like that":                                 nil,
	} {
		if got := columnsOf(detail); !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", detail, got, want)
		}
	}
}

func TestErrorsOfSQLite(t *testing.T) {
	for code, kind := range map[sqlite3.ErrNo]fault.Kind{
		sqlite3.ErrFull: fault.Full, sqlite3.ErrIoErr: fault.Unavailable, sqlite3.ErrBusy: fault.Unavailable, sqlite3.ErrLocked: fault.Unavailable,
		sqlite3.ErrReadonly: fault.Unavailable, sqlite3.ErrCantOpen: fault.Unavailable, sqlite3.ErrInterrupt: fault.Unavailable,
		sqlite3.ErrNomem: fault.Unavailable, sqlite3.ErrCorrupt: fault.Internal, sqlite3.ErrError: fault.Internal, sqlite3.ErrConstraint: fault.Internal,
	} {
		if got := fault.KindOf(explain("SELECT 1", sqlite3.Error{Code: code})); got != kind {
			t.Errorf("%d: %v, want %v", code, got, kind)
		}
	}
	if err := explain("x", sqlite3.Error{Code: sqlite3.ErrIoErr, SystemErrno: 28}); !fault.Is(err, fault.Full) {
		t.Errorf("no space: %v", err)
	}
}

func TestListsOfKeys(t *testing.T) {
	everywhere(t, func(t *testing.T, c Config) {
		d, ctx := table(t, c), context.Background()
		run(t, d, "INSERT INTO thing (id, n) VALUES (1, 10), (2, 20), (3, 30)")
		s := d.Dialect()
		for _, list := range [][]int64{nil, {}, {2}, {3, 1, 99}, {-1}} {
			var in, joined []int64
			collect := func(into *[]int64) func(Row) error {
				return func(r Row) error { *into = append(*into, r.Int(0)); return nil }
			}
			err := d.Read(ctx, func(q Querier) error {
				if err := Each(ctx, q, "SELECT id FROM thing WHERE "+s.InInts("id", 1)+" ORDER BY id", []any{s.Ints(list)}, collect(&in)); err != nil {
					return err
				}
				return Each(ctx, q, "SELECT id FROM "+s.Unnest("k", 1)+" JOIN thing ON id = k.key ORDER BY id", []any{s.Ints(list)}, collect(&joined))
			})
			var want []int64
			for _, id := range []int64{1, 2, 3} {
				if slices.Contains(list, id) {
					want = append(want, id)
				}
			}
			if err != nil || !reflect.DeepEqual(in, want) || !reflect.DeepEqual(joined, want) {
				t.Errorf("%v: %v and %v, want %v: %v", list, in, joined, want, err)
			}
		}
		if got := Quote("it's"); got != "'it''s'" {
			t.Error(got)
		}
	})
}

func TestTextsCompareByBytes(t *testing.T) {
	everywhere(t, func(t *testing.T, c Config) {
		d, ctx := table(t, c), context.Background()
		texts := []string{"a", "B", "ə", "ی", "z", "Z", "", "aa", "a b", "-", "۱"}
		err := d.Write(ctx, func(tx *Tx) error {
			for i, s := range texts {
				if err := tx.Later(ctx, "INSERT INTO thing (id, s) VALUES ($1, $2)", i, s); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		err = d.Read(ctx, func(q Querier) error {
			return Each(ctx, q, "SELECT s FROM thing ORDER BY s", nil, func(r Row) error { got = append(got, r.Text(0)); return nil })
		})
		slices.Sort(texts)
		if err != nil || !slices.Equal(got, texts) {
			t.Errorf("%q, want %q: %v", got, texts, err)
		}
	})
}
