package customers

import (
	"context"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"ashna/engine/change"
	"ashna/engine/db"
	"ashna/engine/record"
	"ashna/kit/clock"
	"ashna/kit/ident"
	"ashna/module"
)

// BenchmarkPeople makes people with an e-mail and a telephone number, each with its two contact points, log rows and search entry, in
// transactions of a thousand as an import has them.
func BenchmarkPeople(b *testing.B) {
	e := benchEngine(b)
	ctx := context.Background()
	who := e.System(0)
	people, _ := who.Catalog.Object(person.Name)
	given, family := []string{"Rəşad", "رضا", "Sara", "Əli", "مریم", "James"}, []string{"Əliyev", "کریمی", "Hüseynova", "Smith", "احمدی"}
	const batch = 1_000
	b.ReportAllocs()
	b.ResetTimer()
	for start := 0; start < b.N; start += batch {
		err := e.Write(ctx, who, change.ViaImport, func(tx *record.Tx) error {
			for i := start; i < min(start+batch, b.N); i++ {
				_, err := tx.Create(ctx, who, people, record.Patch{
					"first_name": given[i%len(given)], "last_name": family[i%len(family)], "email": fmt.Sprintf("p%d@mail%d.example", i, i%997),
					"phone": fmt.Sprintf("+98912%07d", i%9_999_999), "job_title": "Manager", "lifecycle": "customer", "language": "fa",
				})
				if err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}

func benchEngine(b testing.TB) *record.Engine {
	b.Helper()
	d, err := db.Open(context.Background(), db.Config{Dir: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = d.Close() })
	now := clock.NewFake(time.Date(2026, 3, 21, 8, 0, 0, 0, time.UTC))
	e, err := record.Open(context.Background(), module.Options([]module.Module{Module()}, record.Options{
		DB: d, Clock: now, IDs: ident.NewSource(now, 1), Log: slog.New(slog.DiscardHandler), Language: "en",
	}), nil)
	if err != nil {
		b.Fatal(err)
	}
	return e
}
