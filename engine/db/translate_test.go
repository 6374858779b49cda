package db

import (
	"strings"
	"testing"
)

func TestTranslate(t *testing.T) {
	for text, want := range map[string]string{
		"SELECT $1, $22":                        "SELECT ?1, ?22",
		"SELECT '$1''$2', \"$3\", `$4` , $5":    "SELECT '$1''$2', \"$3\", `$4` , ?5",
		"SELECT $1 -- $2\n, $3":                 "SELECT ?1 -- $2\n, ?3",
		"SELECT /* $1 ; */ $2":                  "SELECT /* $1 ; */ ?2",
		"SELECT json_extract(a, '$.b') || $1":   "SELECT json_extract(a, '$.b') || ?1",
		"SELECT 1;":                             "SELECT 1;",
		"SELECT 1; -- done; really\n ;/* ; */ ": "SELECT 1; -- done; really\n ;/* ; */ ",
		"SELECT ';' || $1":                      "SELECT ';' || ?1",
		"SELECT '":                              "SELECT '",
		"$":                                     "$",
		"":                                      "",
		"CREATE TRIGGER a AFTER INSERT ON b BEGIN DELETE FROM c; DELETE FROM d; END": "CREATE TRIGGER a AFTER INSERT ON b BEGIN DELETE FROM c; DELETE FROM d; END",
	} {
		if got, err := translate(text); got != want || err != nil {
			t.Errorf("%q: %q %v, want %q", text, got, err, want)
		}
	}
	for _, text := range []string{"SELECT 1; SELECT 2", "SELECT 1;;x", "DELETE FROM a; CREATE TRIGGER b", "; SELECT '"} {
		if got, err := translate(text); err == nil {
			t.Errorf("%q: %q, want an error", text, got)
		}
	}
}

func TestWhatAStatementIs(t *testing.T) {
	for _, s := range []struct {
		text                                string
		reads, gives, controls, defines, to bool
	}{
		{"SELECT 1", true, true, false, false, false},
		{" (values (1))", true, true, false, false, false},
		{"-- x\n/* RETURNING */ INSERT INTO a VALUES ('RETURNING')", false, false, false, false, false},
		{"insert into a values (1) returning id", false, true, false, false, false},
		{"UPDATE a SET is_returning = 1, \"RETURNING\" = 2, returning2 = 3", false, false, false, false, false},
		{"WITH x AS (SELECT 1) DELETE FROM a", false, false, false, false, false},
		{"WITH x AS (SELECT 1) SELECT * FROM x", true, true, false, false, false},
		{"begin", true, false, true, false, false},
		{"COMMIT;", true, false, true, false, false},
		{"ROLLBACK", true, false, true, false, false},
		{"ROLLBACK TO SAVEPOINT a", true, false, false, false, true},
		{"SAVEPOINT a", true, false, false, false, false},
		{"create table a (b)", false, false, false, true, false},
		{"ALTER TABLE a", false, false, false, true, false},
		{"DROP TABLE a", false, false, false, true, false},
		{"", true, false, false, false, false},
		{"'only a literal", true, false, false, false, false},
	} {
		if givesRows(s.text, s.reads) != s.gives || controls(s.text) != s.controls || defines(s.text) != s.defines || returns(s.text) != s.to {
			t.Errorf("%q: gives %v, controls %v, defines %v, returns %v", s.text, givesRows(s.text, s.reads), controls(s.text), defines(s.text), returns(s.text))
		}
	}
}

func FuzzTranslate(f *testing.F) {
	for _, s := range []string{"SELECT $1, '$2' -- $3\n", "a; b", "/* */ \"x\" `y` ;", "'", "ROLLBACK TO x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		_, _, _ = controls(text), defines(text), givesRows(text, false)
		got, err := translate(text)
		if err != nil {
			return
		}
		if len(got) != len(text) {
			t.Fatalf("%q became %q", text, got)
		}
		for i := range got { // only a dollar before a digit changes, and only to a question mark
			if got[i] != text[i] && (text[i] != '$' || got[i] != '?' || !isDigit(text[i+1])) {
				t.Fatalf("%q became %q", text, got)
			}
		}
		if again, err := translate(got); err != nil || strings.Count(again, "?") != strings.Count(got, "?") {
			t.Fatalf("%q is not stable: %v", got, err)
		}
	})
}
