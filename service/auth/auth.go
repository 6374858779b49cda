// Package auth signs people and programs in: passwords, second factors, sessions, API tokens, the one-time token of the first start, and
// the tokens that let a person choose a new password.
//
// No default account exists. Secrets are random and kept as hashes; those that must be read again are encrypted. A wrong e-mail address, a
// wrong password and a user who may not sign in cost the same work and give the same answer. Everything that happens here is written to
// the log of changes, in the transaction in which it happens and without any secret.
//
// Functions that take a transaction belong to something larger; call them inside one of the caller. The others write by
// themselves and must not be called inside a transaction. Whether the caller may do a thing to another user is decided before.
package auth

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"sync/atomic"
	"time"
	"unicode"

	"ashna/engine/change"
	"ashna/engine/db"
	"ashna/engine/meta"
	"ashna/kit/clock"
	"ashna/kit/fault"
	"ashna/kit/ident"
)

// Options are the settings of a workspace for signing in. The zero value is the ordinary one.
type Options struct {
	Issuer      string        // names the workspace in authenticator apps; "Ashna" unless given
	Directory   Directory     // finds users; those of the table of users unless given
	Record      Recorder      // writes the log; change.Append unless given
	IDs         *ident.Source // gives tokens their keys; a source of its own unless given
	Log         *slog.Logger  // hears of writes that may fail without harm; nobody unless given
	Cost        Cost          // of a password hash; 64 MiB and 3 passes unless given
	Hashers     int           // password hashes made at once; one for each core unless given
	HashWait    time.Duration // how long a sign-in waits for its turn; 5 s unless given
	MinPassword int           // least characters of a password; 10 unless given, never below 8
	Idle        time.Duration // a session that was not used for so long ends; 14 days unless given
	Absolute    time.Duration // every session ends after so long; 90 days unless given
	TokenLife   time.Duration // of an API token that asks for none; 90 days unless given
	ResetLife   time.Duration // of a token for a new password; 60 minutes unless given, never more
	SetupLife   time.Duration // of the token of the first start; 24 hours unless given
}

const (
	day             = 24 * time.Hour
	defaultWait     = 5 * time.Second
	defaultIdle     = 14 * day
	defaultAbsolute = 90 * day
	defaultToken    = 90 * day
	maxReset        = time.Hour
	defaultSetup    = day
	maxAgent        = 200 // bytes of what a browser says about itself
)

// withDefaults fills in what was not given, and holds the rest to its limits.
func (o Options) withDefaults(c clock.Clock) Options {
	if o.Issuer = strings.ReplaceAll(strings.TrimSpace(o.Issuer), ":", " "); o.Issuer == "" {
		o.Issuer = "Ashna"
	}
	if o.Directory == nil {
		o.Directory = Users()
	}
	if o.Record == nil {
		o.Record = appendChanges
	}
	if o.IDs == nil {
		o.IDs = ident.NewSource(c, ident.RandomNode())
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	o.MinPassword = orElse(o.MinPassword, defaultLength)
	o.MinPassword = max(o.MinPassword, leastLength)
	o.HashWait = orElse(o.HashWait, defaultWait)
	o.Idle = orElse(o.Idle, defaultIdle)
	o.Absolute = orElse(o.Absolute, defaultAbsolute)
	o.TokenLife = orElse(o.TokenLife, defaultToken)
	o.ResetLife = min(orElse(o.ResetLife, maxReset), maxReset)
	o.SetupLife = orElse(o.SetupLife, defaultSetup)
	return o
}

// orElse gives a number that was given, or the other.
func orElse[T int | time.Duration](given, otherwise T) T {
	if given > 0 {
		return given
	}
	return otherwise
}

// Recorder writes rows of the log in a transaction. It is the last thing that a function of this package does there.
type Recorder func(ctx context.Context, tx *db.Tx, list ...change.Change) error

func appendChanges(ctx context.Context, tx *db.Tx, list ...change.Change) error {
	return change.Append(ctx, tx, list)
}

// Caller is who asks, and from where.
type Caller struct {
	User  ident.ID   // zero while nobody is signed in, and for the program itself
	Via   change.Via // change.ViaUI unless given
	IP    netip.Addr // the invalid address when there is no network between, as for a command
	Agent string     // what the browser says about itself; 200 bytes are kept
}

// address spells where the caller is, empty when that is not known.
func (c Caller) address() string {
	if !c.IP.IsValid() {
		return ""
	}
	return c.IP.Unmap().WithZone("").String()
}

// agent is what is kept of the caller's program: one line of valid text.
func (c Caller) agent() string {
	line := strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(c.Agent[:min(len(c.Agent), maxAgent)], ""))
	return strings.TrimSpace(line)
}

// Auth signs people and programs of one workspace in. It is safe for concurrent use.
type Auth struct {
	db    *db.DB
	clock clock.Clock
	o     Options
	hash  *hasher
	cache *cache
	keys  atomic.Pointer[keyring]
}

// New makes the service over the database of a workspace that has its tables. It reads and writes nothing yet.
func New(d *db.DB, c clock.Clock, o Options) *Auth {
	o = o.withDefaults(c)
	return &Auth{db: d, clock: c, o: o, hash: newHasher(o.Cost, o.Hashers, o.HashWait), cache: newCache()}
}

// Tables makes the tables of this package. Times are µs since 1970; hashes are of the secret, never the secret.
func Tables(d *db.Dialect) []string {
	key, number, words, bytes := d.Key, d.Int+" NOT NULL", d.Text+" NOT NULL", d.Bytes+" NOT NULL"
	return []string{
		`CREATE TABLE credential (user_id ` + key + `, hash ` + words + `, changed_at ` + number + `, generation ` + number + `, totp_secret ` + d.Bytes +
			`, totp_pending ` + d.Bytes + `, totp_step ` + number + `, totp_on ` + number + `, recovery ` + words + `, must_change ` + number + `)`,
		`CREATE TABLE session (hash ` + d.Bytes + ` PRIMARY KEY, user_id ` + number + `, created_at ` + number + `, seen_at ` + number + `, expires_at ` + number +
			`, ip ` + words + `, agent ` + words + `, generation ` + number + `)`,
		`CREATE INDEX session_by_user ON session (user_id, created_at)`,
		`CREATE TABLE token (id ` + key + `, hash ` + bytes + ` UNIQUE, user_id ` + number + `, name ` + words + `, scopes ` + words + `, networks ` + words +
			`, created_at ` + number + `, expires_at ` + number + `, used_at ` + number + `, ip ` + words + `)`,
		`CREATE INDEX token_by_user ON token (user_id)`,
		`CREATE TABLE attempt (key ` + d.Text + ` PRIMARY KEY, count ` + number + `, until ` + number + `, at ` + number + `, good ` + number + `)`,
		`CREATE TABLE setup (id ` + key + `, hash ` + bytes + `, expires_at ` + number + `)`,
		`CREATE TABLE reset (hash ` + d.Bytes + ` PRIMARY KEY, user_id ` + number + `, generation ` + number + `, expires_at ` + number + `)`,
		`CREATE TABLE secret (name ` + d.Text + ` PRIMARY KEY, value ` + bytes + `)`,
	}
}

// now is the present instant as the tables keep it.
func (a *Auth) now() int64 { return a.clock.Now().UnixMicro() }

// moment is the instant of a number in the tables.
func moment(micros int64) time.Time { return time.UnixMicro(micros).UTC() }

// event is what the log says about something that happened here. It must hold no secret, nor a text that a stranger typed, because
// people type passwords into the wrong field.
type event struct {
	Event  string   `json:"event"`
	Reason string   `json:"reason,omitempty"`
	Count  int64    `json:"count,omitempty"`
	Token  ident.ID `json:"token,omitempty"`
	Name   string   `json:"name,omitempty"`
	Scopes []string `json:"scopes,omitempty"`
	IP     string   `json:"ip,omitempty"`
	Agent  string   `json:"agent,omitempty"`
}

// note writes an event of a user to the log; user is zero when nobody knows who was meant.
func (a *Auth) note(ctx context.Context, tx *db.Tx, by Caller, user ident.ID, e event) error {
	e.IP, e.Agent = by.address(), by.agent()
	fields, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("spell event %s: %w", e.Event, err)
	}
	via := by.Via
	if via == "" {
		via = change.ViaUI
	}
	return a.o.Record(ctx, tx, change.Change{
		At: a.now(), Actor: by.User, Via: via, Object: meta.ObjectUser, Record: user, Op: change.Event, Fields: fields,
	})
}

// unauthenticated is the one answer to every session and token that is not valid.
func unauthenticated() error { return fault.New(fault.Unauthenticated, "error.unauthenticated") }

// missing is the answer to a key that leads nowhere, or to what belongs to another user.
func missing() error { return fault.New(fault.NotFound, "error.not_found") }
