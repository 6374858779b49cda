package search

import "testing"

func TestMatcher(t *testing.T) {
	e := Entry{ID: 1, Object: "person", Words: "رضا کریمی Ashna Systems", Parts: "reza@example.com 989121234567"}
	for question, want := range map[string]bool{
		"": false, "  ": false, "رضا": true, "رض کریم": true, "sys": true, "ystems": false, "example": true, "1212": true,
		"09121234567": true, "reza@example.com": true, "رضا احمدی": false, "reza nobody": false,
	} {
		if got := NewMatcher(question).Match(&e); got != want {
			t.Errorf("%q matches: %t, want %t", question, got, want)
		}
	}
}

// A matcher is used for many entries: what it knows of one must not reach the next.
func TestMatcherForgets(t *testing.T) {
	m := NewMatcher("sarah")
	if !m.Match(&Entry{ID: 1, Object: "person", Words: "Sarah"}) {
		t.Error("the first entry is not found")
	}
	if m.Match(&Entry{ID: 2, Object: "person", Words: "Aydin"}) || m.Match(&Entry{ID: 3, Object: "person"}) {
		t.Error("an entry without the word is found")
	}
}
