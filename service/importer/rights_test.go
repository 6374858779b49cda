package importer

import (
	"context"
	"strings"
	"testing"

	"ashna/engine/access"
	"ashna/engine/change"
	"ashna/engine/meta"
	"ashna/engine/record"
	"ashna/kit/fault"
)

// role makes a role with rights on people and firms and gives a user who has it.
func (w *world) role(code, human, fields string) *access.Viewer {
	w.Helper()
	if fields != "" {
		fields = `,"fields":{` + fields + `}`
	}
	rights := `{"objects":{"human":{"rights":{` + human + `}` + fields + `},"firm":{"rights":{"read":"own"}}}}`
	w.Create(w.System(), meta.ObjectRole, record.Patch{"name": code, "code": code, "rights": rights})
	return w.User(code+"@example.com", code, nil)
}

func TestWhoMayImport(t *testing.T) {
	lite(t, func(w *world) {
		for code, want := range map[string]fault.Kind{
			access.RoleOwner: -1, access.RoleAdministrator: -1, access.RoleManager: -1, access.RoleMember: fault.Denied, access.RoleViewer: fault.Denied,
		} {
			who := w.User(code+"@example.com", code, nil)
			_, err := w.bringAs(who, "name\nA\n", Spec{})
			if err == nil && want >= 0 || err != nil && !fault.Is(err, want) {
				t.Errorf("%s: %v", code, err)
			}
		}
		blind := w.role("blind", `"create":"all","import":"all"`, "")
		if _, err := w.bringAs(blind, "name\nA\n", Spec{}); !fault.Is(err, fault.NotFound) {
			t.Errorf("who sees nothing: %v", err)
		}
	})
}

func TestRowsPassTheRightsOfThePerson(t *testing.T) {
	everywhere(t, func(w *world) {
		w.must("name,email\nMine,mine@example.com\nSeen,seen@example.com\nShared,shared@example.com\n", Spec{})
		clerk := w.role("clerk", `"read":"all","create":"own","update":"own","import":"all"`, "")
		mine, _ := w.find("mine@example.com")
		w.Update(w.System(), mine, record.Patch{"owner": clerk.User.String()})
		run, err := w.bringAs(clerk, "name,email,owner\n"+
			"Mine!,mine@example.com,\n"+
			"Seen!,seen@example.com,\n"+
			"New,new@example.com,\n"+
			"For another,other@example.com,"+w.User("x@example.com", access.RoleMember, nil).User.String()+"\n", Spec{Match: "email"})
		if err != nil || counts(run) != [4]int64{4, 1, 1, 2} {
			t.Errorf("%+v %v", run, err)
		}
		rejects := w.rejects(run)
		if len(rejects) != 2 || !strings.HasPrefix(rejects[0], "2: error.denied <") || !strings.HasPrefix(rejects[1], "4: owner: rights.scope <") {
			t.Errorf("rejects %v", rejects)
		}
		w.same("people", w.table("human", "name"), []string{"Mine!", "New", "Seen", "Shared"})
	})
}

// find reads one of the people by address.
func (w *world) find(email string) (*record.Record, bool) {
	w.Helper()
	page, err := w.Engine.List(context.Background(), w.System(), w.Entity("human"), record.Question{Filter: `email = "` + email + `"`})
	if err != nil {
		w.Fatal(err)
	}
	if len(page.Records) == 0 {
		return nil, false
	}
	return page.Records[0], true
}

// TestHiddenRecordsAreNotThere compares two worlds that differ in what the person may not see: the outcome of an import is the same.
func TestHiddenRecordsAreNotThere(t *testing.T) {
	everywhere(t, func(w *world) {
		clerk := w.role("clerk", `"read":"own","create":"own","update":"own","import":"all"`, "")
		file := "name,email,firm.name\nA,a@example.com,\nB,b@example.com,Hidden firm\nC,c@example.com,Shared firm\n"
		shared := w.Create(w.System(), "firm", record.Patch{"name": "Shared firm"})
		w.Must(w.System(), func(tx *record.Tx) error {
			return tx.Share(context.Background(), w.System(), w.Entity("firm"), shared.ID(), record.Share{Principal: clerk.User, Level: "read"})
		})
		one, err := w.bringAs(w.Viewer(clerk.User), file, Spec{Match: "email"})
		if err != nil {
			t.Fatal(err)
		}
		without := append(w.rejects(one), w.table("human", "name", "email")...)
		for _, email := range []string{"a@example.com", "c@example.com"} {
			r, ok := w.find(email)
			if !ok {
				t.Fatalf("%s is not there", email)
			}
			w.Must(w.System(), func(tx *record.Tx) error {
				return tx.Delete(context.Background(), w.System(), w.Entity("human"), r.ID(), 0)
			})
		}
		w.Create(w.System(), "firm", record.Patch{"name": "Hidden firm"})
		w.Create(w.System(), "human", record.Patch{"name": "Hidden", "email": "a@example.com", "owner": w.User("x@example.com", access.RoleMember, nil).User.String()})
		two, err := w.bringAs(w.Viewer(clerk.User), file, Spec{Match: "email"})
		if err != nil || counts(one) != counts(two) {
			t.Errorf("%+v, then %+v: %v", one, two, err)
		}
		with := append(w.rejects(two), w.table("human", "name", "email")...)
		with = remove(with, "Hidden | a@example.com")
		w.same("with hidden records", with, without)
	})
}

func remove(list []string, line string) []string {
	var out []string
	for _, s := range list {
		if s != line {
			out = append(out, s)
		}
	}
	return out
}

func TestHiddenAndLockedFields(t *testing.T) {
	everywhere(t, func(w *world) {
		rights := `"read":"all","create":"all","update":"all","import":"all"`
		clerk := w.role("clerk", rights, `"email":"read","firm":"read"`)
		w.Create(w.System(), "firm", record.Patch{"name": "Acme", "owner": clerk.User.String()})
		w.must("name,email,secret,score\nA,a@example.com,s,1\n", Spec{})
		for file, spec := range map[string]Spec{"name,secret\nB,x\n": {}, "name,email\nB,x\n": {Match: "secret"}, "name,firm.secret\nB,x\n": {}} {
			if _, err := w.bringAs(w.Viewer(clerk.User), file, spec); !fault.Is(err, fault.Invalid) {
				t.Errorf("%q: %v", file, err)
			}
		}
		// A field that may be read finds the record, and may come in as it is.
		run, err := w.bringAs(w.Viewer(clerk.User), "name,email,score,firm.name\nA!,a@example.com,2,\nA?,a@example.com,3,Acme\nN,n@example.com,4,\nO,,5,Acme\n", Spec{Match: "email"})
		if err != nil || counts(run) != [4]int64{4, 0, 1, 3} {
			t.Errorf("%+v %v", run, err)
		}
		w.same("people", w.table("human", "name", "email", "secret", "score", "firm"), []string{"A! | a@example.com | s | 2 | "})
		w.same("rejects", w.rejects(run), []string{
			"2: firm: value.read_only <A?,a@example.com,3,Acme>", "3: email: value.read_only <N,n@example.com,4,>", "4: firm: value.read_only <O,,5,Acme>",
		})
	})
}

// TestRightsOfTheMoment takes the right away in the middle of a run.
func TestRightsOfTheMoment(t *testing.T) {
	everywhere(t, func(w *world) {
		clerk := w.role("clerk", `"read":"all","create":"all","update":"all","import":"all"`, "")
		role, _ := w.Engine.Policy().RoleByCode("clerk")
		steps := 0
		run, err := w.im.Import(context.Background(), clerk, change.ViaImport, Spec{Object: "humans", Format: "csv"}, strings.NewReader(people(3*stepRows)), func(Run) {
			if steps++; steps == 1 {
				w.Must(w.System(), func(tx *record.Tx) error {
					_, err := tx.Update(context.Background(), w.System(), w.Entity(meta.ObjectRole), role.ID, record.Patch{
						"rights": `{"objects":{"human":{"rights":{"read":"all"}}}}`,
					}, 0)
					return err
				})
			}
		})
		if !fault.Is(err, fault.Denied) || run.State != Failed || run.Rows != stepRows || steps != 1 {
			t.Errorf("%+v after %d steps: %v", run, steps, err)
		}
		if n := len(w.table("human", "name")); n != stepRows {
			t.Errorf("%d people", n)
		}
	})
}

// TestTheCatalogOfTheMoment adds a user and retires nothing in the middle of a run: it goes on.
func TestTheCatalogOfTheMoment(t *testing.T) {
	everywhere(t, func(w *world) {
		clerk := w.role("clerk", `"read":"all","create":"all","update":"all","import":"all"`, "")
		steps := 0
		run, err := w.im.Import(context.Background(), clerk, change.ViaImport, Spec{Object: "humans", Format: "csv"}, strings.NewReader(people(3*stepRows)), func(Run) {
			if steps++; steps == 1 {
				w.User("more@example.com", access.RoleMember, nil)
			}
		})
		if err != nil || counts(run) != [4]int64{3 * stepRows, 3 * stepRows, 0, 0} {
			t.Errorf("%+v: %v", run, err)
		}
	})
}
