package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"ashna/app"
	"ashna/testkit"
)

// outcome is what a run of the program left.
type outcome struct {
	status   int    // as the shell sees it
	out, err string // what it printed for programs, and for people
	failed   error
}

// program runs the program as main does, with its outputs kept.
func program(t *testing.T, args ...string) outcome {
	t.Helper()
	return programUntil(t, t.Context(), nil, args...)
}

// programUntil runs the program until ctx ends; heard gets each piece of what it says to people.
func programUntil(t *testing.T, ctx context.Context, heard func(string), args ...string) outcome {
	t.Helper()
	answers, words := &listener{}, &listener{heard: heard}
	failed := run(ctx, args, answers, words)
	o := outcome{out: answers.String(), err: words.String(), failed: failed}
	var exit app.Exit
	switch {
	case failed == nil:
	case errors.As(failed, &exit):
		o.status = int(exit)
	default:
		o.status = 1
		o.err += "ashna: " + app.Explain(failed)
	}
	return o
}

// listener keeps what is written to it, and tells of each piece.
type listener struct {
	mu    sync.Mutex
	text  bytes.Buffer
	heard func(string)
}

func (l *listener) Write(p []byte) (int, error) {
	l.mu.Lock()
	n, err := l.text.Write(p)
	all := l.text.String()
	l.mu.Unlock()
	if l.heard != nil {
		l.heard(all)
	}
	return n, err
}

func (l *listener) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// want checks status, and parts of what was printed.
func (o outcome) want(t *testing.T, status int, out, err string) {
	t.Helper()
	if o.status != status || !strings.Contains(o.out, out) || !strings.Contains(o.err, err) {
		t.Errorf("status %d, want %d; it printed %q, want %q; it said %q, want %q", o.status, status, o.out, out, o.err, err)
	}
}

func TestHelp(t *testing.T) {
	for _, word := range []string{"help", "-h", "-help", "--help"} {
		o := program(t, word)
		o.want(t, 0, "Use: ashna COMMAND", "")
		for _, c := range commands() {
			if !strings.Contains(o.out, "ashna "+c.name) || !strings.Contains(o.out, c.about) {
				t.Errorf("%s does not tell of %s", word, c.name)
			}
		}
	}
	o := program(t)
	o.want(t, 2, "", "Use: ashna COMMAND")
	if o.out != "" {
		t.Errorf("without a command it prints %q for programs", o.out)
	}
	for _, word := range []string{"version", "-version", "--version"} {
		program(t, word).want(t, 0, "ashna "+version+"\n", "")
	}
}

// Every command explains itself, and refuses flags it does not have, a missing word and a word too many.
func TestEveryCommand(t *testing.T) {
	for _, c := range commands() {
		t.Run(c.name, func(t *testing.T) {
			o := program(t, c.name, "--help")
			o.want(t, 0, "", "Use: ashna "+c.name)
			for _, shared := range []string{"-data", "-database", "-verbose"} {
				if !strings.Contains(o.err, shared) {
					t.Errorf("the help lacks %s", shared)
				}
			}
			for _, name := range regexp.MustCompile(`--[a-z-]+`).FindAllString(c.usage, -1) {
				if !strings.Contains(o.err, name[1:]) {
					t.Errorf("the usage names %s, which is no flag", name)
				}
			}
			program(t, c.name, "--colour", "red").want(t, 2, "", "colour")
			words := slices.Repeat([]string{"word"}, c.args+1)
			program(t, append([]string{c.name, "--data", t.TempDir()}, words...)...).want(t, 2, "", "Use: ashna "+c.name)
			if c.args > 0 {
				program(t, append([]string{c.name}, words[:c.args-1]...)...).want(t, 2, "", "Use: ashna "+c.name)
			}
			if c.about == "" || strings.HasSuffix(c.about, ".") || c.do == nil {
				t.Errorf("command %+v", c)
			}
		})
	}
}

func TestUnknown(t *testing.T) {
	for _, args := range [][]string{{"sell"}, {""}, {"Serve"}, {"--data", "x"}, {"-"}, {"serve "}} {
		program(t, args...).want(t, 1, "", "there is no command")
	}
	program(t, "user", "remove", "x@example.org").want(t, 1, "", "there is no command user remove")
	program(t, "token", "steal", "x@example.org").want(t, 1, "", "there is no command token steal")
}

// Flags stand before, between and after the words; two dashes end them.
func TestParse(t *testing.T) {
	for _, c := range []struct {
		args  []string
		words string
		data  string
		dry   bool
		bad   bool
	}{
		{[]string{}, "", "d", false, false},
		{[]string{"a", "b"}, "a b", "d", false, false},
		{[]string{"--data", "x", "a", "b"}, "a b", "x", false, false},
		{[]string{"a", "--data", "x", "b"}, "a b", "x", false, false},
		{[]string{"a", "b", "--data=x", "--dry-run"}, "a b", "x", true, false},
		{[]string{"-dry-run", "a", "-data", "x", "b"}, "a b", "x", true, false},
		{[]string{"--dry-run=false", "a"}, "a", "d", false, false},
		{[]string{"a", "--data"}, "", "", false, true},
		{[]string{"--dry-run=perhaps"}, "", "", false, true},
		{[]string{"a", "--no-such"}, "", "", false, true},
		{[]string{"", "-"}, " -", "d", false, false},
	} {
		f := flag.NewFlagSet("test", flag.ContinueOnError)
		f.SetOutput(io.Discard)
		data, dry := f.String("data", "d", ""), f.Bool("dry-run", false, "")
		words, err := parse(f, c.args)
		if (err != nil) != c.bad {
			t.Errorf("%q: %v", c.args, err)
			continue
		}
		if err == nil && (strings.Join(words, " ") != c.words || *data != c.data || *dry != c.dry) {
			t.Errorf("%q is %q, data %q, dry %v; want %+v", c.args, words, *data, *dry, c)
		}
	}
}

// The environment gives what no flag says; a flag wins.
func TestEnvironment(t *testing.T) {
	given := func() (*flag.FlagSet, *string, *bool, *int) {
		f := flag.NewFlagSet("test", flag.ContinueOnError)
		f.SetOutput(io.Discard)
		return f, f.String("data", "d", ""), f.Bool("dry-run", false, ""), f.Int("rate", 7, "")
	}
	t.Setenv("ASHNA_DATA", "from the environment")
	t.Setenv("ASHNA_DRY_RUN", "true")
	f, data, dry, rate := given()
	if err := environment(f); err != nil || *data != "from the environment" || !*dry || *rate != 7 {
		t.Errorf("%q, %v, %d, %v", *data, *dry, *rate, err)
	}
	if _, err := parse(f, []string{"--data", "flag", "--dry-run=false"}); err != nil || *data != "flag" || *dry {
		t.Errorf("the flag does not win: %q, %v, %v", *data, *dry, err)
	}
	t.Setenv("ASHNA_RATE", "fast")
	f, _, _, _ = given()
	if err := environment(f); err == nil || !strings.Contains(err.Error(), "ASHNA_RATE") {
		t.Errorf("a value that is none: %v", err)
	}
	o := program(t, "serve")
	o.want(t, 1, "", "ASHNA_RATE")
	t.Setenv("ASHNA_RATE", "")
	program(t, "serve").want(t, 1, "", "ASHNA_RATE")
}

func TestConfig(t *testing.T) {
	for _, c := range []struct {
		serve, verbose bool
		least          slog.Level
	}{{true, false, slog.LevelInfo}, {true, true, slog.LevelDebug}, {false, false, slog.LevelWarn}, {false, true, slog.LevelDebug}} {
		s := settings{data: "d", database: "postgres://x", language: "az", verbose: c.verbose}
		got := s.config(c.serve)
		if got.Data != "d" || got.Database != "postgres://x" || got.Language != "az" || got.Serve != c.serve || got.Version != version {
			t.Errorf("config %+v", got)
		}
		if !got.Log.Enabled(t.Context(), c.least) || got.Log.Enabled(t.Context(), c.least-1) {
			t.Errorf("%+v logs from another level on", c)
		}
	}
}

// The whole life of a workspace through commands: users, files in and out, check, backup, damage, restore.
func TestCommands(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) { life(t, "") })
	t.Run("postgres", func(t *testing.T) {
		url, ok := testkit.PostgresURL(t)
		if !ok {
			t.Skip("PostgreSQL tests are off")
		}
		life(t, url)
	})
}

func life(t *testing.T, database string) {
	dir := t.TempDir()
	t.Setenv("ASHNA_DATA", filepath.Join(dir, "data"))
	t.Setenv("ASHNA_DATABASE", database)
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	o := program(t, "user", "add", "sara@example.org", "--role", "administrator", "--name", "Sara")
	o.want(t, 0, "\n", "One-time password")
	if !regexp.MustCompile(`^[a-z2-9]{12,}\n$`).MatchString(o.out) {
		t.Errorf("the password is not alone on its line: %q", o.out)
	}
	program(t, "user", "add", "sara@example", "--role", "king").want(t, 1, "", "ashna: ")
	o = program(t, "token", "create", "sara@example.org", "--scope", "read,companies:write", "--name", "reports")
	o.want(t, 0, "\n", "")
	if strings.Count(o.out, "\n") != 1 || o.err != "" {
		t.Errorf("the token is not alone: %q, %q", o.out, o.err)
	}
	program(t, "token", "create", "nobody@example.org").want(t, 1, "", "email")

	good := file("companies.csv", "name,domain\nAraz,araz.example\nKür,kur.example\n")
	o = program(t, "import", "companies", good, "--dry-run")
	o.want(t, 0, `"created": 2`, "2 rows")
	program(t, "export", "companies").want(t, 0, "name", "0 records")
	o = program(t, "import", "--quiet", "companies", good, "--as", "sara@example.org")
	o.want(t, 0, `"state": "done"`, "")
	if o.err != "" {
		t.Errorf("it was to be quiet and said %q", o.err)
	}
	bad := file("people.csv", "name,email\nReza,reza@example.org\nSara,nowhere\n")
	o = program(t, "import", "people", bad)
	o.want(t, 1, `"failed": 1`, "1 rows were left out: see "+bad+".errors.csv")
	var report app.ImportReport
	if err := json.Unmarshal([]byte(o.out), &report); err != nil || report.Created != 1 || report.Errors != bad+".errors.csv" {
		t.Errorf("report %+v, %v", report, err)
	}
	program(t, "import", "companies", filepath.Join(dir, "none.csv")).want(t, 1, "", "none.csv")

	program(t, "export", "companies", "--filter", `domain = "kur.example"`, "--fields", "name,domain", "--format", "jsonl").want(t, 0, `"name":"Kür"`, "1 records")
	program(t, "export", "companies", "--filter", "domain =").want(t, 1, "", "ashna: ")
	out := filepath.Join(dir, "out.csv")
	o = program(t, "export", "companies", "--sort", "-name", "--out", out, "--fields", "name")
	o.want(t, 0, "", "2 records")
	if text, err := os.ReadFile(out); err != nil || o.out != "" || strings.Index(string(text), "Kür") > strings.Index(string(text), "Araz") {
		t.Errorf("file %q, %v; printed %q", text, err, o.out)
	}

	program(t, "check").want(t, 0, `"findings": []`, "")
	archive := filepath.Join(dir, "all.ashna")
	program(t, "backup", archive).want(t, 0, `"Hash"`, "")
	restored := filepath.Join(dir, "restored")
	program(t, "restore", archive, "--data", restored, "--database", "").want(t, 0, `"Rows"`, "")
	program(t, "export", "companies", "--data", restored, "--database=", "--fields", "name").want(t, 0, "Araz", "2 records")
	program(t, "restore", archive, "--data", restored, "--database=").want(t, 1, "", "holds a workspace already")
	damage(t, archive)
	program(t, "restore", archive, "--data", filepath.Join(dir, "third"), "--database=").want(t, 1, "", "damaged")
	program(t, "check", "--data", filepath.Join(dir, "third"), "--database=").want(t, 1, "", "did not come to its end")
}

func damage(t *testing.T, path string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text[len(text)/2] ^= 1
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

// The server says where it answers, tells how the owner is made while there is none, and ends well when it is told to.
func TestServe(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	for _, owner := range []bool{false, true} {
		ctx, stop := context.WithCancel(t.Context())
		var answered int
		at := regexp.MustCompile(`Ashna answers at (\S+)\n`)
		asked := false
		o := programUntil(t, ctx, func(text string) {
			m := at.FindStringSubmatch(text)
			if m == nil || asked || !owner && !strings.Contains(text, "PASSWORD") {
				return
			}
			asked = true
			if answer, err := http.Get(m[1] + "/healthz"); err == nil {
				answered = answer.StatusCode
				_ = answer.Body.Close()
			}
			stop()
		}, "serve", "--data", data, "--listen", "127.0.0.1:0", "--language", "fa")
		stop()
		o.want(t, 0, "", "Ashna answers at http://127.0.0.1:")
		if answered != 200 {
			t.Errorf("health %d", answered)
		}
		if strings.Contains(o.err, "user add") == owner {
			t.Errorf("with an owner %v it says %q", owner, o.err)
		}
		if o.out != "" {
			t.Errorf("it prints %q for programs", o.out)
		}
		if !owner {
			program(t, "user", "add", "owner@example.org", "--role", "owner", "--data", data).want(t, 0, "\n", "")
		}
	}
	program(t, "serve", "--data", filepath.Join(t.TempDir(), "d"), "--listen", "nowhere").want(t, 1, "", "listen on nowhere")
	program(t, "serve", "--data", filepath.Join(t.TempDir(), "d"), "--language", "tlh").want(t, 1, "", "language")
}

// A check that finds something says so by its status.
func TestCheckFinds(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	program(t, "check", "--data", data).want(t, 0, `"findings": []`, "")
	w, err := app.Open(t.Context(), app.Config{Data: data})
	if err != nil {
		t.Fatal(err)
	}
	stored, err := w.Files.Put(t.Context(), strings.NewReader("nobody's"), 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	old := time.Now().Add(-48 * time.Hour)
	_ = filepath.WalkDir(data, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && filepath.Base(filepath.Dir(path))+filepath.Base(path) == stored.Hash {
			return os.Chtimes(path, old, old)
		}
		return err
	})
	o := program(t, "check", "--data", data)
	o.want(t, 1, "no record names it", "")
	var report app.Report
	if err := json.Unmarshal([]byte(o.out), &report); err != nil || len(report.Findings) != 1 || report.Findings[0].Where != "file "+stored.Hash {
		t.Errorf("report %+v, %v", report, err)
	}
	if fmt.Sprint(o.failed) != "exit status 1" {
		t.Errorf("it ends with %v", o.failed)
	}
}
