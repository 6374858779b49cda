package customers

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"ashna/engine/access"
	"ashna/engine/record"
	"ashna/testkit/enginetest"
)

// points lists the live contact points of a person or company in order, the main ones with a star.
func points(w *enginetest.World, owner *record.Record) []string {
	w.Helper()
	var list []string
	w.Must(w.System(), func(tx *record.Tx) error {
		list = nil
		found, err := tx.Find(context.Background(), w.Entity("contact_point"), "of", int64(owner.ID()), 100)
		for _, p := range found {
			s := p.Text("kind") + " " + p.Text("value")
			if p.Int("main") == 1 {
				s += " *"
			}
			list = append(list, s)
		}
		return err
	})
	slices.Sort(list)
	return list
}

// fields gives what a person or company shows now.
func fields(w *enginetest.World, r *record.Record) string {
	w.Helper()
	now := w.Get(w.System(), r.Entity.Name, r.ID())
	return strings.TrimSpace(now.Text("email") + " " + now.Text("phone"))
}

func shown(w *enginetest.World, r *record.Record, wantFields string, wantPoints ...string) {
	w.Helper()
	if got := fields(w, r); got != wantFields {
		w.Errorf("fields %q, want %q", got, wantFields)
	}
	same(w, "contact points", points(w, r), wantPoints...)
}

func addPoint(w *enginetest.World, owner *record.Record, patch record.Patch) *record.Record {
	w.Helper()
	patch["of"] = map[string]any{"object": owner.Entity.Name, "id": owner.ID().String()}
	return w.Create(w.System(), "contact_point", patch)
}

func TestFieldsLeadAndPointsFollow(t *testing.T) {
	everywhere(t, func(w *enginetest.World) {
		s := w.System()
		for _, object := range []string{"person", "company"} {
			r := w.Create(s, object, record.Patch{"name": "A", "email": "a@x.example", "phone": "021 88887777"})
			shown(w, r, "a@x.example +982188887777", "email a@x.example *", "phone +982188887777 *")
			w.Update(s, r, record.Patch{"phone": "0912 123 45 67"})
			shown(w, r, "a@x.example +989121234567", "email a@x.example *", "mobile +989121234567 *", "phone +982188887777")
			w.Update(s, r, record.Patch{"email": nil, "phone": "+98 21 8888 7777"})
			shown(w, r, "+982188887777", "email a@x.example", "mobile +989121234567", "phone +982188887777 *")
			w.Update(s, r, record.Patch{"email": "A@X.example"})
			shown(w, r, "A@x.example +982188887777", "email A@x.example *", "mobile +989121234567", "phone +982188887777 *")
			bare := w.Create(s, object, record.Patch{"name": "B"})
			shown(w, bare, "")
			w.Update(s, bare, record.Patch{"phone": "+994501234567"})
			shown(w, bare, "+994501234567", "mobile +994501234567 *")
			refused(w, update(w, bare, record.Patch{"phone": "123", "email": "nobody"}), "email value.email", "phone value.phone")
			shown(w, bare, "+994501234567", "mobile +994501234567 *")
		}
		versions(w)
	})
}

func TestPointsLeadAndFieldsFollow(t *testing.T) {
	everywhere(t, func(w *enginetest.World) {
		s := w.System()
		r := w.Create(s, "person", record.Patch{"name": "A"})
		first := addPoint(w, r, record.Patch{"kind": "mobile", "value": "0912 123 45 67"})
		shown(w, r, "+989121234567", "mobile +989121234567 *")
		second := addPoint(w, r, record.Patch{"kind": "phone", "value": "(021) 8888-7777 داخلی 12"})
		if second.Text("extension") != "12" {
			t.Errorf("extension %q", second.Text("extension"))
		}
		shown(w, r, "+989121234567", "mobile +989121234567 *", "phone +982188887777")
		w.Update(s, second, record.Patch{"main": true})
		shown(w, r, "+982188887777", "mobile +989121234567", "phone +982188887777 *")
		w.Update(s, second, record.Patch{"value": "+98 21 7777 6666"})
		shown(w, r, "+982177776666", "mobile +989121234567", "phone +982177776666 *")
		w.Update(s, second, record.Patch{"main": false})
		shown(w, r, "", "mobile +989121234567", "phone +982177776666")
		w.Update(s, first, record.Patch{"main": true})
		w.Update(s, first, record.Patch{"kind": "other"}) // a kind that no field shows
		shown(w, r, "", "other +989121234567 *", "phone +982177776666")
		w.Update(s, first, record.Patch{"kind": "email", "value": "a@x.example"})
		shown(w, r, "a@x.example", "email a@x.example *", "phone +982177776666")
		addPoint(w, r, record.Patch{"kind": "email", "value": "b@x.example", "main": true})
		shown(w, r, "b@x.example", "email a@x.example", "email b@x.example *", "phone +982177776666")
		quiet := w.Create(s, "person", record.Patch{"name": "B"})
		addPoint(w, quiet, record.Patch{"kind": "email", "value": "q@x.example", "main": false})
		shown(w, quiet, "", "email q@x.example")
		versions(w)
	})
}

func TestDeletedPoints(t *testing.T) {
	everywhere(t, func(w *enginetest.World) {
		s := w.System()
		r := w.Create(s, "person", record.Patch{"name": "A", "email": "main@x.example"})
		bad := addPoint(w, r, record.Patch{"kind": "email", "value": "bad@x.example", "status": "bounced"})
		second := addPoint(w, r, record.Patch{"kind": "email", "value": "second@x.example"})
		main := pointNamed(w, r, "main@x.example")
		remove(w, main)
		shown(w, r, "second@x.example", "email bad@x.example", "email second@x.example *")
		restore(w, main) // another took its place
		shown(w, r, "second@x.example", "email bad@x.example", "email main@x.example", "email second@x.example *")
		remove(w, main)
		remove(w, second)
		shown(w, r, "", "email bad@x.example")
		restore(w, second)
		shown(w, r, "second@x.example", "email bad@x.example", "email second@x.example *")
		remove(w, bad)
		shown(w, r, "second@x.example", "email second@x.example *")
		versions(w)
	})
}

func pointNamed(w *enginetest.World, owner *record.Record, value string) *record.Record {
	w.Helper()
	var found *record.Record
	w.Must(w.System(), func(tx *record.Tx) error {
		list, err := tx.Find(context.Background(), w.Entity("contact_point"), "of", int64(owner.ID()), 100)
		for _, p := range list {
			if p.Text("value") == value {
				found = p
			}
		}
		return err
	})
	if found == nil {
		w.Fatalf("no contact point %s", value)
	}
	return found
}

func TestOwnerTakesItsPointsAlong(t *testing.T) {
	everywhere(t, func(w *enginetest.World) {
		for _, object := range []string{"person", "company"} {
			r := w.Create(w.System(), object, record.Patch{"name": "A", "email": "a@x.example", "phone": "+994501234567"})
			extra := addPoint(w, r, record.Patch{"kind": "telegram", "value": "@a"})
			remove(w, extra)
			w.Clock.Advance(time.Second)
			remove(w, r)
			if got := points(w, r); len(got) != 0 {
				t.Errorf("points of a deleted %s: %v", object, got)
			}
			restore(w, r)
			shown(w, r, "a@x.example +994501234567", "email a@x.example *", "mobile +994501234567 *") // what was deleted before stays so
		}
		versions(w)
	})
}

func TestPointsInTheSameTransaction(t *testing.T) {
	everywhere(t, func(w *enginetest.World) {
		s := w.System()
		var r *record.Record
		w.Must(s, func(tx *record.Tx) (err error) {
			ctx := context.Background()
			if r, err = tx.Create(ctx, s, w.Entity("person"), record.Patch{"name": "A", "email": "a@x.example"}); err != nil {
				return err
			}
			of := "person:" + r.ID().String()
			if _, err = tx.Create(ctx, s, w.Entity("contact_point"), record.Patch{"of": of, "kind": "email", "value": "b@x.example", "main": true}); err != nil {
				return err
			}
			_, err = tx.Create(ctx, s, w.Entity("contact_point"), record.Patch{"of": of, "kind": "phone", "value": "02188887777"})
			return err
		})
		shown(w, r, "b@x.example +982188887777", "email a@x.example", "email b@x.example *", "phone +982188887777 *")
		same(w, "search", found(w, "b@x.example"), "A")
		same(w, "search of the point beside", found(w, "a@x.example"), "a@x.example")
	})
}

func TestDuplicatePoints(t *testing.T) {
	everywhere(t, func(w *enginetest.World) {
		s := w.System()
		a := w.Create(s, "person", record.Patch{"name": "A", "email": "same@x.example", "phone": "+989121234567"})
		b := w.Create(s, "person", record.Patch{"name": "B", "email": "Same@x.example", "phone": "09121234567"}) // people may share what they are reached by
		shown(w, b, "Same@x.example +989121234567", "email Same@x.example *", "mobile +989121234567 *")
		same(w, "both are found", titles(w, "person", `email = "SAME@x.example"`), "A", "B")
		of := "person:" + a.ID().String()
		refused(w, create(w, s, "contact_point", record.Patch{"of": of, "kind": "email", "value": "SAME@X.EXAMPLE"}), "value value.duplicate")
		refused(w, create(w, s, "contact_point", record.Patch{"of": of, "kind": "phone", "value": "0912 1234567"}), "value value.duplicate")
		addPoint(w, a, record.Patch{"kind": "whatsapp", "value": "0912 1234567"})
		shown(w, a, "same@x.example +989121234567", "email same@x.example *", "mobile +989121234567 *", "whatsapp +989121234567")
	})
}

func TestReadChannel(t *testing.T) {
	for _, test := range []struct{ kind, in, value, normal, key string }{
		{"mobile", "۰۹۱۲ ۱۲۳ ۴۵ ۶۷", "+989121234567", "+989121234567", ""},
		{"fax", "+994 12 498 00 00", "+994124980000", "+994124980000", ""},
		{"phone", "12", "", "", "value.phone"},
		{"email", " Ali@EXAMPLE.com ", "Ali@example.com", "ali@example.com", ""},
		{"email", "ali at example", "", "", "value.email"},
		{"url", "Example.com/Path", "https://example.com/Path", "https://example.com/path", ""},
		{"url", "ftp://x", "", "", "value.url"},
		{"whatsapp", "https://wa.me/994501234567", "+994501234567", "+994501234567", ""},
		{"whatsapp", "https://api.whatsapp.com/send?phone=+994501234567", "+994501234567", "+994501234567", ""},
		{"whatsapp", "050 123 45 67", "", "", "value.phone"}, // a number of another country needs its code
		{"whatsapp", "+98 912 123 4567", "+989121234567", "+989121234567", ""},
		{"whatsapp", "nobody", "", "", "value.phone"},
		{"telegram", "@Reza_K", "@Reza_K", "reza_k", ""},
		{"telegram", "https://t.me/Reza_K", "https://t.me/Reza_K", "reza_k", ""},
		{"instagram", "instagram.com/Gol.Shop/?hl=fa", "instagram.com/Gol.Shop/?hl=fa", "gol.shop", ""},
		{"linkedin", "https://www.linkedin.com/in/nigar-a/", "https://www.linkedin.com/in/nigar-a/", "nigar-a", ""},
		{"x", "two words", "", "", "contact_point.rules.handle"},
		{"eitaa", "@", "", "", "contact_point.rules.handle"},
		{"bale", "a@b.example", "", "", "contact_point.rules.handle"},
		{"other", "Skype: Reza", "Skype: Reza", "skype: reza", ""},
	} {
		c, err := readChannel(test.kind, test.in, "IR")
		if key := keyOf(err); key != test.key || err == nil && (c.value != test.value || c.normal != test.normal) {
			t.Errorf("%s %q: got %q, %q, %q", test.kind, test.in, c.value, c.normal, key)
		}
	}
}

// TestPointsKeepTheRightsOfTheirOwner makes sure that nobody changes a person by way of a contact point.
func TestPointsKeepTheRightsOfTheirOwner(t *testing.T) {
	everywhere(t, func(w *enginetest.World) {
		team := w.Create(w.System(), "team", record.Patch{"name": "Sales"}).ID().String()
		one := w.User("one@example.com", access.RoleMember, record.Patch{"team": team})
		two := w.User("two@example.com", access.RoleMember, record.Patch{"team": team})
		p := w.Create(one, "person", record.Patch{"name": "A", "email": "a@x.example"})
		start := len(w.Changes())
		point := record.Patch{"of": "person:" + p.ID().String(), "kind": "email", "value": "evil@x.example", "main": true}
		refused(w, create(w, two, "contact_point", point), "of rights.scope")
		main := pointNamed(w, p, "a@x.example")
		err := w.Try(two, func(tx *record.Tx) error {
			_, err := tx.Update(context.Background(), two, main.Entity, main.ID(), record.Patch{"value": "evil@x.example"}, 0)
			return err
		})
		refused(w, err, "error.denied")
		ops(w, "nothing happened", start)
		w.Create(one, "contact_point", point)
		shown(w, p, "evil@x.example", "email a@x.example", "email evil@x.example *")
	})
}
