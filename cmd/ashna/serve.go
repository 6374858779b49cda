package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"

	"ashna/api"
	"ashna/app"
)

func serveFlags(f *flag.FlagSet, s *settings) {
	f.StringVar(&s.listen, "listen", "127.0.0.1:8080", "address to listen on")
	f.IntVar(&s.rate, "rate", 5_000, "requests a second that one person may send")
	f.StringVar(&s.language, "language", "en", "language of a new workspace: en, fa or az")
}

// serve runs the server until it is told to stop. A new workspace prints the one-time address at which the owner is made.
func serve(ctx context.Context, s *settings, _ []string) (err error) {
	w, err := app.Open(ctx, s.config(true))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	return w.Serve(ctx, s.listen, api.Limits{Rate: float64(s.rate), Burst: 2 * s.rate}, func(address string) {
		fmt.Fprintln(os.Stderr, "Ashna answers at", address)
		setup, err := w.SetupAddress(ctx, address)
		switch {
		case err != nil:
			fmt.Fprintln(os.Stderr, "the address for the first start could not be made:", app.Explain(err))
		case setup != "":
			fmt.Fprintf(os.Stderr, "\nNobody can sign in yet. Make the owner of this workspace here, once, within 24 hours:\n  %s\n"+
				"or with: ashna user add EMAIL --role owner\n\n", setup)
		}
	})
}
