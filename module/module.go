// Package module is the contract of the business folders: one struct that says what a folder of crm adds to the product. Nothing runs on
// import; the application lists the modules it has.
package module

import (
	"fmt"
	"io/fs"
	"slices"

	"ashna/engine/change"
	"ashna/engine/meta"
	"ashna/engine/record"
)

// Module is one capability of the product.
type Module struct {
	Name     string
	Requires []string // names of modules that must be there: modules never import each other
	Objects  []meta.Object
	Extends  []meta.Extension
	Rules    []record.Rule
	Actions  []record.Action
	Readers  []change.Reader
	Locale   fs.FS // en.json, fa.json, az.json
}

// Check refuses a list in which a module has no name, occurs twice or lacks one that it requires. The order does not matter.
func Check(list []Module) error {
	var names []string
	for i, m := range list {
		if m.Name == "" {
			return fmt.Errorf("module %d has no name", i+1)
		}
		if slices.Contains(names, m.Name) {
			return fmt.Errorf("module %s is listed twice", m.Name)
		}
		names = append(names, m.Name)
	}
	for _, m := range list {
		for _, need := range m.Requires {
			if !slices.Contains(names, need) {
				return fmt.Errorf("module %s requires %s, which is not listed", m.Name, need)
			}
		}
	}
	return nil
}

// Options adds what the modules declare for the engine to what is in o. Readers and texts are for the application.
func Options(list []Module, o record.Options) record.Options {
	for _, m := range list {
		o.Objects = append(o.Objects, m.Objects...)
		o.Extensions = append(o.Extensions, m.Extends...)
		o.Rules = append(o.Rules, m.Rules...)
		o.Actions = append(o.Actions, m.Actions...)
	}
	return o
}
