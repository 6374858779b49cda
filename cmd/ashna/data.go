package main

import (
	"context"
	"flag"
	"fmt"
	"runtime/debug"
	"strings"

	"ashna/app"
)

func importFlags(f *flag.FlagSet, s *settings) {
	f.StringVar(&s.mapping, "map", "", "JSON file: column of the file to field")
	f.StringVar(&s.match, "match", "", "field that finds existing records")
	f.BoolVar(&s.dryRun, "dry-run", false, "check everything, write nothing")
	f.StringVar(&s.format, "format", "", "csv or jsonl; by the name of the file unless given")
	f.StringVar(&s.errors, "errors", "", "file for the rows that were left out; FILE.errors.csv unless given")
	f.StringVar(&s.as, "as", "", "with the rights of this user instead of all rights")
	f.BoolVar(&s.quiet, "quiet", false, "no progress")
}

// A bulk import makes much garbage and needs little memory: collecting it less often, below a limit, takes a fifth off the time.
const (
	importGarbage = 400       // percent of the live heap
	importMemory  = 160 << 20 // bytes
)

func importFile(ctx context.Context, s *settings, words []string) error {
	debug.SetGCPercent(importGarbage)
	debug.SetMemoryLimit(importMemory)
	return s.with(ctx, func(w *app.Workspace) error {
		report, err := w.ImportFile(ctx, app.ImportOrder{
			Object: words[0], File: words[1], Mapping: s.mapping, Match: s.match, Format: s.format, DryRun: s.dryRun, As: s.as, Errors: s.errors,
			Progress: func(line string) {
				if !s.quiet {
					fmt.Fprint(s.words, "\r"+line)
				}
			},
		})
		if !s.quiet {
			fmt.Fprintln(s.words)
		}
		if err != nil {
			return err
		}
		if err := s.printJSON(report); err != nil {
			return err
		}
		if report.Failed > 0 {
			fmt.Fprintf(s.words, "%d rows were left out: see %s\n", report.Failed, report.Errors)
			return app.Exit(1)
		}
		return nil
	})
}

func exportFlags(f *flag.FlagSet, s *settings) {
	f.StringVar(&s.filter, "filter", "", "formula, such as: lifecycle = \"customer\"")
	f.StringVar(&s.format, "format", "csv", "csv or jsonl")
	f.StringVar(&s.fields, "fields", "", "fields with commas between; all unless given")
	f.StringVar(&s.sort, "sort", "", "order, such as: -changed_at,name")
	f.StringVar(&s.out, "out", "", "file; standard output unless given")
	f.StringVar(&s.as, "as", "", "with the rights of this user instead of all rights")
}

func exportFile(ctx context.Context, s *settings, words []string) error {
	return s.with(ctx, func(w *app.Workspace) error {
		order := app.ExportOrder{Object: words[0], Format: s.format, Filter: s.filter, Sort: s.sort, File: s.out, As: s.as, Out: s.answers}
		if s.fields != "" {
			order.Fields = strings.Split(s.fields, ",")
		}
		n, err := w.ExportFile(ctx, order)
		if err == nil {
			fmt.Fprintf(s.words, "%d records\n", n)
		}
		return err
	})
}

func userFlags(f *flag.FlagSet, s *settings) {
	f.StringVar(&s.role, "role", "member", "owner, administrator, manager, member, viewer, or the code of a role of yours")
	f.StringVar(&s.name, "name", "", "full name; the address unless given")
}

func addUser(ctx context.Context, s *settings, words []string) error {
	if words[0] != "add" {
		return fmt.Errorf("there is no command user %s; it is: ashna user add EMAIL", words[0])
	}
	return s.with(ctx, func(w *app.Workspace) error {
		password, err := w.AddUser(ctx, words[1], s.name, s.role)
		if err != nil {
			return err
		}
		fmt.Fprintln(s.words, "One-time password, to be changed at the first sign-in:")
		fmt.Fprintln(s.answers, password.Reveal())
		return nil
	})
}

func tokenFlags(f *flag.FlagSet, s *settings) {
	f.StringVar(&s.scope, "scope", "admin", "read, write, import, export, admin, or companies:read and the like, with commas between")
	f.StringVar(&s.name, "name", "command line", "what the token is for")
}

func createToken(ctx context.Context, s *settings, words []string) error {
	if words[0] != "create" {
		return fmt.Errorf("there is no command token %s; it is: ashna token create EMAIL", words[0])
	}
	return s.with(ctx, func(w *app.Workspace) error {
		token, err := w.CreateToken(ctx, words[1], s.name, strings.Split(s.scope, ","))
		if err != nil {
			return err
		}
		fmt.Fprintln(s.answers, token.Reveal())
		return nil
	})
}

func backupFile(ctx context.Context, s *settings, words []string) error {
	return s.with(ctx, func(w *app.Workspace) error {
		summary, err := w.Backup(ctx, words[0])
		if err != nil {
			return err
		}
		return s.printJSON(summary)
	})
}

func restoreFile(ctx context.Context, s *settings, words []string) error {
	summary, err := app.Restore(ctx, s.config(false), words[0])
	if err != nil {
		return err
	}
	return s.printJSON(summary)
}

func check(ctx context.Context, s *settings, _ []string) error {
	return s.with(ctx, func(w *app.Workspace) error {
		report, err := w.Check(ctx)
		if err != nil {
			return err
		}
		if err := s.printJSON(report); err != nil {
			return err
		}
		if len(report.Findings) > 0 {
			return app.Exit(1)
		}
		return nil
	})
}

func benchFlags(f *flag.FlagSet, s *settings) {
	f.IntVar(&s.rows, "rows", 10_000, "people to load; companies are a fifth of that, employments as many")
	f.IntVar(&s.clients, "clients", 16, "clients that write at once")
}

func bench(ctx context.Context, s *settings, _ []string) error {
	report, err := app.Bench(ctx, s.config(true), app.BenchOrder{Rows: s.rows, Clients: s.clients, Say: func(line string) { fmt.Fprintln(s.words, line) }})
	if err != nil {
		return err
	}
	return s.printJSON(report)
}
