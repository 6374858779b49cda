package people

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"

	"ashna/engine/access"
	"ashna/engine/meta"
	"ashna/engine/record"
	"ashna/kit/fault"
	"ashna/kit/ident"
	"ashna/testkit/enginetest"
)

// note is something that rights are about.
var note = meta.Object{Name: "note", Plural: "notes", Title: "name", Fields: []meta.Field{
	{Name: "name", Kind: meta.TextKind{}, Required: true},
	{Name: "secret", Kind: meta.TextKind{}, Sensitive: true},
}}

// office is a workspace with one person of every kind. clerk manages users and sees no more than his own notes.
type office struct {
	*enginetest.World
	owner, admin, manager, member, clerk *access.Viewer
}

const clerkRights = `{"objects":{"*":{"rights":{"read":"own"}}},"platform":["users"]}`

func everywhere(t *testing.T, do func(o *office)) {
	t.Parallel()
	enginetest.Everywhere(t, record.Options{Objects: []meta.Object{note}, Rules: Rules()}, func(w *enginetest.World) {
		o := &office{World: w}
		o.owner = w.User("owner@example.com", access.RoleOwner, nil)
		o.admin = w.User("admin@example.com", access.RoleAdministrator, nil)
		o.manager = w.User("manager@example.com", access.RoleManager, nil)
		o.member = w.User("member@example.com", access.RoleMember, nil)
		w.Create(w.System(), meta.ObjectRole, record.Patch{"name": "Clerk", "code": "clerk", "rights": clerkRights})
		o.clerk = w.User("clerk@example.com", "clerk", nil)
		do(o)
	})
}

// actor gives a person with the rights of this moment.
func (o *office) actor(name string) *access.Viewer {
	o.Helper()
	all := map[string]*access.Viewer{"owner": o.owner, "admin": o.admin, "manager": o.manager, "member": o.member, "clerk": o.clerk}
	if name == "system" {
		return o.System()
	}
	return o.Viewer(all[name].User)
}

func (o *office) role(code string) *access.RoleData {
	o.Helper()
	r, ok := o.Engine.Policy().RoleByCode(code)
	if !ok {
		o.Fatalf("no role %s", code)
	}
	return r
}

func (o *office) create(who *access.Viewer, object string, patch record.Patch) error {
	return o.Try(who, func(tx *record.Tx) error {
		_, err := tx.Create(context.Background(), who, o.Entity(object), patch)
		return err
	})
}

func (o *office) update(who *access.Viewer, object string, id ident.ID, patch record.Patch) error {
	return o.Try(who, func(tx *record.Tx) error {
		_, err := tx.Update(context.Background(), who, o.Entity(object), id, patch, 0)
		return err
	})
}

func (o *office) remove(who *access.Viewer, object string, id ident.ID) error {
	return o.Try(who, func(tx *record.Tx) error { return tx.Delete(context.Background(), who, o.Entity(object), id, 0) })
}

func (o *office) restore(who *access.Viewer, object string, id ident.ID) error {
	return o.Try(who, func(tx *record.Tx) error {
		_, err := tx.Restore(context.Background(), who, o.Entity(object), id)
		return err
	})
}

// assignment finds what gives a role to a user.
func (o *office) assignment(user ident.ID, code string) ident.ID {
	o.Helper()
	page, err := o.Engine.List(context.Background(), o.System(), o.Entity(access.ObjectAssignment), record.Question{
		Filter: `member = "` + user.String() + `" and role = "` + o.role(code).ID.String() + `"`,
	})
	if err != nil || len(page.Records) != 1 {
		o.Fatalf("%d assignments of %s: %v", len(page.Records), code, err)
	}
	return page.Records[0].ID()
}

// verdict names the outcome: "ok", or the key of the first fault.
func verdict(err error) string {
	if err == nil {
		return "ok"
	}
	if one := fault.Of(err); one != nil {
		return one.Key
	}
	return err.Error()
}

// expect tries something as each actor, each time in a part of a transaction that is undone.
func (o *office) expect(what string, want map[string]string, do func(who *access.Viewer, tx *record.Tx) error) {
	o.Helper()
	before := len(o.Changes())
	for actor, key := range want {
		who := o.actor(actor)
		var got string
		err := o.Try(who, func(tx *record.Tx) error {
			got = verdict(do(who, tx))
			return errUndo
		})
		if err != errUndo {
			o.Errorf("%s by %s: %v", what, actor, err)
		}
		if got != key {
			o.Errorf("%s by %s: %s, want %s", what, actor, got, key)
		}
	}
	if after := len(o.Changes()); after != before {
		o.Errorf("%s left %d changes", what, after-before)
	}
}

// errUndo ends a transaction whose outcome was looked at.
var errUndo = fault.New(fault.Conflict, "test.undo")

func TestWhoMayGiveWhichRole(t *testing.T) {
	everywhere(t, func(o *office) {
		target := o.User("target@example.com", access.RoleViewer, nil)
		for role, want := range map[string]map[string]string{
			access.RoleOwner: {
				"owner": "ok", "system": "ok", "admin": "rights.grant", "clerk": "rights.grant", "manager": "value.unknown_object", "member": "value.unknown_object",
			},
			access.RoleAdministrator: {"owner": "ok", "system": "ok", "admin": "ok", "clerk": "rights.grant", "manager": "value.unknown_object", "member": "value.unknown_object"},
			access.RoleManager:       {"owner": "ok", "admin": "ok", "clerk": "rights.grant"},
			access.RoleMember:        {"owner": "ok", "admin": "ok", "clerk": "rights.grant"},
		} {
			o.expect("giving "+role, want, func(who *access.Viewer, tx *record.Tx) error {
				_, err := tx.Create(context.Background(), who, o.Entity(access.ObjectAssignment), record.Patch{
					"member": target.User.String(), "role": o.role(role).ID.String(),
				})
				return hide(err)
			})
			o.expect("giving oneself "+role, map[string]string{"admin": want["admin"], "clerk": want["clerk"]}, func(who *access.Viewer, tx *record.Tx) error {
				_, err := tx.Update(context.Background(), who, o.Entity(meta.ObjectUser), who.User, record.Patch{
					"roles": []any{o.role(role).ID.String()},
				}, 0)
				if code, _ := o.Engine.Policy().Person(who.User); slices.Contains(code.Roles, o.role(role).ID) {
					return fault.New(fault.Denied, want[actorOf(o, who)]) // it has that role already: nothing changes
				}
				return err
			})
			o.expect("inviting as "+role, map[string]string{"owner": "ok", "admin": want["admin"], "clerk": want["clerk"]}, func(who *access.Viewer, tx *record.Tx) error {
				_, err := tx.Create(context.Background(), who, o.Entity(meta.ObjectUser), record.Patch{
					"name": "New", "email": "new@example.com", "roles": []any{o.role(role).ID.String()},
				})
				return err
			})
		}
	})
}

func actorOf(o *office, who *access.Viewer) string {
	for name, v := range map[string]*access.Viewer{"owner": o.owner, "admin": o.admin, "clerk": o.clerk} {
		if v.User == who.User {
			return name
		}
	}
	return ""
}

// hide lets the two ways of saying that an object is not one's own be one.
func hide(err error) error {
	if fault.Is(err, fault.NotFound) || verdict(err) == "error.denied" {
		return fault.New(fault.NotFound, "value.unknown_object")
	}
	return err
}

func TestWhoMayTakeWhichRole(t *testing.T) {
	everywhere(t, func(o *office) {
		second := o.User("second@example.com", access.RoleOwner, nil)
		for _, c := range []struct {
			role string
			of   ident.ID
			want map[string]string
		}{
			{access.RoleOwner, second.User, map[string]string{"owner": "ok", "system": "ok", "admin": "rights.grant", "clerk": "rights.grant"}},
			{access.RoleAdministrator, o.admin.User, map[string]string{"owner": "ok", "system": "ok", "admin": "ok", "clerk": "rights.grant"}},
			{access.RoleMember, o.member.User, map[string]string{"owner": "ok", "admin": "ok", "clerk": "rights.grant"}},
			{"clerk", o.clerk.User, map[string]string{"owner": "ok", "admin": "ok", "clerk": "rights.grant"}}, // what is limited to own rows differs by person
		} {
			id := o.assignment(c.of, c.role)
			o.expect("taking "+c.role, c.want, func(who *access.Viewer, tx *record.Tx) error {
				return tx.Delete(context.Background(), who, o.Entity(access.ObjectAssignment), id, 0)
			})
		}
	})
}

func TestUsersAreChangedByThoseAboveThem(t *testing.T) {
	everywhere(t, func(o *office) {
		second := o.User("second@example.com", access.RoleOwner, nil)
		users := o.Entity(meta.ObjectUser)
		people := map[string]ident.ID{"owner": second.User, "admin": o.admin.User, "member": o.member.User}
		for _, c := range []struct {
			what  string
			whom  string
			patch record.Patch
			want  map[string]string
		}{
			{"switching off", "owner", record.Patch{"active": false}, map[string]string{"owner": "ok", "system": "ok", "admin": "rights.grant", "clerk": "rights.grant"}},
			{"renaming", "owner", record.Patch{"name": "X"}, map[string]string{"owner": "ok", "system": "ok", "admin": "rights.grant", "clerk": "rights.grant"}},
			{"taking the address of", "owner", record.Patch{"email": "x@example.com"}, map[string]string{"owner": "ok", "admin": "rights.grant", "clerk": "rights.grant"}},
			{"taking the address of", "admin", record.Patch{"email": "x@example.com"}, map[string]string{"owner": "ok", "admin": "ok", "clerk": "rights.grant"}},
			{"taking the address of", "member", record.Patch{"email": "x@example.com"}, map[string]string{"owner": "ok", "admin": "ok", "clerk": "rights.grant"}},
			{"switching off", "admin", record.Patch{"active": false}, map[string]string{"owner": "ok", "admin": "rights.self", "clerk": "rights.grant"}},
			{"switching off", "member", record.Patch{"active": false}, map[string]string{"owner": "ok", "admin": "ok", "clerk": "rights.grant", "system": "ok"}},
			{"noting the telephone of", "admin", record.Patch{"title": "CFO"}, map[string]string{"owner": "ok", "admin": "ok", "clerk": "ok"}},
		} {
			o.expect(c.what+" "+c.whom, c.want, func(who *access.Viewer, tx *record.Tx) error {
				_, err := tx.Update(context.Background(), who, users, people[c.whom], c.patch, 0)
				return err
			})
		}
		for whom, want := range map[string]map[string]string{
			"owner":  {"owner": "ok", "system": "ok", "admin": "rights.grant", "clerk": "rights.grant"},
			"admin":  {"owner": "ok", "admin": "rights.self", "clerk": "rights.grant"},
			"member": {"owner": "ok", "admin": "ok", "clerk": "rights.grant"},
		} {
			o.expect("deleting "+whom, want, func(who *access.Viewer, tx *record.Tx) error {
				return tx.Delete(context.Background(), who, users, people[whom], 0)
			})
		}
		o.expect("one's own address", map[string]string{"owner": "ok", "admin": "ok", "clerk": "ok"}, func(who *access.Viewer, tx *record.Tx) error {
			_, err := tx.Update(context.Background(), who, users, who.User, record.Patch{"email": "mine@example.com"}, 0)
			return err
		})
	})
}

func TestSwitchingOnNeedsTheRightsOfTheUser(t *testing.T) {
	everywhere(t, func(o *office) {
		if err := o.update(o.owner, meta.ObjectUser, o.admin.User, record.Patch{"active": false}); err != nil {
			t.Fatal(err)
		}
		on := record.Patch{"active": true}
		if got := verdict(o.update(o.actor("clerk"), meta.ObjectUser, o.admin.User, on)); got != "rights.grant" {
			t.Errorf("a clerk switched an administrator on: %s", got)
		}
		if err := o.update(o.actor("owner"), meta.ObjectUser, o.admin.User, on); err != nil {
			t.Error(err)
		}
	})
}

func TestTheLastOwnerStays(t *testing.T) {
	everywhere(t, func(o *office) {
		users, id := o.Entity(meta.ObjectUser), o.owner.User
		grant := o.assignment(id, access.RoleOwner)
		o.expect("switching off the last owner", map[string]string{"owner": "rights.self", "system": "rights.last_owner"}, func(who *access.Viewer, tx *record.Tx) error {
			_, err := tx.Update(context.Background(), who, users, id, record.Patch{"active": false}, 0)
			return err
		})
		o.expect("deleting the last owner", map[string]string{"owner": "rights.self", "system": "rights.last_owner"}, func(who *access.Viewer, tx *record.Tx) error {
			return tx.Delete(context.Background(), who, users, id, 0)
		})
		o.expect("demoting the last owner", map[string]string{"owner": "rights.last_owner", "system": "rights.last_owner"}, func(who *access.Viewer, tx *record.Tx) error {
			return tx.Delete(context.Background(), who, o.Entity(access.ObjectAssignment), grant, 0)
		})
		o.expect("writing other roles of the last owner", map[string]string{"owner": "rights.last_owner"}, func(who *access.Viewer, tx *record.Tx) error {
			_, err := tx.Update(context.Background(), who, users, id, record.Patch{"roles": []any{o.role(access.RoleMember).ID.String()}}, 0)
			return err
		})
	})
}

func TestAnOwnerWhoIsOffDoesNotCount(t *testing.T) {
	everywhere(t, func(o *office) {
		second := o.User("second@example.com", access.RoleOwner, nil)
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		must(o.update(o.owner, meta.ObjectUser, second.User, record.Patch{"active": false}))
		if got := verdict(o.remove(o.System(), access.ObjectAssignment, o.assignment(o.owner.User, access.RoleOwner))); got != "rights.last_owner" {
			t.Errorf("only an owner who is off is left: %s", got)
		}
		must(o.update(o.actor("owner"), meta.ObjectUser, second.User, record.Patch{"active": true}))
		must(o.remove(o.actor("owner"), access.ObjectAssignment, o.assignment(o.owner.User, access.RoleOwner)))
		if o.Engine.Policy().CountRole(access.RoleOwner) != 1 {
			t.Error("there is not one owner left")
		}
		if got := verdict(o.update(o.System(), meta.ObjectUser, second.User, record.Patch{"active": false})); got != "rights.last_owner" {
			t.Errorf("the new last owner: %s", got)
		}
	})
}

// TestTwoOwnersWhoGoAtOnce lets each of two owners take the role of the other in the same moment: one of them stays.
func TestTwoOwnersWhoGoAtOnce(t *testing.T) {
	everywhere(t, func(o *office) {
		for round := range 5 {
			first, second := o.System(), o.System()
			a := o.assignment(o.owner.User, access.RoleOwner)
			other := o.User("second"+strings.Repeat("x", round)+"@example.com", access.RoleOwner, nil)
			b := o.assignment(other.User, access.RoleOwner)
			var both sync.WaitGroup
			errs := make([]error, 2)
			both.Go(func() { errs[0] = o.remove(first, access.ObjectAssignment, a) })
			both.Go(func() { errs[1] = o.remove(second, access.ObjectAssignment, b) })
			both.Wait()
			if (errs[0] == nil) == (errs[1] == nil) {
				t.Fatalf("both went, or none: %v", errs)
			}
			if errs[0] == nil {
				if err := o.restore(o.System(), access.ObjectAssignment, a); err != nil {
					t.Fatal(err)
				}
				if err := o.remove(o.System(), access.ObjectAssignment, b); err != nil {
					t.Fatal(err)
				}
			}
		}
	})
}

func TestRolesAreWrittenByThoseWhoHaveThem(t *testing.T) {
	everywhere(t, func(o *office) {
		roles := o.Entity(meta.ObjectRole)
		small, all := `{"objects":{"note":{"rights":{"read":"own"}}}}`, access.Shipped()[access.RoleAdministrator].String()
		for _, c := range []struct {
			what, rights string
			want         map[string]string
		}{
			{"a small role", small, map[string]string{"owner": "ok", "system": "ok", "admin": "ok", "clerk": "rights.grant", "member": "value.unknown_object"}},
			{"a role for all", all, map[string]string{"owner": "ok", "admin": "ok", "clerk": "rights.grant"}},
			{"a role that may do nothing", `{"objects":{}}`, map[string]string{"owner": "ok", "admin": "ok", "clerk": "ok"}},
			{"a role for users", `{"objects":{},"platform":["users"]}`, map[string]string{"admin": "ok", "clerk": "ok"}},
			{"a role for backups", `{"objects":{},"platform":["backups"]}`, map[string]string{"admin": "ok", "clerk": "rights.grant"}},
			{"a role with an odd scope", `{"objects":{"note":{"rights":{"read":"most"}}}}`, map[string]string{"owner": "value.choice", "system": "value.choice"}},
			{"a role with an odd permission", `{"objects":{},"platform":["all"]}`, map[string]string{"owner": "value.choice"}},
			{"a role with an odd word", `{"things":{}}`, map[string]string{"owner": "value.json"}},
			{"a role that is a list", `[]`, map[string]string{"owner": "value.json"}},
		} {
			o.expect("making "+c.what, c.want, func(who *access.Viewer, tx *record.Tx) error {
				_, err := tx.Create(context.Background(), who, roles, record.Patch{"name": "New", "code": "new", "rights": c.rights})
				return hide(err)
			})
		}
		member, owner := o.role(access.RoleMember).ID, o.role(access.RoleOwner).ID
		for _, c := range []struct {
			what  string
			id    ident.ID
			patch record.Patch
			want  map[string]string
		}{
			{"widening a role", member, record.Patch{"rights": all}, map[string]string{"owner": "ok", "admin": "ok", "clerk": "rights.grant"}},
			{"emptying a role", member, record.Patch{"rights": `{"objects":{}}`}, map[string]string{"owner": "ok", "admin": "ok", "clerk": "rights.grant"}},
			{"renaming a role", member, record.Patch{"name": "X"}, map[string]string{"owner": "ok", "admin": "ok", "clerk": "ok"}},
			{"emptying the role of owners", owner, record.Patch{"rights": `{"objects":{}}`}, map[string]string{
				"owner": "rights.shipped", "system": "rights.shipped", "admin": "rights.shipped", "clerk": "rights.shipped",
			}},
			{"renaming the role of owners", owner, record.Patch{"name": "X"}, map[string]string{"owner": "ok", "admin": "rights.shipped", "clerk": "rights.shipped"}},
			{"another code", member, record.Patch{"code": "owner"}, map[string]string{"owner": "value.read_only", "admin": "value.read_only"}},
		} {
			o.expect(c.what, c.want, func(who *access.Viewer, tx *record.Tx) error {
				_, err := tx.Update(context.Background(), who, roles, c.id, c.patch, 0)
				return err
			})
		}
		o.expect("deleting the role of owners", map[string]string{"owner": "rights.shipped", "system": "rights.shipped", "admin": "rights.shipped"},
			func(who *access.Viewer, tx *record.Tx) error {
				return tx.Delete(context.Background(), who, roles, owner, 0)
			})
		viewer := o.role(access.RoleViewer).ID
		o.expect("deleting a role that nobody has", map[string]string{"owner": "ok", "system": "ok", "admin": "ok", "clerk": "rights.grant"},
			func(who *access.Viewer, tx *record.Tx) error {
				return tx.Delete(context.Background(), who, roles, viewer, 0)
			})
	})
}

// TestRolesWithASensitiveField is about rights on fields: who does not see a field cannot let others see it.
func TestRolesWithASensitiveField(t *testing.T) {
	everywhere(t, func(o *office) {
		rights := `{"objects":{"note":{"rights":{"read":"all","create":"all","update":"all"}}},"platform":["users"]}`
		o.Create(o.System(), meta.ObjectRole, record.Patch{"name": "Desk", "code": "desk", "rights": rights})
		desk := o.User("desk@example.com", "desk", nil)
		for rights, want := range map[string]string{
			`{"objects":{"note":{"rights":{"read":"all"}}}}`:                              "ok",
			`{"objects":{"note":{"rights":{"read":"own","update":"own"}}}}`:               "ok",
			`{"objects":{"note":{"rights":{"read":"all","delete":"own"}}}}`:               "rights.grant",
			`{"objects":{"note":{"rights":{"read":"all"},"fields":{"secret":"read"}}}}`:   "rights.grant",
			`{"objects":{"note":{"rights":{"read":"all"},"fields":{"secret":"hidden"}}}}`: "ok",
			`{"objects":{"later":{"rights":{"read":"all"}}}}`:                             "rights.grant",
		} {
			err := o.Try(desk, func(tx *record.Tx) error {
				_, err := tx.Create(context.Background(), desk, o.Entity(meta.ObjectRole), record.Patch{"name": "New", "code": "new", "rights": rights})
				if err == nil {
					return errUndo
				}
				return err
			})
			if err == errUndo {
				err = nil
			}
			if got := verdict(err); got != want {
				t.Errorf("%s: %s, want %s", rights, got, want)
			}
		}
	})
}

// TestTheRecycleBinGivesNothing is about people who lost rights and look for them in the recycle bin.
func TestTheRecycleBinGivesNothing(t *testing.T) {
	everywhere(t, func(o *office) {
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		must(o.update(o.owner, meta.ObjectUser, o.admin.User, record.Patch{
			"roles": []any{o.role(access.RoleAdministrator).ID.String(), o.role(access.RoleOwner).ID.String()},
		}))
		grant := o.assignment(o.admin.User, access.RoleOwner)
		must(o.remove(o.actor("owner"), access.ObjectAssignment, grant))
		if got := verdict(o.restore(o.actor("admin"), access.ObjectAssignment, grant)); got != "rights.grant" {
			t.Errorf("an administrator made himself an owner again: %s", got)
		}
		must(o.restore(o.actor("owner"), access.ObjectAssignment, grant))

		second := o.User("second@example.com", access.RoleOwner, nil)
		must(o.remove(o.actor("owner"), meta.ObjectUser, second.User))
		must(o.remove(o.actor("owner"), access.ObjectAssignment, o.assignment(o.admin.User, access.RoleOwner)))
		if got := verdict(o.restore(o.actor("admin"), meta.ObjectUser, second.User)); got != "rights.grant" {
			t.Errorf("an administrator brought an owner back: %s", got)
		}
		must(o.restore(o.actor("owner"), meta.ObjectUser, second.User))
		if o.Engine.Policy().CountRole(access.RoleOwner) != 2 {
			t.Error("the owner came back without the role")
		}

		o.Create(o.System(), meta.ObjectRole, record.Patch{"name": "Strong", "code": "strong", "rights": access.Shipped()[access.RoleAdministrator].String()})
		strong := o.role("strong").ID
		must(o.remove(o.actor("owner"), meta.ObjectRole, strong))
		if got := verdict(o.restore(o.actor("clerk"), meta.ObjectRole, strong)); got != "rights.grant" {
			t.Errorf("a clerk brought a strong role back: %s", got)
		}
		must(o.restore(o.actor("admin"), meta.ObjectRole, strong))
		must(o.remove(o.actor("admin"), meta.ObjectUser, o.member.User))
		must(o.restore(o.actor("admin"), meta.ObjectUser, o.member.User))
	})
}

func TestATokenGivesNoRights(t *testing.T) {
	everywhere(t, func(o *office) {
		second := o.User("second@example.com", access.RoleOwner, nil)
		narrow, err := o.Engine.Viewer(o.owner.User, []string{"users:write", "roles:write", "assignments:write"})
		if err != nil {
			t.Fatal(err)
		}
		for what, err := range map[string]error{
			"give a role":  o.create(narrow, access.ObjectAssignment, record.Patch{"member": o.member.User.String(), "role": o.role(access.RoleManager).ID.String()}),
			"take a role":  o.remove(narrow, access.ObjectAssignment, o.assignment(second.User, access.RoleOwner)),
			"make a role":  o.create(narrow, meta.ObjectRole, record.Patch{"name": "New", "code": "new", "rights": `{"objects":{"*":{"rights":{"read":"all"}}}}`}),
			"switch off":   o.update(narrow, meta.ObjectUser, o.admin.User, record.Patch{"active": false}),
			"take address": o.update(narrow, meta.ObjectUser, second.User, record.Patch{"email": "x@example.com"}),
		} {
			if err == nil {
				t.Errorf("a narrow token could %s", what)
			}
		}
	})
}
