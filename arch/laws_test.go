package arch

import (
	"os"
	"strings"
	"testing"
)

// A law is one check of the whole house, with the planted houses that show it at work.
type law struct {
	name    string
	check   func(*tree) []finding
	planted []planted
}

// A planted house is a text archive and what the law must find in it, each as a part of one finding, in order; nothing for a clean house.
type planted struct {
	name    string
	archive string
	want    []string
}

// An exception excuses the findings of one law about one subject.
type exception struct {
	law, subject, reason string
}

// exceptions is the whole list of what breaks a law and may. Keep it short: each line is a debt with a reason.
var exceptions = []exception{
	{"names", "app.Bench", "the bench measures the product's own server on the loopback address, which the gate refuses by design"},
}

func laws() []law {
	return []law{
		{"floors", checkFloors, floorsPlanted},
		{"imports", checkImportWalls, importsPlanted},
		{"names", checkNameWalls, namesPlanted},
		{"database words", checkDatabaseWords, databaseWordsPlanted},
		{"shape", checkShape, shapePlanted},
		{"variables", checkVariables, variablesPlanted},
		{"sizes", checkSizes, sizesPlanted},
		{"docs", checkDocs, docsPlanted},
		{"tests", checkRatio, ratioPlanted},
		{"words", checkWords, wordsPlanted()},
		{"dependencies", checkDependencies, dependenciesPlanted},
	}
}

// TestHouse holds the real tree to every law.
func TestHouse(t *testing.T) {
	house, err := load(os.DirFS(".."))
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range laws() {
		t.Run(l.name, func(t *testing.T) {
			left, stale := excuse(l.name, l.check(house), exceptions)
			for _, f := range left {
				t.Error(f)
			}
			for _, e := range stale {
				t.Errorf("the exception for %q excuses nothing any more: take it out", e.subject)
			}
		})
	}
	test, code := countLines(house)
	t.Logf("test lines %d, code lines %d, ratio %.2f", test, code, float64(test)/float64(max(code, 1)))
}

// excuse takes out the findings that an exception names, and gives the exceptions of the law that named none.
func excuse(law string, found []finding, list []exception) (left []finding, stale []exception) {
	used := make([]bool, len(list))
	for _, f := range found {
		excused := false
		for i, e := range list {
			if e.law == law && e.subject == f.subject && e.reason != "" {
				used[i], excused = true, true
			}
		}
		if !excused {
			left = append(left, f)
		}
	}
	for i, e := range list {
		if e.law == law && !used[i] {
			stale = append(stale, e)
		}
	}
	return left, stale
}

// TestPlanted shows every law failing on what it forbids and silent on what it allows.
func TestPlanted(t *testing.T) {
	for _, l := range laws() {
		clean, guilty := 0, 0
		for _, p := range l.planted {
			t.Run(l.name+"/"+p.name, func(t *testing.T) { compare(t, l.check(plant(t, p.archive)), p.want) })
			if len(p.want) == 0 {
				clean++
			} else {
				guilty++
			}
		}
		if clean == 0 || guilty == 0 {
			t.Errorf("law %q has %d clean and %d guilty planted houses; it needs one of each", l.name, clean, guilty)
		}
	}
}

func compare(t *testing.T, found []finding, want []string) {
	t.Helper()
	for i, f := range found {
		switch {
		case i >= len(want):
			t.Errorf("unexpected: %s", f)
		case !strings.Contains(f.String(), want[i]):
			t.Errorf("got %q, want a finding with %q", f, want[i])
		}
	}
	for _, w := range want[min(len(found), len(want)):] {
		t.Errorf("not found: %q", w)
	}
}

func TestExcuse(t *testing.T) {
	found := []finding{{subject: "a"}, {subject: "b"}, {subject: "c"}}
	list := []exception{{"sizes", "a", "because"}, {"sizes", "gone", "because"}, {"docs", "b", "another law"}, {"sizes", "c", ""}}
	left, stale := excuse("sizes", found, list)
	if len(left) != 2 || left[0].subject != "b" || left[1].subject != "c" {
		t.Errorf("left %v, want b (another law) and c (no reason)", left)
	}
	if len(stale) != 2 || stale[0].subject != "gone" {
		t.Errorf("stale %v, want the exception of what is gone and the one without a reason", stale)
	}
}
