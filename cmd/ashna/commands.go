package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"os"
	"strings"
	"time"

	"ashna/app"
)

// command is one command of the program.
type command struct {
	name  string
	usage string
	about string
	args  int // words that must follow the flags
	flags func(*flag.FlagSet, *settings)
	do    func(context.Context, *settings, []string) error
}

// settings are what flags and the environment say.
type settings struct {
	answers, words                          io.Writer // for programs, and for people
	proxies                                 []netip.Prefix
	data, database, listen, language        string
	mapping, match, as, format, filter, out string
	fields, role, name, scope, sort, errors string
	dryRun, verbose, quiet                  bool
	rows, clients, rate                     int
	wait                                    time.Duration
}

func commands() []command {
	return []command{
		{name: "serve", usage: "[--data DIR] [--database URL] [--listen ADDR]", about: "run the server", flags: serveFlags, do: serve},
		{name: "import", usage: "OBJECT FILE [--map FILE] [--match FIELD] [--dry-run] [--errors FILE] [--as EMAIL]",
			about: "bring records in from CSV or JSON lines; the same command goes on after an interruption", args: 2, flags: importFlags, do: importFile},
		{name: "export", usage: "OBJECT [--filter F] [--format csv|jsonl] [--fields A,B] [--out FILE] [--as EMAIL]", about: "write records out", args: 1, flags: exportFlags, do: exportFile},
		{name: "user", usage: "add EMAIL [--role R] [--name N]", about: "add a user and print a one-time password", args: 2, flags: userFlags, do: addUser},
		{name: "token", usage: "create EMAIL [--scope S] [--name N]", about: "make an API token and print it", args: 2, flags: tokenFlags, do: createToken},
		{name: "backup", usage: "FILE", about: "write everything into one file, while the server runs", args: 1, do: backupFile},
		{name: "restore", usage: "FILE", about: "read a backup into an empty place", args: 1, do: restoreFile},
		{name: "check", usage: "", about: "check data, links, log and files; exit status 1 with findings", do: check},
		{name: "bench", usage: "[--rows N] [--clients N]", about: "load data, measure over HTTP and print percentiles and rates as JSON", flags: benchFlags, do: bench},
	}
}

func help() string {
	var b strings.Builder
	b.WriteString("Ashna, a customer relationship management system.\n\nUse: ashna COMMAND [FLAGS] [WORDS]\n\n")
	for _, c := range commands() {
		fmt.Fprintf(&b, "  %-8s %s\n           %s\n", c.name, c.about, strings.TrimSpace("ashna "+c.name+" "+c.usage))
	}
	b.WriteString("  version  print the version\n\n" +
		"Every command takes --data DIR (default ashna-data) and --database URL (postgres://…; SQLite in the data folder unless given).\n" +
		"Each flag can stand in the environment: ASHNA_DATA, ASHNA_DATABASE, ASHNA_LISTEN and so on. Answers for programs go to standard\n" +
		"output, everything else to standard error.\n")
	return b.String()
}

// start reads flags wherever they stand and runs the command.
func (c command) start(ctx context.Context, args []string, answers, said io.Writer) error {
	s := &settings{answers: answers, words: said}
	f := flag.NewFlagSet(c.name, flag.ContinueOnError)
	f.SetOutput(s.words)
	f.Usage = func() {
		fmt.Fprintf(s.words, "Use: ashna %s %s\n\n%s.\n\n", c.name, c.usage, c.about)
		f.PrintDefaults()
	}
	f.StringVar(&s.data, "data", "ashna-data", "folder of the data")
	f.StringVar(&s.database, "database", "", "postgres://… instead of SQLite in the data folder")
	f.BoolVar(&s.verbose, "verbose", false, "log more")
	if c.flags != nil {
		c.flags(f, s)
	}
	if err := environment(f); err != nil {
		return err
	}
	words, err := parse(f, args)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return app.Exit(2)
	}
	if len(words) != c.args {
		f.Usage()
		return app.Exit(2)
	}
	return c.do(ctx, s, words)
}

// environment takes ASHNA_NAME for each flag that has a value there.
func environment(f *flag.FlagSet) error {
	var err error
	f.VisitAll(func(x *flag.Flag) {
		name := "ASHNA_" + strings.ToUpper(strings.ReplaceAll(x.Name, "-", "_"))
		if value, ok := os.LookupEnv(name); ok {
			if e := f.Set(x.Name, value); e != nil {
				err = fmt.Errorf("%s: %w", name, e)
			}
		}
	})
	return err
}

// parse lets flags stand before, between and after the words.
func parse(f *flag.FlagSet, args []string) ([]string, error) {
	var words []string
	for {
		if err := f.Parse(args); err != nil {
			return nil, err
		}
		if f.NArg() == 0 {
			return words, nil
		}
		words = append(words, f.Arg(0))
		args = f.Args()[1:]
	}
}

func (s *settings) config(serve bool) app.Config {
	level := slog.LevelInfo
	if s.verbose {
		level = slog.LevelDebug
	}
	if !serve && !s.verbose {
		level = slog.LevelWarn
	}
	return app.Config{
		Data: s.data, Database: s.database, Serve: serve, Language: s.language, Version: version, Wait: s.wait, Proxies: s.proxies,
		Log: slog.New(slog.NewTextHandler(s.words, &slog.HandlerOptions{Level: level})),
	}
}

// with opens the workspace for one command.
func (s *settings) with(ctx context.Context, do func(*app.Workspace) error) (err error) {
	w, err := app.Open(ctx, s.config(false))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	return do(w)
}

// printJSON writes an answer for programs.
func (s *settings) printJSON(v any) error {
	e := json.NewEncoder(s.answers)
	e.SetIndent("", "  ")
	return e.Encode(v)
}
