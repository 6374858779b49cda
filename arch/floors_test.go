package arch

import (
	"fmt"
	"path"
	"strconv"
	"strings"
	"testing"
)

// A floor gives the packages of a pattern their height. A package imports only what stands strictly lower.
type floor struct {
	pattern string
	height  int
}

// testFloor is where the kits of tests stand: only tests import them.
const testFloor = 45

// floors is the law of imports, from the ground up. The first pattern that fits decides; a package that none fits fails.
var floors = []floor{
	{"arch", 0}, // reads sources as text, so it needs nobody
	{"kit/fault", 0},
	{"kit/clock", 1},
	{"kit/text", 1},
	{"kit/ident", 2},
	{"kit/calendar", 2},
	{"kit/money", 2},
	{"kit/codes", 2},
	{"kit/phone", 2},
	{"kit/egress", 2},
	{"kit/formula", 3},
	{"kit/i18n", 3},
	{"kit/formula/formulatest", 4}, // cases that two evaluators share; imported by tests
	{"engine/meta", 10},
	{"engine/db", 20},
	{"engine/access", 22},
	{"ui", 25},
	{"ui/*", 24},
	{"engine/change", 30},
	{"engine/schema", 31},
	{"engine/query", 32},
	{"engine/search", 34},
	{"engine/row", 36},
	{"engine/tally", 35},
	{"engine/setting", 35},
	{"engine/custom", 35},
	{"engine/job", 38},
	{"engine/record", 40},
	{"testkit", testFloor},
	{"testkit/*", testFloor + 1},
	{"service/*", 50},
	{"page", 60},
	{"module", 70},
	{"crm/*", 80},
	{"web/*", 80},
	{"api/*", 79},
	{"api", 80},
	{"live", 80},
	{"mcp", 80},
	{"app", 90},
	{"cmd/*", 100},
	{"e2e", 110}, // tests that look at the binary from outside
}

// httpFloor is the lowest floor that may know HTTP.
const httpFloor = 50

// heightOf gives the height of a folder, and whether the table knows it.
func heightOf(dir string) (int, bool) {
	for _, f := range floors {
		if matches(dir, f.pattern) {
			return f.height, true
		}
	}
	return 0, false
}

// forTests says whether a package exists for tests only: the kits of tests, and a folder "xtest" inside the folder "x".
func forTests(dir string) bool {
	return matches(dir, "testkit", "testkit/*") || path.Base(dir) == path.Base(path.Dir(dir))+"test"
}

// checkFloors finds packages without a floor, imports that do not go down, and code that imports what is for tests.
func checkFloors(t *tree) []finding {
	var found []finding
	for _, r := range t.pkgs {
		if _, known := heightOf(r.dir); !known {
			found = append(found, finding{r.dir, r.files[0].path + ":1", fmt.Sprintf("%s stands on no floor: give it a line in the table of floors", r.dir)})
			continue
		}
		for _, f := range r.files {
			found = append(found, floorsOfFile(t, f)...)
		}
	}
	return found
}

func floorsOfFile(t *tree, f *source) []finding {
	var found []finding
	for _, spec := range f.ast.Imports {
		target, _ := strconv.Unquote(spec.Path.Value)
		to, own := strings.CutPrefix(target, moduleName+"/")
		if !own {
			continue
		}
		if why := whyNotDown(f, to); why != "" {
			found = append(found, finding{f.room.dir, t.at(spec.Pos()), why})
		}
	}
	return found
}

// whyNotDown gives the reason why a file may not import a package of the house, or nothing.
func whyNotDown(f *source, to string) string {
	from := f.room.dir
	inside := strings.HasPrefix(to, from+"/") // a room may open its own cupboards
	high, _ := heightOf(from)
	low, known := heightOf(to)
	switch {
	case !known:
		return fmt.Sprintf("imports %s, which stands on no floor", to)
	case f.test && (from == to || inside || forTests(to)):
		return ""
	case !f.test && forTests(to) && !forTests(from):
		return fmt.Sprintf("imports %s, which is for tests only", to)
	case low < high || low == high && inside:
		return ""
	case low == high:
		return fmt.Sprintf("%s imports its neighbour %s: move what they share down", from, to)
	}
	return fmt.Sprintf("%s (floor %d) imports %s (floor %d): imports go down only", from, high, to, low)
}

var floorsPlanted = []planted{
	{name: "down is fine", archive: `
-- kit/fault/fault.go --
package fault
-- kit/text/text.go --
package text

import (
	"strings"
	"ashna/kit/fault"
)
-- crm/deals/deals.go --
package deals

import (
	"ashna/crm/deals/locale"
	"ashna/module"
)
-- crm/deals/locale/locale.go --
package locale
-- engine/db/db_test.go --
package db_test

import (
	"ashna/engine/db"
	"ashna/testkit"
)
-- kit/formula/eval_test.go --
package formula_test

import "ashna/kit/formula/formulatest"
`},
	{name: "up, sideways, nowhere", archive: `
-- kit/money/money.go --
package money

import "ashna/engine/meta"
-- crm/deals/deals.go --
package deals

import (
	"ashna/crm/leads"
	"ashna/testkit"
)
-- crm/deals/locale/locale.go --
package locale

import "ashna/crm/deals"
-- engine/db/db_test.go --
package db

import "ashna/engine/record"
-- extra/extra.go --
package extra
-- page/page.go --
package page

import "ashna/extra"
`, want: []string{
		"crm/deals/deals.go:4: crm/deals imports its neighbour crm/leads",
		"crm/deals/deals.go:5: imports testkit, which is for tests only",
		"crm/deals/locale/locale.go:3: crm/deals/locale imports its neighbour crm/deals",
		"engine/db/db_test.go:3: engine/db (floor 20) imports engine/record (floor 40)",
		"extra/extra.go:1: extra stands on no floor",
		"kit/money/money.go:3: kit/money (floor 2) imports engine/meta (floor 10)",
		"page/page.go:3: imports extra, which stands on no floor",
	}},
}

func TestHeightOf(t *testing.T) {
	for dir, want := range map[string]int{"kit/fault": 0, "service/mail": 50, "crm/deals/locale": 80, "cmd/ashna": 100, "ui": 25, "ui/icon": 24} {
		if got, ok := heightOf(dir); !ok || got != want {
			t.Errorf("heightOf(%q) = %d, %v, want %d", dir, got, ok, want)
		}
	}
	if _, ok := heightOf("kit"); ok {
		t.Error("kit is no package, yet it has a floor")
	}
}
