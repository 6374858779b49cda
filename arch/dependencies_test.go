package arch

import (
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"testing"
)

// dependencyPage is the page that gives each direct module its line: module, reason, licence.
const dependencyPage = "docs/dependencies.md"

// maxDependencies is the greatest number of direct modules.
const maxDependencies = 40

// checkDependencies finds direct modules without a line on the page, and lines without a module.
func checkDependencies(t *tree) []finding {
	mod, err := fs.ReadFile(t.root, "go.mod")
	if err != nil {
		return []finding{{"go.mod", "go.mod:0", err.Error()}}
	}
	page, err := fs.ReadFile(t.root, dependencyPage)
	if err != nil {
		return []finding{{dependencyPage, dependencyPage + ":0", err.Error()}}
	}
	required, direct := readRequirements(string(mod))
	for _, target := range importedPaths(t) {
		if module := moduleOf(target, required); module != "" {
			direct[module] = true
		}
	}
	return compareDependencies(direct, required, readDependencyPage(string(page)))
}

func compareDependencies(direct, required map[string]bool, lines map[string]dependencyLine) []finding {
	var found []finding
	for _, module := range slices.Sorted(maps.Keys(direct)) {
		if _, ok := lines[module]; !ok {
			found = append(found, finding{module, dependencyPage + ":1", module + " is required and has no line: say why it is here"})
		}
	}
	for _, module := range slices.Sorted(maps.Keys(lines)) {
		line := lines[module]
		at := fmt.Sprintf("%s:%d", dependencyPage, line.number)
		switch {
		case !required[module]:
			found = append(found, finding{module, at, module + " has a line and is not required: take the line out"})
		case line.reason == "" || line.licence == "":
			found = append(found, finding{module, at, module + " lacks its reason or its licence"})
		}
	}
	if len(direct) > maxDependencies {
		found = append(found, finding{"go.mod", "go.mod:1", fmt.Sprintf("%d direct modules, the limit is %d", len(direct), maxDependencies)})
	}
	return found
}

// readRequirements reads a go.mod: every required module, and those that are direct or give a tool.
func readRequirements(mod string) (required, direct map[string]bool) {
	required, direct = map[string]bool{}, map[string]bool{}
	var tools []string
	block := ""
	for line := range strings.Lines(mod) {
		words := strings.Fields(line)
		switch {
		case len(words) == 0:
			continue
		case words[0] == ")":
			block = ""
			continue
		case len(words) == 2 && words[1] == "(":
			block = words[0]
			continue
		case block == "":
			words = append([]string{""}, words...)
			words[0], words = words[1], words[1:]
		default:
			words = append([]string{block}, words...)
		}
		switch {
		case words[0] == "require" && len(words) >= 3:
			required[words[1]] = true
			if !strings.Contains(line, "// indirect") {
				direct[words[1]] = true
			}
		case words[0] == "tool" && len(words) >= 2:
			tools = append(tools, words[1])
		}
	}
	for _, tool := range tools {
		if module := moduleOf(tool, required); module != "" {
			direct[module] = true
		}
	}
	return required, direct
}

// moduleOf gives the longest module that holds an import path, or nothing.
func moduleOf(target string, modules map[string]bool) string {
	best := ""
	for module := range modules {
		if (target == module || strings.HasPrefix(target, module+"/")) && len(module) > len(best) {
			best = module
		}
	}
	return best
}

// importedPaths gives every import path of the house once.
func importedPaths(t *tree) []string {
	seen := map[string]bool{}
	t.each(func(f *source) {
		for _, spec := range f.ast.Imports {
			seen[strings.Trim(spec.Path.Value, "`\"")] = true
		}
	})
	return slices.Sorted(maps.Keys(seen))
}

// A dependencyLine is one row of the page.
type dependencyLine struct {
	number          int
	reason, licence string
}

// readDependencyPage reads the rows whose first cell is a module path.
func readDependencyPage(page string) map[string]dependencyLine {
	rows := map[string]dependencyLine{}
	number := 0
	for line := range strings.Lines(page) {
		number++
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		module := strings.Trim(strings.TrimSpace(cells[0]), "`")
		if strings.HasPrefix(line, "|") && len(cells) == 3 && strings.Contains(module, ".") && strings.Contains(module, "/") {
			rows[module] = dependencyLine{number, strings.TrimSpace(cells[1]), strings.TrimSpace(cells[2])}
		}
	}
	return rows
}

var dependenciesPlanted = []planted{
	{name: "each with its line", archive: `
-- go.mod --
module ashna

require example.org/one v1.0.0

require (
	example.org/two/v2 v2.0.0
	example.org/three v1.0.0 // indirect
	example.org/four v1.0.0 // indirect
)

tool example.org/four/cmd/four
-- docs/dependencies.md --
| module | reason | licence |
|---|---|---|
| example.org/one | it is the first | MIT |
| ` + "`example.org/two/v2`" + ` | it is the second | BSD-3-Clause |
| example.org/four | it checks | MIT |
-- kit/a/a.go --
package a

import "example.org/two/v2/part"
`},
	{name: "missing, stale, empty", archive: `
-- go.mod --
module ashna

require (
	example.org/one v1.0.0
	example.org/two v1.0.0 // indirect
	example.org/three v1.0.0
)

tool (
	example.org/two/cmd/two
)
-- docs/dependencies.md --
| example.org/three |  | MIT |
| example.org/gone | it was here | MIT |
`, want: []string{
		"example.org/one is required and has no line", "example.org/two is required and has no line",
		"dependencies.md:2: example.org/gone has a line and is not required", "dependencies.md:1: example.org/three lacks its reason",
	}},
	{name: "used though marked as indirect", archive: `
-- go.mod --
require example.org/one v1.0.0 // indirect
-- docs/dependencies.md --
Nothing.
-- kit/a/a.go --
package a

import "example.org/one/part"
`, want: []string{"example.org/one is required and has no line"}},
	{name: "no page", archive: "-- go.mod --\nmodule ashna\n", want: []string{"docs/dependencies.md"}},
}

func TestTooManyDependencies(t *testing.T) {
	direct, lines := map[string]bool{}, map[string]dependencyLine{}
	for i := range maxDependencies + 1 {
		module := fmt.Sprintf("example.org/m%d", i)
		direct[module], lines[module] = true, dependencyLine{1, "reason", "MIT"}
	}
	compare(t, compareDependencies(direct, direct, lines), []string{"41 direct modules"})
}
