package query

import (
	"fmt"
	"math/big"
	"math/rand/v2"
	"testing"

	"ashna/engine/db"
	"ashna/engine/meta"
)

// ledger is a catalog whose accounts join their entries in every way: numbers of every count of decimals, money and dates.
func ledger(t testing.TB) *meta.Catalog {
	t.Helper()
	account := meta.Object{Name: "account", Plural: "accounts", Fields: []meta.Field{
		{Name: "name", Kind: meta.TextKind{}},
		{Name: "lines", Kind: meta.RollupKind{List: "entries", Function: meta.Count}},
		{Name: "big_lines", Kind: meta.RollupKind{List: "entries", Function: meta.Count, Where: "n0 > 100"}},
	}}
	entry := meta.Object{Name: "entry", Plural: "entries", Fields: []meta.Field{
		{Name: "account", Kind: meta.RefKind{To: "account", Inverse: "entries", OnDelete: meta.Clear}},
		{Name: "day", Kind: meta.DateKind{}},
		{Name: "paid", Kind: meta.MoneyKind{}},
	}}
	for _, f := range []meta.Function{meta.Min, meta.Max} {
		account.Fields = append(account.Fields, meta.Field{Name: string(f) + "_day", Kind: meta.RollupKind{List: "entries", Function: f, Field: "day"}})
	}
	fields := []string{"paid"}
	for decimals := range 7 {
		name := fmt.Sprint("n", decimals)
		fields = append(fields, name)
		entry.Fields = append(entry.Fields, meta.Field{Name: name, Kind: meta.NumberKind{Decimals: decimals}})
	}
	for _, field := range fields {
		for _, f := range []meta.Function{meta.Sum, meta.Min, meta.Max, meta.Average} {
			name := string(f) + "_" + field
			account.Fields = append(account.Fields,
				meta.Field{Name: name, Kind: meta.RollupKind{List: "entries", Function: f, Field: field}},
				meta.Field{Name: name + "_late", Kind: meta.RollupKind{List: "entries", Function: f, Field: field, Where: "day > \"2022-03-01\" and n0 is not empty"}})
		}
	}
	return compiled(t, append([]meta.Object{account, entry}, platform...)...)
}

// entryRow is one entry, with the numbers of its columns.
type entryRow struct {
	account int64
	deleted bool
	values  map[string]any // by column
}

// march is the day of 2022-03-01.
const march = 19052

// randomEntries makes entries of accounts 1 to n, some empty, some deleted, some at the ends of what fits.
func randomEntries(r *rand.Rand, n int, huge bool) []entryRow {
	var list []entryRow
	for i := range 40 * n {
		e := entryRow{account: 1 + r.Int64N(int64(n)), deleted: r.IntN(6) == 0, values: map[string]any{}}
		for _, column := range []string{"n0", "n1", "n2", "n3", "n4", "n5", "n6", "paid", "day"} {
			switch {
			case r.IntN(4) == 0:
				e.values[column] = nil
			case column == "day":
				e.values[column] = march - 50 + r.Int64N(100)
			case huge && i%7 == 0:
				e.values[column] = []int64{1 << 61, -1 << 61, 1<<62 - 1, -(1 << 62) + 1}[r.IntN(4)]
			default:
				e.values[column] = r.Int64N(20_000) - 9_000
			}
		}
		list = append(list, e)
	}
	return list
}

// joinOf computes a roll-up with exact integers; nil is empty.
func joinOf(k meta.RollupKind, column string, decimals int, money bool, entries []entryRow) any {
	sum, n, rows := big.NewInt(0), int64(0), int64(0)
	var least, most int64
	for _, e := range entries {
		n0, _ := e.values["n0"].(int64)
		day, _ := e.values["day"].(int64)
		if e.deleted || k.Where == "n0 > 100" && n0 <= 100 || k.Where != "" && k.Where != "n0 > 100" && (day <= march || e.values["n0"] == nil) {
			continue
		}
		rows++
		v, ok := e.values[column].(int64)
		if !ok {
			continue
		}
		if n == 0 || v < least {
			least = v
		}
		if n == 0 || v > most {
			most = v
		}
		n++
		sum.Add(sum, big.NewInt(v))
	}
	bound := new(big.Int).Lsh(big.NewInt(1), 62)
	lost := sum.CmpAbs(bound) >= 0
	switch {
	case k.Function == meta.Count:
		return rows
	case k.Function == meta.Sum:
		if lost {
			return nil
		}
		return sum.Int64()
	case n == 0:
		return nil
	case k.Function == meta.Min:
		return least
	case k.Function == meta.Max:
		return most
	case lost:
		return nil
	}
	over := big.NewInt(n)
	if !money {
		for range 4 - decimals {
			sum.Mul(sum, big.NewInt(10))
		}
		for range decimals - 4 {
			over.Mul(over, big.NewInt(10))
		}
	}
	if !sum.IsInt64() {
		return nil
	}
	return sum.Quo(sum, over).Int64()
}

// storeEntries writes entries, with their keys in the order of the list.
func storeEntries(t testing.TB, d *db.DB, e *meta.Entity, entries []entryRow) {
	t.Helper()
	names, _ := tableColumns(e, d.Dialect())
	rows := make([][]any, len(entries))
	for i, one := range entries {
		rows[i] = make([]any, len(names))
		for j, name := range names {
			switch name {
			case meta.FieldID:
				rows[i][j] = int64(i + 1)
			case "account":
				rows[i][j] = one.account
			case meta.FieldDeletedAt:
				rows[i][j] = int64(0)
				if one.deleted {
					rows[i][j] = int64(7)
				}
			default:
				rows[i][j] = one.values[name]
				if rows[i][j] == nil && !mayBeEmpty(name) {
					rows[i][j] = int64(0)
				}
			}
		}
	}
	insert(t, d, Table(e), names, rows)
}

// Every roll-up gives what exact integers give, over entries that are empty, deleted, few, none or huge.
func TestRollups(t *testing.T) {
	everywhere(t, func(t *testing.T, d *db.DB) {
		c := ledger(t)
		createTables(t, d, c)
		account, entry := object(t, c, "account"), object(t, c, "entry")
		const accounts, first, last = 6, 1, 8 // two have no entries
		r := rand.New(rand.NewPCG(7, 9))
		entries := append(randomEntries(r, accounts-3, false), randomEntries(r, accounts, true)...)
		storeEntries(t, d, entry, entries)
		compared := 0
		for _, a := range account.Fields {
			k, ok := a.Kind.(meta.RollupKind)
			if !ok {
				continue
			}
			column, decimals, money := k.Field, 0, k.Field == "paid"
			if money {
				column = attr(t, entry, "paid").Columns[0]
			}
			_, _ = fmt.Sscanf(k.Field, "n%d", &decimals)
			for account := int64(first); account <= last; account++ {
				b := NewBuilder(d.Dialect())
				text, err := Rollup(a, b.Int(account), b)
				if err != nil {
					t.Fatalf("%s: %v", a.Name, err)
				}
				var own []entryRow
				for _, e := range entries {
					if e.account == account {
						own = append(own, e)
					}
				}
				got := read(t, d, "SELECT "+text, b.Args(nil)...)[0][0]
				if want := joinOf(k, column, decimals, money, own); got != want {
					t.Errorf("%s of account %d is %v, want %v\n%s", a.Name, account, got, want, text)
				}
				compared++
			}
		}
		if compared < 500 {
			t.Errorf("only %d values were compared", compared)
		}
	})
}
