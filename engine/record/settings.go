package record

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"ashna/engine/access"
	"ashna/engine/change"
	"ashna/engine/db"
	"ashna/engine/meta"
	"ashna/kit/calendar"
	"ashna/kit/fault"
	"ashna/kit/ident"
	"ashna/kit/money"
	"ashna/kit/text"
)

// Settings are those of the workspace; people have their own for what they see.
type Settings struct {
	Name      string `json:"name"`       // of the company
	Language  string `json:"language"`   // en, fa, az: sorts and names
	Country   string `json:"country"`    // ISO 3166: phone numbers, national codes, holidays
	Currency  string `json:"currency"`   // ISO 4217: base amounts; fixed once records hold money
	Calendar  string `json:"calendar"`   // gregorian or jalali: months and years of formulas
	Zone      string `json:"zone"`       // IANA name: what "today" is
	WeekStart string `json:"week_start"` // saturday, sunday or monday
	BaseURL   string `json:"base_url"`   // address that links in mails start with
}

// DefaultSettings are those of a new workspace, by language.
func DefaultSettings(language string) Settings {
	switch language {
	case "fa":
		return Settings{Language: "fa", Country: "IR", Currency: "IRR", Calendar: "jalali", Zone: "Asia/Tehran", WeekStart: "saturday"}
	case "az":
		return Settings{Language: "az", Country: "AZ", Currency: "AZN", Calendar: "gregorian", Zone: "Asia/Baku", WeekStart: "monday"}
	}
	return Settings{Language: "en", Country: "AZ", Currency: "USD", Calendar: "gregorian", Zone: "UTC", WeekStart: "monday"}
}

// Check notes every setting that is wrong.
func (s Settings) Check() error {
	var list fault.List
	if !slices.Contains([]string{"en", "fa", "az"}, s.Language) {
		list.Add(fault.At("language", "value.choice", "value", s.Language))
	}
	if len(s.Country) != 2 || strings.ToUpper(s.Country) != s.Country {
		list.Add(fault.At("country", "value.country"))
	}
	if _, ok := money.Lookup(s.Currency); !ok {
		list.Add(fault.At("currency", "value.currency"))
	}
	if _, err := calendar.ByName(s.Calendar); err != nil {
		list.Add(fault.At("calendar", "value.choice", "value", s.Calendar))
	}
	if _, err := time.LoadLocation(s.Zone); err != nil || s.Zone == "" || s.Zone == "Local" {
		list.Add(fault.At("zone", "value.choice", "value", s.Zone))
	}
	if _, ok := weekdays[s.WeekStart]; !ok {
		list.Add(fault.At("week_start", "value.choice", "value", s.WeekStart))
	}
	return list.Or()
}

var weekdays = map[string]time.Weekday{"saturday": time.Saturday, "sunday": time.Sunday, "monday": time.Monday}

func (s Settings) weekStart() time.Weekday { return weekdays[s.WeekStart] }

func (s Settings) calendar() calendar.Calendar {
	c, err := calendar.ByName(s.Calendar)
	if err != nil {
		return calendar.Gregorian
	}
	return c
}

func (s Settings) zone() *time.Location {
	zone, err := time.LoadLocation(s.Zone)
	if err != nil {
		return time.UTC
	}
	return zone
}

func (s Settings) currencyDigits() int {
	c, _ := money.Lookup(s.Currency)
	return c.Digits
}

const settingWorkspace = "workspace"

func readSettings(ctx context.Context, q db.Querier) (Settings, error) {
	row, found, err := db.One(ctx, q, "SELECT value FROM setting WHERE name = $1", settingWorkspace)
	if err != nil || !found {
		return DefaultSettings("en"), err
	}
	var s Settings
	if err := json.Unmarshal([]byte(row.Text(0)), &s); err != nil {
		return s, fmt.Errorf("read settings: %w", err)
	}
	return s, nil
}

// SaveSettings changes the settings of the workspace. The base currency cannot change once there are records with money.
func (e *Engine) SaveSettings(ctx context.Context, who *access.Viewer, s Settings) error {
	if err := who.Require(access.Settings); err != nil {
		return err
	}
	if err := s.Check(); err != nil {
		return err
	}
	if err := e.db.Write(ctx, func(tx *db.Tx) error { return e.saveSettings(ctx, tx, who, s) }); err != nil {
		return err
	}
	e.takeOver(ctx)
	return nil
}

// saveSettings writes the settings, and all order keys again when the language is another. No record is written meanwhile.
func (e *Engine) saveSettings(ctx context.Context, tx *db.Tx, who *access.Viewer, s Settings) error {
	if err := holdShape(ctx, tx, ""); err != nil {
		return err
	}
	before, err := readSettings(ctx, tx)
	if err != nil {
		return err
	}
	if s.Currency != before.Currency {
		if err := e.noMoney(ctx, tx); err != nil {
			return err
		}
	}
	if s.Language != before.Language {
		if err := raise(ctx, tx, epochCatalog); err != nil {
			return err
		}
		if err := e.reorder(ctx, tx, text.NewCollation(s.Language).Key); err != nil {
			return fmt.Errorf("order anew: %w", err)
		}
	}
	value, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("write settings: %w", err)
	}
	old, err := json.Marshal(before)
	if err != nil {
		return fmt.Errorf("write settings: %w", err)
	}
	if err := tx.Later(ctx, "INSERT INTO setting (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
		settingWorkspace, string(value)); err != nil {
		return err
	}
	if err := raise(ctx, tx, epochSettings); err != nil {
		return err
	}
	c := e.changeOf(who, change.ViaSystem)
	c.Object, c.Op = "setting", change.Event
	c.Fields = json.RawMessage(`{"event":"settings","before":` + string(old) + `,"after":` + string(value) + `}`)
	return change.Append(ctx, tx, []change.Change{c})
}

// noMoney refuses while any record holds an amount.
func (e *Engine) noMoney(ctx context.Context, tx *db.Tx) error {
	for _, entity := range e.Catalog().Entities {
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

// readEnv makes what parsing depends on, with the newest rates of each currency.
func readEnv(ctx context.Context, q db.Querier, columns map[string][]string, s Settings) (*meta.Env, error) {
	env := &meta.Env{Country: s.Country, Currency: s.Currency, Language: s.Language}
	rates := map[string]string{}
	if columns["rates"] != nil {
		err := db.Each(ctx, q, "SELECT currency, rate FROM rates WHERE deleted = 0 ORDER BY since", nil, func(r db.Row) error {
			rates[r.Text(0)] = r.Text(1)
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	env.Rate = func(currency string) (string, bool) {
		rate, ok := rates[currency]
		return rate, ok
	}
	return env, nil
}

const objectRate = "rate"

// platformObjects are the records of the platform besides people.
func platformObjects() []meta.Object {
	return []meta.Object{{
		Name: objectRate, Plural: "rates", Title: "currency", Icon: "coins", Internal: true, Small: true, Sort: "-since",
		Unique: [][]string{{"currency", "since"}},
		Fields: []meta.Field{
			{Name: "currency", Kind: meta.TextKind{Max: 3, Pattern: "[A-Z]{3}"}, Required: true, Index: true},
			{Name: "since", Kind: meta.DateKind{}, Required: true, Index: true},
			{Name: "rate", Kind: meta.TextKind{Max: 40, Pattern: `[0-9]{1,15}(\.[0-9]{1,12})?`}, Required: true},
		},
	}}
}

// readPolicy loads users, teams, roles and who has which. The tables are absent only before the first start.
func readPolicy(ctx context.Context, q db.Querier, columns map[string][]string, version int64) (*access.Policy, error) {
	data := access.Data{Teams: map[ident.ID]ident.ID{}}
	if columns["assignments"] == nil {
		return access.NewPolicy(version, data), nil
	}
	roles := map[ident.ID][]ident.ID{}
	err := db.Each(ctx, q, "SELECT member, role FROM assignments WHERE deleted = 0 ORDER BY id", nil, func(r db.Row) error {
		roles[ident.ID(r.Int(0))] = append(roles[ident.ID(r.Int(0))], ident.ID(r.Int(1)))
		return nil
	})
	if err != nil {
		return nil, err
	}
	err = db.Each(ctx, q, "SELECT id, name, email, active, team, branch, calendar, zone, week_start FROM users WHERE deleted = 0", nil, func(r db.Row) error {
		id := ident.ID(r.Int(0))
		data.People = append(data.People, access.Person{
			ID: id, Name: r.Text(1), Email: r.Text(2), Active: r.Int(3) == 1, Team: ident.ID(r.Int(4)), Branch: ident.ID(r.Int(5)), Roles: roles[id],
			Habits: access.Habits{Calendar: r.Text(6), Zone: r.Text(7), WeekStart: r.Text(8)},
		})
		return nil
	})
	if err != nil {
		return nil, err
	}
	err = db.Each(ctx, q, "SELECT id, parent FROM teams WHERE deleted = 0", nil, func(r db.Row) error {
		data.Teams[ident.ID(r.Int(0))] = ident.ID(r.Int(1))
		return nil
	})
	if err != nil {
		return nil, err
	}
	err = db.Each(ctx, q, "SELECT id, code, rights FROM roles WHERE deleted = 0", nil, func(r db.Row) error {
		rights, err := access.ParseRights(r.Text(2))
		if err != nil {
			return fmt.Errorf("read role %s: %w", r.Text(1), err)
		}
		data.Roles = append(data.Roles, access.RoleData{ID: ident.ID(r.Int(0)), Code: r.Text(1), Rights: rights})
		return nil
	})
	return access.NewPolicy(version, data), err
}
