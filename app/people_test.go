package app

import (
	"net/netip"
	"slices"
	"testing"

	"ashna/engine/access"
	"ashna/engine/change"
	"ashna/engine/meta"
	"ashna/engine/record"
	"ashna/kit/fault"
	"ashna/service/auth"
)

var here = auth.Caller{Via: change.ViaAPI, IP: netip.MustParseAddr("192.0.2.7")}

func TestAddUser(t *testing.T) {
	onEach(t, func(p *place) {
		w := p.open()
		ctx := t.Context()
		first, err := w.AddUser(ctx, "Sara@Example.ORG", "Sara Karimi", access.RoleMember)
		p.must(err)
		session, err := w.Auth.SignIn(ctx, here, auth.Login{Email: "sara@example.org", Password: first})
		if err != nil || !session.MustChange {
			t.Errorf("the one-time password signs in with %+v, %v; it must be changed at once", session, err)
		}
		second, err := w.AddUser(ctx, "sara@EXAMPLE.org", "", access.RoleManager)
		p.must(err)
		if first == second {
			t.Error("two one-time passwords are the same")
		}
		if _, err := w.Auth.SignIn(ctx, here, auth.Login{Email: "sara@example.org", Password: first}); !fault.Is(err, fault.Unauthenticated) {
			t.Errorf("the password before still signs in: %v", err)
		}
		if _, err := w.Auth.SignIn(ctx, here, auth.Login{Email: "sara@example.org", Password: second}); err != nil {
			t.Errorf("the new password does not sign in: %v", err)
		}
		if p.Database == "" { // once is enough: passwords are slow on purpose
			_, err = w.AddUser(ctx, "sara@example.org", "", access.RoleManager)
			p.must(err)
			_, err = w.AddUser(ctx, "nameless@example.org", "", reader)
			p.must(err)
			if got := p.titles(w, meta.ObjectUser); !slices.Contains(got, "nameless@example.org") {
				t.Errorf("users %v: without a name the address is it", got)
			}
		}
		if got := p.titles(w, meta.ObjectUser); !slices.Contains(got, "Sara Karimi") || count(got, "Sara Karimi") != 1 {
			t.Errorf("users %v; one address is one user, whose name stays", got)
		}
		who, err := w.Person("sara@example.org")
		p.must(err)
		if roles := len(rolesOf(p, w, who)); roles != 2 {
			t.Errorf("%d roles after member, manager and manager again", roles)
		}
	})
}

func count(list []string, s string) (n int) {
	for _, x := range list {
		if x == s {
			n++
		}
	}
	return n
}

// rolesOf reads the assignments of a person.
func rolesOf(p *place, w *Workspace, who *access.Viewer) (list []*record.Record) {
	system := w.Engine.System(0)
	e, _ := system.Catalog.Object(access.ObjectAssignment)
	p.must(w.Engine.Write(p.Context(), system, change.ViaCommand, func(tx *record.Tx) (err error) {
		list, err = tx.Find(p.Context(), e, "member", int64(who.User), 100)
		return err
	}))
	return list
}

func TestAddUserRefuses(t *testing.T) {
	p := onFile(t)
	w := p.open()
	before := p.titles(w, meta.ObjectUser)
	for _, c := range []struct{ email, role, field string }{
		{"", access.RoleMember, "email"},
		{"nobody", access.RoleMember, "email"},
		{"a@b@c", access.RoleMember, "email"},
		{"x@example.org\r\nBcc: y@example.org", access.RoleMember, "email"},
		{"x@example.org", "emperor", "role"},
		{"x@example.org", "", "role"},
		{"x@example.org", "Member'; DROP TABLE users;--", "role"},
	} {
		password, err := w.AddUser(t.Context(), c.email, "", c.role)
		if f := fault.Of(err); f == nil || f.Kind != fault.Invalid || f.Field != c.field || password != "" {
			t.Errorf("%q as %q: %q, %v; want a refusal of %s", c.email, c.role, password.Reveal(), err, c.field)
		}
	}
	if got := p.titles(w, meta.ObjectUser); !slices.Equal(got, before) {
		t.Errorf("refused users are there: %v", got)
	}
}

func TestCreateToken(t *testing.T) {
	onEach(t, func(p *place) {
		w := p.open()
		ctx := t.Context()
		id := p.user(w, "sara@example.org", access.RoleMember)
		token, err := w.CreateToken(ctx, "SARA@example.org", "reports", []string{"read", "companies:write"})
		p.must(err)
		program, err := w.Auth.Token(ctx, token, here.IP)
		if err != nil || program.User != id || !slices.Equal(program.Scopes, []string{"companies:write", "read"}) {
			t.Errorf("the token stands for %+v, %v", program, err)
		}
		list, err := w.Auth.Tokens(ctx, id)
		if err != nil || len(list) != 1 || list[0].Name != "reports" {
			t.Errorf("tokens %+v, %v", list, err)
		}
		for _, c := range []struct {
			email, name string
			scopes      []string
			field       string
		}{
			{"nobody@example.org", "x", []string{"read"}, "email"},
			{"", "x", []string{"read"}, "email"},
			{"sara@example.org", "x", nil, "scopes"},
			{"sara@example.org", "x", []string{"everything"}, "scopes"},
			{"sara@example.org", "x", []string{"read", ""}, "scopes"},
			{"sara@example.org", "", []string{"read"}, "name"},
		} {
			if token, err := w.CreateToken(ctx, c.email, c.name, c.scopes); fault.Of(err) == nil || fault.Of(err).Field != c.field || token != "" {
				t.Errorf("%+v gave %v", c, err)
			}
		}
		if list, _ := w.Auth.Tokens(ctx, id); len(list) != 1 {
			t.Errorf("a refused token is there: %+v", list)
		}
	})
}

func TestPerson(t *testing.T) {
	p := onFile(t)
	w := p.open()
	id := p.user(w, "sara@example.org", access.RoleMember)
	for _, c := range []struct {
		email string
		user  bool
	}{{"", false}, {"sara@example.org", true}, {" Sara@EXAMPLE.org ", true}} {
		who, err := w.Person(c.email)
		if err != nil {
			t.Errorf("%q: %v", c.email, err)
			continue
		}
		if (who.User == id) != c.user {
			t.Errorf("%q is %v", c.email, who.User)
		}
	}
	for _, email := range []string{"sara@example.com", "sara", "*", "%"} {
		if _, err := w.Person(email); err == nil {
			t.Errorf("%q is somebody", email)
		} else {
			p.wantError(err, email)
		}
	}
}
