package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"ashna/api"
	"ashna/app"
)

func serveFlags(f *flag.FlagSet, s *settings) {
	f.StringVar(&s.listen, "listen", "127.0.0.1:8080", "address to listen on")
	f.IntVar(&s.rate, "rate", 5_000, "requests a second that one person may send")
	f.DurationVar(&s.wait, "wait", 30*time.Second, "how long a request may wait and work until it is told to come again")
	f.Func("proxies", "networks of proxies that are believed when they say for whom they ask, such as 10.0.0.0/8, with commas between", s.trust)
	f.StringVar(&s.language, "language", "en", "language of a new workspace: en, fa or az")
}

// firstStart is what a workspace without users says: the address and the token follow.
const firstStart = `
Nobody can sign in yet. Make the owner of this workspace with

  ashna user add EMAIL --role owner

and the same --data or --database as here, or once, within 24 hours, over the API:

  curl %s/api/v1/setup --json '{"token": "%s",
    "name": "YOUR NAME", "email": "EMAIL", "password": "PASSWORD"}'

`

// trust reads the networks of proxies.
func (s *settings) trust(list string) error {
	for _, text := range strings.Split(list, ",") {
		prefix, err := netip.ParsePrefix(strings.TrimSpace(text))
		if err != nil {
			return fmt.Errorf("%q is no network such as 10.0.0.0/8", text)
		}
		s.proxies = append(s.proxies, prefix)
	}
	return nil
}

// serve runs the server until it is told to stop. A workspace without users prints how the owner is made.
func serve(ctx context.Context, s *settings, _ []string) (err error) {
	w, err := app.Open(ctx, s.config(true))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	return w.Serve(ctx, s.listen, api.Limits{Rate: float64(s.rate), Burst: 2 * s.rate, Time: s.wait}, func(address string) {
		fmt.Fprintln(s.words, "Ashna answers at", address)
		token, err := w.SetupToken(ctx)
		switch {
		case err != nil:
			fmt.Fprintln(s.words, "the token for the first start could not be made:", app.Explain(err))
		case token != "":
			fmt.Fprintf(s.words, firstStart, address, token)
		}
	})
}
