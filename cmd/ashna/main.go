// Command ashna is the whole product in one binary: the server and the commands that work on its data.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"ashna/app"
)

// version is the version of the program.
const version = "0.1.0"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	var exit app.Exit
	switch {
	case err == nil:
	case errors.As(err, &exit):
		os.Exit(int(exit))
	default:
		fmt.Fprintln(os.Stderr, "ashna:", app.Explain(err))
		os.Exit(1)
	}
}

// run carries out one command. What it answers to programs goes to answers, everything else to words.
func run(ctx context.Context, args []string, answers, words io.Writer) error {
	if len(args) == 0 {
		fmt.Fprint(words, help())
		return app.Exit(2)
	}
	switch args[0] {
	case "help", "-h", "-help", "--help":
		fmt.Fprint(answers, help())
		return nil
	case "version", "-version", "--version":
		fmt.Fprintln(answers, "ashna", version)
		return nil
	}
	for _, c := range commands() {
		if c.name == args[0] {
			return c.start(ctx, args[1:], answers, words)
		}
	}
	return fmt.Errorf("there is no command %q; ashna help lists them", args[0])
}
