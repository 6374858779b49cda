package record_test

import (
	"context"
	"testing"

	"ashna/engine/access"
	"ashna/engine/db"
	"ashna/engine/record"
	"ashna/engine/setting"
	"ashna/testkit/enginetest"
)

// What is written is read back; who is who follows the records.
func TestSettingsAndPolicy(t *testing.T) {
	enginetest.Everywhere(t, record.Options{Language: "az"}, func(w *enginetest.World) {
		s := setting.Default("fa")
		s.Name = "شرکت"
		write := func(do func(context.Context, *db.Tx, setting.Settings) error) setting.Settings {
			w.Helper()
			if err := w.DB.Write(ctx, func(tx *db.Tx) error { return do(ctx, tx, s) }); err != nil {
				w.Fatal(err)
			}
			var got setting.Settings
			if err := w.DB.Read(ctx, func(q db.Querier) (err error) { got, err = setting.Read(ctx, q); return err }); err != nil {
				w.Fatal(err)
			}
			return got
		}
		if got := write(setting.WriteFirst); got.Language != "az" {
			w.Errorf("the first settings were replaced: %+v", got)
		}
		if got := write(setting.Write); got != s {
			w.Errorf("read back %+v", got)
		}
		boss := w.User("boss@example.com", "manager", nil)
		if !w.Engine.Policy().HasRole(boss.User, access.RoleManager) || w.Engine.Policy().CountRole(access.RoleManager) != 1 {
			w.Error("the role of a user is not in the policy")
		}
		w.Create(w.System(), setting.ObjectRate, record.Patch{"currency": "EUR", "since": "2026-01-01", "rate": "1.9"})
		w.Create(w.System(), setting.ObjectRate, record.Patch{"currency": "EUR", "since": "2026-02-01", "rate": "2.1"})
		err := w.DB.Read(ctx, func(q db.Querier) error {
			columns, err := db.Columns(ctx, q)
			if err != nil {
				return err
			}
			env, err := setting.Env(ctx, q, columns, s)
			if err != nil {
				return err
			}
			if rate, ok := env.Rate("EUR"); rate != "2.1" || !ok || env.Currency != "IRR" {
				w.Errorf("rate %q, %t, currency %s", rate, ok, env.Currency)
			}
			if _, ok := env.Rate("GBP"); ok {
				w.Error("a rate that nobody gave")
			}
			return nil
		})
		if err != nil {
			w.Fatal(err)
		}
		for range 2 {
			if err := w.DB.Write(ctx, func(tx *db.Tx) error { return setting.SeedDays(ctx, tx) }); err != nil {
				w.Errorf("the days are filled once: %v", err)
			}
		}
	})
}
