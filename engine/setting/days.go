package setting

import (
	"context"
	"slices"

	"ashna/engine/db"
	"ashna/engine/meta"
	"ashna/kit/calendar"
	"ashna/kit/fault"
	"ashna/kit/formula"
)

// SeedDays fills the table of the days of the calendars, once. Who comes second waits and finds it filled.
func SeedDays(ctx context.Context, tx *db.Tx) error {
	if _, err := tx.Exec(ctx, "UPDATE epoch SET value = value WHERE name = 'settings'"); err != nil {
		return err
	}
	_, found, err := db.One(ctx, tx, "SELECT 1 FROM calendar_day LIMIT 1")
	if err != nil || found {
		return err
	}
	var rows [][]any
	for day := calendar.Day(formula.FirstPartDay); day <= calendar.Day(formula.LastPartDay); day++ {
		gy, gm, gd := day.YMD(calendar.Gregorian)
		jy, jm, jd := day.YMD(calendar.Jalali)
		rows = append(rows, []any{int64(day), int64(gy), int64(gm), int64(gd), int64(jy), int64(jm), int64(jd)})
	}
	return tx.Insert(ctx, "calendar_day", []string{"day", "gy", "gm", "gd", "jy", "jm", "jd"}, rows)
}

// NoMoney refuses while any record holds an amount, deleted ones and retired fields included.
func NoMoney(ctx context.Context, tx *db.Tx, c *meta.Catalog) error {
	for _, entity := range c.Entities {
		for _, a := range slices.Concat(entity.Fields, entity.Retired) {
			if _, ok := a.Kind.(meta.MoneyKind); !ok {
				continue
			}
			_, found, err := db.One(ctx, tx, "SELECT 1 FROM "+entity.Table()+" WHERE "+a.Columns[0]+" IS NOT NULL LIMIT 1")
			if err != nil {
				return err
			}
			if found {
				return fault.At("currency", "catalog.in_use")
			}
		}
	}
	return nil
}
