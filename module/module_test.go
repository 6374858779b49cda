package module

import (
	"context"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"ashna/engine/meta"
	"ashna/engine/record"
)

func TestCheck(t *testing.T) {
	for _, c := range []struct {
		name string
		list []Module
		want string
	}{
		{"nothing", nil, ""},
		{"one", []Module{{Name: "a"}}, ""},
		{"what is required comes first", []Module{{Name: "a"}, {Name: "b", Requires: []string{"a"}}}, ""},
		{"what is required comes later", []Module{{Name: "b", Requires: []string{"a", "c"}}, {Name: "a"}, {Name: "c", Requires: []string{"b"}}}, ""},
		{"twice", []Module{{Name: "a"}, {Name: "b"}, {Name: "a"}}, "module a is listed twice"},
		{"missing", []Module{{Name: "a", Requires: []string{"b"}}}, "module a requires b, which is not listed"},
		{"second missing", []Module{{Name: "a"}, {Name: "b", Requires: []string{"a", "z"}}}, "module b requires z, which is not listed"},
		{"twice goes first", []Module{{Name: "a", Requires: []string{"z"}}, {Name: "a"}}, "module a is listed twice"},
		{"without a name", []Module{{}}, "module 1 has no name"},
	} {
		err := Check(c.list)
		if got := ""; err != nil {
			if got = err.Error(); got != c.want {
				t.Errorf("%s: %s, want %s", c.name, got, c.want)
			}
		} else if c.want != "" {
			t.Errorf("%s: nothing was wrong", c.name)
		}
	}
}

func TestOptionsCollect(t *testing.T) {
	nothing := func(context.Context, *record.Tx, *record.Draft) error { return nil }
	base := record.Options{
		Objects: []meta.Object{{Name: "first"}}, Rules: []record.Rule{{Name: "first"}}, Language: "fa",
		Actions: []record.Action{{Name: "first"}}, Extensions: []meta.Extension{{Object: "first"}},
	}
	list := []Module{
		{Name: "a", Objects: []meta.Object{{Name: "x"}, {Name: "y"}}, Rules: []record.Rule{{Name: "r", After: nothing}}, Locale: fstest.MapFS{}},
		{Name: "empty"},
		{Name: "b", Objects: []meta.Object{{Name: "z"}}, Extends: []meta.Extension{{Object: "x"}}, Actions: []record.Action{{Object: "x", Name: "go"}}},
	}
	o := Options(list, base)
	var names []string
	for _, x := range o.Objects {
		names = append(names, x.Name)
	}
	for _, x := range o.Extensions {
		names = append(names, "+"+x.Object)
	}
	for _, x := range o.Rules {
		names = append(names, "!"+x.Name)
	}
	for _, x := range o.Actions {
		names = append(names, "*"+x.Name)
	}
	if want := strings.Fields("first x y z +first +x !first !r *first *go"); !slices.Equal(names, want) {
		t.Errorf("%v, want %v", names, want)
	}
	if o.Language != "fa" || len(base.Objects) != 1 || len(base.Rules) != 1 {
		t.Errorf("the base changed: %+v", base)
	}
	if same := Options(nil, base); len(same.Objects) != 1 {
		t.Errorf("no module: %+v", same)
	}
}
