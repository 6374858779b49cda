package app

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"ashna/engine/access"
	"ashna/engine/change"
	"ashna/engine/meta"
	"ashna/engine/record"
	"ashna/kit/ident"
)

// benchTeams is how many teams the people of the bench belong to; each has benchUsers users.
const (
	benchTeams = 50
	benchUsers = 8
)

var benchGiven = []string{
	"Reza", "Maryam", "Hasan", "Zahra", "Ali", "Sara", "Mohammad", "Fatemeh", "Leyla", "Nurlan", "Aysel", "Elvin", "Gunel", "Rashad", "Anna", "Peter",
	"رضا", "مریم", "حسن", "زهرا", "علی", "سارا", "محمد", "فاطمه", "Şəhla", "Əli", "Günay", "İlqar", "Ahmad", "Nasim", "Kian", "Omid",
}

var benchFamily = []string{
	"Karimi", "Hosseini", "Ahmadi", "Rezaei", "Mohammadi", "Jafari", "Moradi", "Məmmədov", "Əliyev", "Hüseynov", "Quliyev", "Smith", "Müller",
	"کریمی", "حسینی", "احمدی", "رضایی", "محمدی", "جعفری", "مرادی", "کاظمی", "Nazari", "Sadeghi", "Kazemi", "Rahimi", "Ebrahimi", "Bagheri",
}

// load makes users and teams, writes the files and brings them in with the import command.
func (b *bench) load(ctx context.Context) error {
	owners, err := b.office(ctx)
	if err != nil {
		return err
	}
	r := rand.New(rand.NewPCG(1, 2))
	n := b.order.Rows
	write := map[string]func(*bufio.Writer){
		"companies":   func(w *bufio.Writer) { benchCompanies(w, r, n/5, owners) },
		"people":      func(w *bufio.Writer) { benchPeople(w, r, n, owners) },
		"employments": func(w *bufio.Writer) { benchEmployments(w, r, n, n/5) },
	}
	for _, object := range []string{"companies", "people", "employments"} {
		path := filepath.Join(b.dir, object+".csv")
		if err := writeFile(path, write[object]); err != nil {
			return err
		}
		if err := b.bring(ctx, object, path); err != nil {
			return err
		}
	}
	return nil
}

func writeFile(path string, fill func(*bufio.Writer)) error {
	f, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("write bench file: %w", err)
	}
	w := bufio.NewWriterSize(f, 1<<20)
	fill(w)
	if err := w.Flush(); err != nil {
		return fmt.Errorf("write bench file: %w", err)
	}
	return f.Close()
}

// bring runs the import command and reads how fast it was.
func (b *bench) bring(ctx context.Context, object, path string) error {
	args := []string{"import", object, path, "--quiet"}
	switch object {
	case "people":
		args = append(args, "--match", "email")
	case "employments":
		mapping := filepath.Join(b.dir, "map.json")
		if err := os.WriteFile(mapping, []byte(`{"person":"person.email","company":"company.domain"}`), 0o600); err != nil {
			return fmt.Errorf("write mapping: %w", err)
		}
		args = append(args, "--map", mapping)
	}
	cmd := b.command(ctx, args...)
	cmd.Stderr = os.Stderr
	started := time.Now()
	out, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("import %s: %w", object, err)
	}
	took := time.Since(started)
	var report ImportReport
	if err := json.Unmarshal(out, &report); err != nil {
		return fmt.Errorf("read import report: %w", err)
	}
	speed := ImportSpeed{Rows: report.Rows, Rate: float64(report.Rows) / took.Seconds()}
	if usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		speed.Memory = usage.Maxrss >> 10
	}
	b.report.Imports[object] = speed
	b.order.Say(fmt.Sprintf("import %s: %d rows, %.0f a second, %d MiB", object, speed.Rows, speed.Rate, speed.Memory))
	return nil
}

// office makes an administrator, teams and their members, and a token for each of the two viewers.
func (b *bench) office(ctx context.Context) ([]ident.ID, error) {
	c := b.config
	c.Serve, c.Language = false, "az"
	w, err := Open(ctx, c)
	if err != nil {
		return nil, err
	}
	defer func() { _ = w.Close() }()
	var owners []ident.ID
	who := w.Engine.System(0)
	users, _ := who.Catalog.Object(meta.ObjectUser)
	teams, _ := who.Catalog.Object(meta.ObjectTeam)
	member, _ := w.Engine.Policy().RoleByCode(access.RoleMember)
	err = w.Engine.Write(ctx, who, change.ViaCommand, func(tx *record.Tx) error {
		owners = nil
		for t := range benchTeams {
			team, err := tx.Create(ctx, who, teams, record.Patch{"name": fmt.Sprintf("Team %d", t+1)})
			if err != nil {
				return err
			}
			for u := range benchUsers {
				user, err := tx.Create(ctx, who, users, record.Patch{
					"name": fmt.Sprintf("User %d.%d", t+1, u+1), "email": fmt.Sprintf("u%d-%d@bench.example", t+1, u+1), "team": team.ID().String(), "active": true,
				})
				if err != nil {
					return err
				}
				if err := giveRole(ctx, tx, user.ID(), member.ID); err != nil {
					return err
				}
				owners = append(owners, user.ID())
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if _, err := w.AddUser(ctx, "admin@bench.example", "Administrator", access.RoleAdministrator); err != nil {
		return nil, err
	}
	b.tokens = map[string]string{}
	for name, email := range map[string]string{"admin": "admin@bench.example", "member": "u1-1@bench.example"} {
		token, err := w.CreateToken(ctx, email, "bench", []string{"admin"})
		if err != nil {
			return nil, err
		}
		b.tokens[name] = token.Reveal()
	}
	return owners, nil
}

func benchCompanies(w *bufio.Writer, r *rand.Rand, n int, owners []ident.ID) {
	fmt.Fprintln(w, "name,domain,lifecycle,industry,size,phone,billing_address_city,owner")
	industries := []string{"retail", "software", "construction", "food", "health", "logistics", "banking", "education"}
	for i := range n {
		fmt.Fprintf(w, "%s %s %d,c%d.example,%s,%s,%s,+99412%07d,%s,%s\n", benchFamily[r.IntN(len(benchFamily))], benchTrade[r.IntN(len(benchTrade))], i, i,
			benchLifecycle(r), industries[r.IntN(len(industries))], []string{"1_10", "11_50", "51_200"}[r.IntN(3)], 4000000+i%5999999,
			[]string{"Bakı", "تهران", "Tabriz", "Gəncə", "London"}[r.IntN(5)], owners[r.IntN(len(owners))])
	}
}

var benchTrade = []string{"Trading", "Holding", "Systems", "Foods", "بازرگانی", "صنایع", "Ticarət", "Logistics"}

func benchLifecycle(r *rand.Rand) string {
	switch x := r.IntN(100); {
	case x < 60:
		return "prospect"
	case x < 95:
		return "customer"
	}
	return "former"
}

func benchPeople(w *bufio.Writer, r *rand.Rand, n int, owners []ident.ID) {
	fmt.Fprintln(w, "first_name,last_name,email,phone,job_title,lifecycle,language,owner")
	titles := []string{"Manager", "Buyer", "Engineer", "Director", "مدیر فروش", "Mühəndis", "Accountant", ""}
	for i := range n {
		fmt.Fprintf(w, "%s,%s,p%d@mail%d.example,+98912%07d,%s,%s,%s,%s\n", benchGiven[r.IntN(len(benchGiven))], benchFamily[r.IntN(len(benchFamily))], i, i%997,
			i%9999999, titles[r.IntN(len(titles))], benchLifecycle(r), []string{"en", "fa", "az"}[r.IntN(3)], owners[r.IntN(len(owners))])
	}
}

func benchEmployments(w *bufio.Writer, r *rand.Rand, people, companies int) {
	fmt.Fprintln(w, "person,company,title,buying_role,since")
	roles := []string{"decision_maker", "influencer", "champion", "other"}
	for i := range people {
		fmt.Fprintf(w, "p%d@mail%d.example,c%d.example,Employee,%s,20%02d-0%d-1%d\n", i, i%997, r.IntN(max(companies, 1)), roles[r.IntN(len(roles))], r.IntN(26), 1+r.IntN(9), r.IntN(10))
	}
}
