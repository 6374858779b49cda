// Package customers holds the record that everybody shares: companies and people, who works where in which role, and how to reach them.
package customers

import (
	"embed"
	"io/fs"

	"ashna/engine/meta"
	"ashna/engine/record"
	"ashna/module"
)

//go:embed locale/*.json
var locale embed.FS

// Module is the capability.
func Module() module.Module {
	texts, err := fs.Sub(locale, "locale")
	if err != nil {
		texts = locale
	}
	return module.Module{
		Name:    "customers",
		Objects: []meta.Object{company, person, employment, contactPoint},
		Rules: []record.Rule{
			{Name: "customers.name", Object: person.Name, Before: nameOf},
			{Name: "customers.normalise", Object: contactPoint.Name, Before: normalise},
			{Name: "customers.reach_person", Object: person.Name, After: keepContactPoints},
			{Name: "customers.reach_company", Object: company.Name, After: keepContactPoints},
			{Name: "customers.primary_point", Object: contactPoint.Name, After: keepPrimaryPoint},
			{Name: "customers.dates", Object: employment.Name, Before: orderDates},
			{Name: "customers.primary_job", Object: employment.Name, After: keepPrimaryJob},
		},
		Locale: texts,
	}
}

// choice lists options by code; their words are in the locale files.
func choice(codes ...string) []meta.Option {
	list := make([]meta.Option, len(codes))
	for i, code := range codes {
		list[i] = meta.Option{Code: code}
	}
	return list
}
