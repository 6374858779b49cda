// Package setting keeps what a workspace is set to, and reads what the engine keeps in memory of it: settings, rates, and who is who.
package setting

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"ashna/engine/db"
	"ashna/engine/meta"
	"ashna/kit/calendar"
	"ashna/kit/fault"
	"ashna/kit/money"
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

// Default are those of a new workspace, by language.
func Default(language string) Settings {
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

// Weekday finds the day that a week may begin with, by the name that settings have for it.
func Weekday(name string) (time.Weekday, bool) {
	day, ok := weekdays[name]
	return day, ok
}

// FirstDay is the day that a week begins with.
func (s Settings) FirstDay() time.Weekday { return weekdays[s.WeekStart] }

// Months is the calendar that months and years are counted in.
func (s Settings) Months() calendar.Calendar {
	c, err := calendar.ByName(s.Calendar)
	if err != nil {
		return calendar.Gregorian
	}
	return c
}

// Location is where "today" is; UTC when the zone is not known.
func (s Settings) Location() *time.Location {
	zone, err := time.LoadLocation(s.Zone)
	if err != nil {
		return time.UTC
	}
	return zone
}

// Digits are the decimals of the base currency.
func (s Settings) Digits() int {
	c, _ := money.Lookup(s.Currency)
	return c.Digits
}

const workspace = "workspace"

// Read reads the settings; those of a workspace that has none are the default ones.
func Read(ctx context.Context, q db.Querier) (Settings, error) {
	row, found, err := db.One(ctx, q, "SELECT value FROM setting WHERE name = $1", workspace)
	if err != nil || !found {
		return Default("en"), err
	}
	var s Settings
	if err := json.Unmarshal([]byte(row.Text(0)), &s); err != nil {
		return s, fmt.Errorf("read settings: %w", err)
	}
	return s, nil
}

// Env makes what parsing depends on, with the newest rates of each currency.
func Env(ctx context.Context, q db.Querier, columns map[string][]string, s Settings) (*meta.Env, error) {
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

// ObjectRate is the object of the exchange rates.
const ObjectRate = "rate"

// Objects are the records of the platform besides people.
func Objects() []meta.Object {
	return []meta.Object{{
		Name: ObjectRate, Plural: "rates", Title: "currency", Icon: "coins", Internal: true, Small: true, Sort: "-since",
		Unique: [][]string{{"currency", "since"}},
		Fields: []meta.Field{
			{Name: "currency", Kind: meta.TextKind{Max: 3, Pattern: "[A-Z]{3}"}, Required: true, Index: true},
			{Name: "since", Kind: meta.DateKind{}, Required: true, Index: true},
			{Name: "rate", Kind: meta.TextKind{Max: 40, Pattern: `[0-9]{1,15}(\.[0-9]{1,12})?`}, Required: true},
		},
	}}
}

// Write writes the settings in the place of those before.
func Write(ctx context.Context, tx *db.Tx, s Settings) error {
	return write(ctx, tx, s, "DO UPDATE SET value = excluded.value")
}

// WriteFirst writes the settings of a new workspace; those that are there already stay.
func WriteFirst(ctx context.Context, tx *db.Tx, s Settings) error {
	return write(ctx, tx, s, "DO NOTHING")
}

func write(ctx context.Context, tx *db.Tx, s Settings, conflict string) error {
	value, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("write settings: %w", err)
	}
	return tx.Later(ctx, "INSERT INTO setting (name, value) VALUES ($1, $2) ON CONFLICT (name) "+conflict, workspace, string(value))
}
