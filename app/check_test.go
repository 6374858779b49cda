package app

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ashna/engine/db"
	"ashna/engine/meta"
	"ashna/engine/record"
	"ashna/kit/ident"
	"ashna/service/files"
)

// attach stores a content and names it at a record.
func (p *place) attach(w *Workspace, at *record.Record, name, content string) files.Stored {
	p.Helper()
	stored, err := w.Files.Put(p.Context(), strings.NewReader(content), 0)
	p.must(err)
	p.must(w.DB.Write(p.Context(), func(tx *db.Tx) error {
		_, err := files.Add(p.Context(), tx, files.File{
			ID: w.Engine.NextID(), Hash: stored.Hash, Name: name, Type: "text/plain", Size: stored.Size, Object: "company", Record: at.ID(), CreatedAt: p.time.Now(),
		})
		return err
	}))
	return stored
}

// contentPath is where the store keeps a content.
func (p *place) contentPath(hash string) string {
	p.Helper()
	var found string
	p.must(filepath.WalkDir(p.Data, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() && filepath.Base(filepath.Dir(path))+filepath.Base(path) == hash {
			found = path
		}
		return err
	}))
	if found == "" {
		p.Fatalf("no content %s below %s", hash, p.Data)
	}
	return found
}

// rewrite changes a stored file, which its owner may not write to.
func (p *place) rewrite(path string, change func([]byte) []byte) {
	p.Helper()
	text, err := os.ReadFile(path)
	p.must(err)
	p.must(os.Chmod(path, 0o600))
	p.must(os.WriteFile(path, change(text), 0o600))
}

// busy is a workspace in which every part has something in it.
func (p *place) busy() (*Workspace, files.Stored) {
	p.Helper()
	w := p.open()
	araz := p.create(w, "company", record.Patch{"name": "Araz", "domain": "araz.example"})
	p.create(w, "person", record.Patch{"first_name": "Reza", "last_name": "Karimi", "email": "reza@example.org"})
	p.create(w, "company", record.Patch{"name": "Kür", "parent": araz.ID().String()})
	return w, p.attach(w, araz, "contract.txt", "the contract")
}

// harm is one kind of damage and what the check has to say about it.
type harm struct {
	name  string
	do    func(*place, *Workspace, files.Stored)
	where string // the beginning of the finding's place, empty for none
	what  string
}

// harms are all kinds of damage, each on a workspace that busy made.
func harms() []harm {
	plant := func(statements ...string) func(*place, *Workspace, files.Stored) {
		return func(p *place, w *Workspace, _ files.Stored) { p.damage(w, statements...) }
	}
	return []harm{
		{"nothing", func(*place, *Workspace, files.Stored) {}, "", ""},
		{"a byte of the log", plant(`UPDATE changes SET fields = replace(fields, 'Araz', 'Arax') WHERE seq = (SELECT min(seq) FROM changes WHERE fields LIKE '%Araz%')`),
			"log", "does not match its hash"},
		{"somebody else in the log", plant(`UPDATE changes SET actor = actor + 1 WHERE seq = 2`), "log", "2: the row does not match"},
		{"another time in the log", plant(`UPDATE changes SET at = at + 1 WHERE seq = 1`), "log", "1: the row does not match"},
		{"a row taken out of the log", plant(`DELETE FROM changes WHERE seq = 2`), "log", "rows 2 to 2 are missing"},
		{"the beginning of the log taken out", plant(`DELETE FROM changes WHERE seq <= 2`), "log", "rows 1 to 2 are missing"},
		{"a missing column", plant(`ALTER TABLE companies DROP COLUMN tax_id`), "table companies", "tax_id is missing"},
		{"a changed file", func(p *place, _ *Workspace, f files.Stored) {
			p.rewrite(p.contentPath(f.Hash), func(b []byte) []byte { b[4] ^= 1; return b })
		}, "file ", "match"},
		{"a shortened file", func(p *place, _ *Workspace, f files.Stored) {
			p.rewrite(p.contentPath(f.Hash), func(b []byte) []byte { return b[:3] })
		}, "file ", "match"},
		{"a file that is gone", func(p *place, _ *Workspace, f files.Stored) { p.must(os.Remove(p.contentPath(f.Hash))) }, "file ", "missing"},
		{"a content without a row", func(p *place, w *Workspace, _ files.Stored) {
			stored, err := w.Files.Put(p.Context(), strings.NewReader("nobody's"), 0)
			p.must(err)
			old := p.time.Now().Add(-filesGrace - time.Minute)
			p.must(os.Chtimes(p.contentPath(stored.Hash), old, old))
		}, "file ", "no record names it"},
		{"a content that waits for its row", func(p *place, w *Workspace, _ files.Stored) {
			_, err := w.Files.Put(p.Context(), strings.NewReader("on its way"), 0)
			p.must(err)
		}, "", ""},
		{"an orphan link", orphan, "database", "companies"},
	}
}

// Each kind of damage is planted alone in a sound workspace; the check has to name it, and nothing else.
func TestCheck(t *testing.T) {
	sound := onFile(t)
	w, stored := sound.busy()
	sound.must(w.Close())
	for _, h := range harms() {
		t.Run(h.name, func(t *testing.T) {
			p := onFile(t)
			p.must(os.CopyFS(p.Data, os.DirFS(sound.Data)))
			damaged := p.open()
			h.do(p, damaged, stored)
			if h.where == "database" { // the shape of tables is read when a file is opened
				p.must(damaged.Close())
				damaged = p.open()
			}
			report, err := damaged.Check(t.Context())
			p.must(err)
			p.wantFinding(report, h.where, h.what)
		})
	}
}

// All the damage at once hides nothing of it, on a server too.
func TestCheckOnServer(t *testing.T) {
	p, ok := placeOn(t, "postgres")
	if !ok {
		t.Skip("PostgreSQL tests are off")
	}
	w, stored := p.busy()
	report, err := w.Check(t.Context())
	p.must(err)
	p.wantFinding(report, "", "")
	var want []string
	for _, h := range harms() {
		if h.where != "" && h.name != "a file that is gone" {
			h.do(p, w, stored)
			want = append(want, h.what)
		}
	}
	report, err = w.Check(t.Context())
	p.must(err)
	text := fmt.Sprintf("%+v", report.Findings)
	for _, what := range []string{"rows 1 to 2 are missing", "tax_id is missing", "match", "no record names it", "links to a row of companies that is not there"} {
		if !strings.Contains(text, what) {
			t.Errorf("findings %s, want %s", text, what)
		}
	}
	if len(want) < 10 {
		t.Errorf("only %d kinds of damage", len(want))
	}
}

// wantFinding checks that there is one finding at a place, or none at all.
func (p *place) wantFinding(r Report, where, what string) {
	p.Helper()
	if r.Changes == 0 && where != "log" && where != "database" && !strings.HasPrefix(where, "table") {
		p.Error("the check did not read the log")
	}
	if where == "" {
		if len(r.Findings) != 0 || r.Files == 0 {
			p.Errorf("a sound workspace has %+v", r)
		}
		return
	}
	found := false
	for _, f := range r.Findings {
		if !strings.HasPrefix(f.Where, where) {
			p.Errorf("%+v has nothing to do with it", f)
		}
		found = found || strings.HasPrefix(f.Where, where) && strings.Contains(f.What, what)
	}
	if !found {
		p.Errorf("findings %+v, want %s … %s", r.Findings, where, what)
	}
}

// orphan makes a link that leads nowhere, past the database's own guard: one that forgets the guard, or turns it to another table.
func orphan(p *place, w *Workspace, _ files.Stored) {
	if w.DB.Dialect().Lateral {
		p.damage(w, `ALTER TABLE companies DROP CONSTRAINT companies_parent_link`, `UPDATE companies SET parent = 4711 WHERE parent IS NOT NULL`,
			`ALTER TABLE companies ADD CONSTRAINT companies_parent_link FOREIGN KEY (parent) REFERENCES companies(id) NOT VALID`)
		return
	}
	p.damage(w, `PRAGMA writable_schema = ON`, `UPDATE sqlite_master SET sql = replace(sql, 'REFERENCES companies', 'REFERENCES users') WHERE name = 'companies'`)
}

// A thousand findings are enough to know that a workspace is broken; the rest is not looked for.
func TestCheckIsBounded(t *testing.T) {
	r := Report{}
	for range maxFindings + 1 {
		r.add("here", "%d%%", 7)
	}
	if r.Findings[0].What != "7%" || len(r.Findings) != maxFindings+1 {
		t.Errorf("%d findings, the first %+v", len(r.Findings), r.Findings[0])
	}
}

func TestCheckStops(t *testing.T) {
	p := onFile(t)
	w, _ := p.busy()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := w.Check(ctx); err == nil {
		t.Error("a check that nobody waits for goes on")
	}
}

// The sweep takes what no row names after a day, and the attachments of a record go with it when it is removed for good.
func TestSweepAndPurge(t *testing.T) {
	onEach(t, func(p *place) {
		w := p.open()
		ctx := t.Context()
		araz := p.create(w, "company", record.Patch{"name": "Araz"})
		kept := p.attach(w, p.create(w, "company", record.Patch{"name": "Kür"}), "kept.txt", "kept")
		stored := p.attach(w, araz, "contract.txt", "the contract")
		who := w.Engine.System(0)
		companies, _ := who.Catalog.Object("company")
		p.must(w.Engine.Write(ctx, who, "command", func(tx *record.Tx) error {
			if err := tx.Delete(ctx, who, companies, araz.ID(), 0); err != nil {
				return err
			}
			return nil
		}))
		if n := len(p.attachments(w, araz.ID())); n != 1 {
			t.Errorf("a record in the bin has %d attachments, and could not be restored whole", n)
		}
		p.must(w.Engine.Write(ctx, who, "command", func(tx *record.Tx) error { return tx.Purge(ctx, who, companies, araz.ID()) }))
		if n := len(p.attachments(w, araz.ID())); n != 0 {
			t.Errorf("a record that is gone has %d attachments", n)
		}
		for _, hash := range []string{stored.Hash, kept.Hash} {
			placed := p.time.Now()
			p.must(os.Chtimes(p.contentPath(hash), placed, placed))
		}
		for _, step := range []struct {
			wait time.Duration
			gone bool
		}{{0, false}, {filesGrace - time.Minute, false}, {2 * time.Minute, true}} {
			p.time.Advance(step.wait)
			p.must(w.sweep(ctx, nobody, nothing{}))
			err := w.Files.Check(ctx, stored.Hash)
			if (err != nil) != step.gone {
				t.Errorf("at %v the content that nobody names: %v, want gone %v", p.time.Now(), err, step.gone)
			}
		}
		p.must(w.Files.Check(ctx, kept.Hash))
	})
}

func (p *place) attachments(w *Workspace, id ident.ID) (list []files.File) {
	p.Helper()
	p.must(w.DB.Read(p.Context(), func(q db.Querier) (err error) {
		list, err = files.Of(p.Context(), q, "company", id)
		return err
	}))
	return list
}

// A custom object is checked like those that ship.
func TestCheckOfCustomObjects(t *testing.T) {
	onEach(t, func(p *place) {
		w := p.open()
		p.customise(w)
		report, err := w.Check(t.Context())
		p.must(err)
		if len(report.Findings) != 0 {
			t.Errorf("findings %+v", report.Findings)
		}
		p.damage(w, `ALTER TABLE companies DROP COLUMN c_fleet`)
		report, err = w.Check(t.Context())
		p.must(err)
		p.wantFinding(report, "table companies", "c_fleet")
	})
}

// customise adds a field, which a backup has to carry.
func (p *place) customise(w *Workspace) {
	p.Helper()
	item := meta.Item{Object: "company", Field: &meta.Field{Name: "c_fleet", Kind: meta.NumberKind{}}}
	p.must(w.Engine.ChangeCatalog(p.Context(), w.Engine.System(0), "command", item))
}
