package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"ashna/api"
	"ashna/engine/change"
)

const (
	headerTime = 10 * time.Second
	idleTime   = 2 * time.Minute
	drainTime  = 30 * time.Second
	maxHeader  = 64 << 10
)

// Serve answers requests until ctx ends, then lets those that run come to their end. Ready is called with the address once it listens.
func (w *Workspace) Serve(ctx context.Context, listen string, limits api.Limits, ready func(address string)) error {
	handler, err := api.New(api.Deps{
		Engine: w.Engine, Auth: w.Auth, Files: w.Files, Jobs: w.Jobs, Imports: imports{w}, Exports: exports{w}, Bundle: w.Bundle, Log: w.Config.Log,
		Limits: limits, Proxies: w.Config.Proxies, Version: w.Config.Version, BaseURL: w.Engine.Settings().BaseURL,
	})
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", listen)
	if err != nil {
		return fmt.Errorf("listen on %s: %w", listen, err)
	}
	run, stop := context.WithCancel(ctx)
	defer stop()
	work := w.background(run)
	streams, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	server := &http.Server{
		Handler: ending(streams, handler), ReadHeaderTimeout: headerTime, IdleTimeout: idleTime, MaxHeaderBytes: maxHeader,
		ErrorLog: slog.NewLogLogger(w.Config.Log.Handler(), slog.LevelWarn),
	}
	server.RegisterOnShutdown(end)
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	ready(address(listener.Addr()))
	select {
	case err = <-failed:
	case <-ctx.Done():
		drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTime)
		defer cancel()
		err = server.Shutdown(drain)
	}
	stop()
	work.Wait()
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// ending ends the live streams when stopping ends: they have no end of their own, and the server waits for all that runs.
func ending(stopping context.Context, handler http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == api.LivePath {
			ctx, cancel := context.WithCancel(r.Context())
			defer cancel()
			defer context.AfterFunc(stopping, cancel)()
			r = r.WithContext(ctx)
		}
		handler.ServeHTTP(w, r)
	})
}

// background runs what works beside the requests.
func (w *Workspace) background(ctx context.Context) *sync.WaitGroup {
	work := &sync.WaitGroup{}
	work.Go(func() { w.DB.Watch(ctx) })
	work.Go(func() { w.Engine.Run(ctx) })
	work.Go(func() {
		if err := w.Jobs.Run(ctx); err != nil && ctx.Err() == nil {
			w.Config.Log.Error("run jobs", "err", err)
		}
	})
	for _, m := range modules() {
		for _, r := range m.Readers {
			work.Go(func() { change.Follow(ctx, w.DB, r, w.Config.Log) })
		}
	}
	return work
}

func address(a net.Addr) string {
	host, port, err := net.SplitHostPort(a.String())
	if err != nil {
		return a.String()
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	return "http://" + net.JoinHostPort(host, port)
}

// SetupToken gives the one-time token with which the owner of a new workspace is made; empty when there is one.
func (w *Workspace) SetupToken(ctx context.Context) (string, error) {
	token, needed, err := w.Auth.Setup(ctx)
	if err != nil || !needed {
		return "", err
	}
	return token.Reveal(), nil
}
