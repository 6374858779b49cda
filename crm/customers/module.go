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
			{Name: "customers.person_points", Object: person.Name, After: keepPoints},
			{Name: "customers.person_restored", Object: person.Name, After: forgetCompany},
			{Name: "customers.company", Object: company.Name, Before: knowCompany},
			{Name: "customers.company_points", Object: company.Name, After: keepPoints},
			{Name: "customers.read_point", Object: contactPoint.Name, Before: readPoint},
			{Name: "customers.show_point", Object: contactPoint.Name, After: showPoint},
			{Name: "customers.read_job", Object: employment.Name, Before: readJob},
			{Name: "customers.main_job", Object: employment.Name, After: keepMainJob},
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
