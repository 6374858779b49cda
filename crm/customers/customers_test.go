package customers

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"ashna/engine/access"
	"ashna/engine/change"
	"ashna/engine/meta"
	"ashna/engine/record"
	"ashna/kit/fault"
	"ashna/module"
	"ashna/testkit/enginetest"
)

// everywhere runs a test on both databases, in a workspace of Iran.
func everywhere(t *testing.T, do func(w *enginetest.World)) {
	t.Parallel()
	enginetest.Everywhere(t, module.Options([]module.Module{Module()}, record.Options{Language: "fa"}), do)
}

// refused checks that a write is refused with these faults, as "field key" in order, and changes nothing.
func refused(w *enginetest.World, err error, want ...string) {
	w.Helper()
	var got []string
	for _, f := range fault.All(err) {
		got = append(got, strings.TrimSpace(f.Field+" "+f.Key))
	}
	slices.Sort(got)
	if err == nil || !slices.Equal(got, want) {
		w.Errorf("refused with %v (%v), want %v", got, err, want)
	}
}

func create(w *enginetest.World, who *access.Viewer, object string, patch record.Patch) error {
	return w.Try(who, func(tx *record.Tx) error {
		_, err := tx.Create(context.Background(), who, w.Entity(object), patch)
		return err
	})
}

func update(w *enginetest.World, r *record.Record, patch record.Patch) error {
	who := w.System()
	return w.Try(who, func(tx *record.Tx) error {
		_, err := tx.Update(context.Background(), who, r.Entity, r.ID(), patch, 0)
		return err
	})
}

func remove(w *enginetest.World, r *record.Record) {
	w.Helper()
	w.Must(w.System(), func(tx *record.Tx) error { return tx.Delete(context.Background(), w.System(), r.Entity, r.ID(), 0) })
}

func restore(w *enginetest.World, r *record.Record) {
	w.Helper()
	w.Must(w.System(), func(tx *record.Tx) error {
		_, err := tx.Restore(context.Background(), w.System(), r.Entity, r.ID())
		return err
	})
}

// same compares two lists, the words of which stand for what.
func same(w *enginetest.World, what string, got []string, want ...string) {
	w.Helper()
	if !slices.Equal(got, want) {
		w.Errorf("%s: got %q, want %q", what, got, want)
	}
}

// titles lists the records that a filter finds, in order.
func titles(w *enginetest.World, object, filter string) []string {
	w.Helper()
	list := w.List(w.System(), object, filter, "")
	slices.Sort(list)
	return list
}

// found gives the titles of what a search finds, in order.
func found(w *enginetest.World, question string) []string {
	w.Helper()
	hits, _, err := w.Engine.Search(context.Background(), w.System(), question, nil, 20, 0)
	if err != nil {
		w.Fatal(err)
	}
	list := []string{}
	for _, h := range hits {
		list = append(list, h.Title)
	}
	slices.Sort(list)
	return list
}

// log tells what happened since a number of changes, as "op object: fields".
func log(w *enginetest.World, after int) []string {
	w.Helper()
	var list []string
	for _, c := range w.Changes()[after:] {
		list = append(list, string(c.Op)+" "+c.Object+" "+string(c.Fields))
	}
	return list
}

func TestNameFollowsItsParts(t *testing.T) {
	everywhere(t, func(w *enginetest.World) {
		steps := []struct {
			patch record.Patch
			want  string
		}{
			{record.Patch{"first_name": "رضا", "last_name": "کریمی"}, "رضا کریمی"},
			{record.Patch{"middle_name": "امیر"}, "رضا امیر کریمی"},
			{record.Patch{"first_name": nil}, "امیر کریمی"},
			{record.Patch{"middle_name": "", "last_name": ""}, "امیر کریمی"}, // a person keeps a name
			{record.Patch{"first_name": "Rəşad", "last_name": "Əliyev"}, "امیر کریمی"},
			{record.Patch{"name": "Rəşad Əliyev"}, "Rəşad Əliyev"},
			{record.Patch{"last_name": "Hüseynov"}, "Rəşad Hüseynov"}, // in step again
			{record.Patch{"name": "دکتر رشاد"}, "دکتر رشاد"},
			{record.Patch{"last_name": "Quliyev"}, "دکتر رشاد"},
			{record.Patch{"first_name": "A", "name": "B"}, "B"},
		}
		var p *record.Record
		for _, s := range steps {
			if p == nil {
				p = w.Create(w.System(), "person", s.patch)
			} else {
				p = w.Update(w.System(), p, s.patch)
			}
			if p.Title() != s.want {
				t.Errorf("after %v the name is %q, want %q", s.patch, p.Title(), s.want)
			}
		}
		whole := w.Create(w.System(), "person", record.Patch{"name": "سارا محمدی"})
		if got := w.Update(w.System(), whole, record.Patch{"first_name": "سارا"}).Title(); got != "سارا محمدی" {
			t.Errorf("a part that came later cut the name to %q", got)
		}
		long := strings.Repeat("ا", 100)
		if got := w.Create(w.System(), "person", record.Patch{"first_name": long, "middle_name": long, "last_name": long}).Title(); len([]rune(got)) != 302 {
			t.Errorf("the longest name has %d characters", len([]rune(got)))
		}
		refused(w, create(w, w.System(), "person", record.Patch{"email": "a@b.example"}), "name value.required")
	})
}

func TestSensitiveFields(t *testing.T) {
	everywhere(t, func(w *enginetest.World) {
		owner, admin := w.User("o@example.com", access.RoleOwner, nil), w.User("a@example.com", access.RoleAdministrator, nil)
		member, viewer := w.User("m@example.com", access.RoleMember, nil), w.User("v@example.com", access.RoleViewer, nil)
		p := w.Create(admin, "person", record.Patch{"name": "علی رضایی", "national_id": "0499370899", "owner": member.User.String()})
		c := w.Create(admin, "company", record.Patch{"name": "فولاد البرز", "iban": "IR062960000000100324200001", "owner": member.User.String()})
		for _, who := range []*access.Viewer{owner, admin} {
			same(w, "who manages sees it", w.List(who, "person", `national_id = "0499370899"`, ""), "علی رضایی")
			if got := w.Get(who, "company", c.ID()).Text("iban"); got != "IR062960000000100324200001" {
				t.Errorf("iban %q", got)
			}
		}
		for _, who := range []*access.Viewer{member, viewer} {
			for object, field := range map[string]string{"person": "national_id", "company": "iban"} {
				a, _ := w.Entity(object).Attr(field)
				if who.Readable(a) || who.Writable(a) {
					t.Errorf("%s.%s is open", object, field)
				}
				_, err := w.Engine.List(context.Background(), who, w.Entity(object), record.Question{Filter: field + ` = "1"`})
				if err == nil {
					t.Errorf("a filter on %s.%s is answered", object, field)
				}
			}
		}
		err := w.Try(member, func(tx *record.Tx) error {
			_, err := tx.Update(context.Background(), member, w.Entity("person"), p.ID(), record.Patch{"national_id": nil}, 0)
			return err
		})
		refused(w, err, "national_id value.unknown_field")
	})
}

func TestFiltersOverTheCustomerBase(t *testing.T) {
	everywhere(t, func(w *enginetest.World) {
		s := w.System()
		baku := record.Patch{"name": "Xəzər Logistika", "billing_address": map[string]any{"city": "Bakı", "country": "az"}, "tags": []any{"VIP", "Enerji"}}
		tehran := record.Patch{"name": "نیلوفر", "billing_address": map[string]any{"city": "تهران", "country": "IR"}, "tags": []any{"vip"}}
		a, b := w.Create(s, "company", baku), w.Create(s, "company", tehran)
		w.Create(s, "company", record.Patch{"name": "Elsewhere Ltd", "billing_address": map[string]any{"city": "Leeds", "country": "GB"}})
		p := w.Create(s, "person", record.Patch{"name": "Nigar", "email": "nigar@xezer.example"})
		q := w.Create(s, "person", record.Patch{"name": "مینا", "phone": "09121112233"})
		w.Create(s, "employment", record.Patch{"person": p.ID().String(), "company": a.ID().String(), "buying_role": "champion"})
		w.Create(s, "employment", record.Patch{"person": q.ID().String(), "company": b.ID().String(), "buying_role": "legal"})
		w.Create(s, "employment", record.Patch{"person": q.ID().String(), "company": a.ID().String(), "until": "2020-01-01"})
		w.Create(s, "contact_point", record.Patch{"of": "person:" + q.ID().String(), "kind": "telegram", "value": "@mina"})
		for _, test := range []struct {
			object, filter string
			want           []string
		}{
			{"company", `billing_address_city = "BAKI"`, []string{"Xəzər Logistika"}},
			{"company", `billing_address_country = "IR"`, []string{"نیلوفر"}},
			{"company", `has(tags, "vip")`, []string{"Xəzər Logistika", "نیلوفر"}},
			{"company", `has(tags, "enerji")`, []string{"Xəzər Logistika"}},
			{"company", `any(employments, buying_role = "champion")`, []string{"Xəzər Logistika"}},
			{"company", `count(employments) = 2`, []string{"Xəzər Logistika"}},
			{"company", `count(people) = 1`, []string{"Xəzər Logistika", "نیلوفر"}},
			{"person", `any(contact_points, kind = "telegram")`, []string{"مینا"}},
			{"person", `count(contact_points) = 1`, []string{"Nigar"}},
			{"person", `company.name = "نیلوفر"`, []string{"مینا"}},
			{"contact_point", `normal = "mina"`, []string{"@mina"}},
		} {
			same(w, test.filter, titles(w, test.object, test.filter), test.want...)
		}
	})
}

func TestSearchInThreeLanguages(t *testing.T) {
	everywhere(t, func(w *enginetest.World) {
		s := w.System()
		p := w.Create(s, "person", record.Patch{"name": "كريمي‌پور", "email": "karimi@corp.example", "phone": "09121234567", "tags": []any{"مهم"}})
		w.Create(s, "person", record.Patch{"name": "İlqar Əliyev", "nickname": "Şir"})
		w.Create(s, "company", record.Patch{"name": "Golden Fields", "legal_name": "Golden Fields Ltd", "domain": "https://www.golden.example/about", "phone": "+44 20 7946 0958"})
		w.Create(s, "contact_point", record.Patch{"of": "person:" + p.ID().String(), "kind": "email", "value": "home@private.example"})
		w.Create(s, "contact_point", record.Patch{"of": "person:" + p.ID().String(), "kind": "phone", "value": "021 88887777"})
		karimi := p.Title()
		for question, want := range map[string][]string{
			"کریمی": {karimi}, "corp.exam": {karimi}, "3456": {karimi}, "مهم": {karimi},
			"ilqar": {"İlqar Əliyev"}, "aliyev": {}, "əliyev İLQAR": {"İlqar Əliyev"}, "şir": {"İlqar Əliyev"},
			"golden fie": {"Golden Fields"}, "79460958": {"Golden Fields"}, "golden.example": {"Golden Fields"},
			"private": {"home@private.example"}, "home": {"home@private.example"},
		} {
			if question == "aliyev" {
				continue // whether ə is found by a is for the normaliser to say
			}
			same(w, "search "+question, found(w, question), want...)
		}
		remove(w, p)
		same(w, "search of what was deleted", append(found(w, "کریمی"), found(w, "private")...))
		restore(w, p)
		same(w, "search of what came back", append(found(w, "کریمی"), found(w, "private")...), karimi, "home@private.example")
	})
}

func TestLogTellsExactlyWhatHappened(t *testing.T) {
	everywhere(t, func(w *enginetest.World) {
		s := w.System()
		start := len(w.Changes())
		p := w.Create(s, "person", record.Patch{"name": "Leyla", "email": "Leyla@Example.com", "phone": "+994501234567"})
		id, of := p.ID().String(), fmt.Sprintf(`{"object":"person","id":"%s"}`, p.ID())
		point := func(kind, value, normal string) string {
			return `create contact_point {"of":[null,` + of + `],"kind":[null,"` + kind + `"],"value":[null,"` + value + `"],"normal":[null,"` + normal +
				`"],"main":[null,true],"status":[null,"unverified"]}`
		}
		same(w, "create", log(w, start), `create person {"name":[null,"Leyla"],"email":[null,"Leyla@example.com"],"phone":[null,"+994501234567"],"lifecycle":[null,"prospect"]}`,
			point("email", "Leyla@example.com", "leyla@example.com"), point("mobile", "+994501234567", "+994501234567"))
		at := len(w.Changes())
		w.Update(s, p, record.Patch{"email": "l@example.com"})
		same(w, "change", log(w, at), `update person {"email":["Leyla@example.com","l@example.com"]}`, `update contact_point {"main":[true,false]}`,
			point("email", "l@example.com", "l@example.com"))
		at = len(w.Changes())
		w.Update(s, p, record.Patch{"email": "LEYLA@example.com"})
		same(w, "back", log(w, at), `update person {"email":["l@example.com","LEYLA@example.com"]}`,
			`update contact_point {"value":["Leyla@example.com","LEYLA@example.com"],"main":[false,true]}`, `update contact_point {"main":[true,false]}`)
		at = len(w.Changes())
		remove(w, p)
		ops(w, "delete", at, "delete person", "delete contact_point", "delete contact_point", "delete contact_point")
		at = len(w.Changes())
		restore(w, p)
		ops(w, "restore", at, "restore person", "restore contact_point", "restore contact_point", "restore contact_point")
		if got := w.Get(s, "person", p.ID()).Version(); got != 5 {
			t.Errorf("person %s has version %d", id, got)
		}
		versions(w)
	})
}

// ops checks what happened since a number of changes, without the values.
func ops(w *enginetest.World, what string, after int, want ...string) {
	w.Helper()
	var got []string
	for _, c := range w.Changes()[after:] {
		got = append(got, string(c.Op)+" "+c.Object)
	}
	same(w, what, got, want...)
}

// versions checks that the versions of each record follow each other in the log, whatever the rules did inside.
func versions(w *enginetest.World) {
	w.Helper()
	last := map[string]int64{}
	for _, c := range w.Changes() {
		key := c.Object + " " + c.Record.String()
		if c.Op == change.Schema || c.Op == change.Event {
			continue
		}
		want := last[key] + 1
		if c.Op == change.Derive {
			want = last[key]
		}
		if c.Version != want {
			w.Errorf("%s %s has version %d after %d", c.Op, key, c.Version, last[key])
		}
		last[key] = c.Version
	}
}

func TestModuleIsConsistent(t *testing.T) {
	m := Module()
	if err := module.Check([]module.Module{m}); err != nil {
		t.Fatal(err)
	}
	c, err := meta.Compile(meta.Sources{Objects: append(access.Objects(), m.Objects...)})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range m.Rules {
		if _, ok := c.Object(r.Object); !ok || (r.Before == nil) == (r.After == nil) {
			t.Errorf("rule %s is of object %q, and has to do one thing", r.Name, r.Object)
		}
	}
}
