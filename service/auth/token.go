package auth

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"time"

	"ashna/engine/db"
	"ashna/kit/fault"
	"ashna/kit/ident"
	"ashna/kit/text"
)

const (
	usedEvery    = time.Minute // at most so often it is written that a token was used
	longestToken = 366 * day
	mostTokens   = 100 // of one user
	mostScopes   = 50
	mostNetworks = 50
	maxTokenName = 120
	keepExpired  = 30 * day // an expired token stays in the list so long
)

// scopePattern is a right over everything ("read", "write", "export", "import", "admin"), or over one kind of records ("companies:read").
var scopePattern = regexp.MustCompile(`^([a-z][a-z0-9_]{0,59}:)?(read|write|export|import|admin)$`)

// TokenSpec describes an API token that is wanted.
type TokenSpec struct {
	User     ident.ID // whose rights it has at most
	Name     string
	Scopes   []string // at least one; "admin" is everything the user may do
	Life     time.Duration
	Networks []netip.Prefix // from where it may be used; none is from everywhere
}

// check holds what was asked to its limits, and gives it tidied.
func (s TokenSpec) check(otherwise time.Duration) (TokenSpec, error) {
	var list fault.List
	name, err := text.CleanLine(s.Name)
	switch {
	case err != nil:
		list.Add(fault.At("name", "value.text_invalid"))
	case name == "":
		list.Add(fault.At("name", "value.required"))
	case len([]rune(name)) > maxTokenName:
		list.Add(fault.At("name", "value.too_long", "max", maxTokenName))
	}
	s.Name = name
	s.Scopes = slices.Compact(slices.Sorted(slices.Values(s.Scopes)))
	switch {
	case len(s.Scopes) == 0:
		list.Add(fault.At("scopes", "value.required"))
	case len(s.Scopes) > mostScopes:
		list.Add(fault.At("scopes", "value.too_many", "max", mostScopes))
	}
	for _, scope := range s.Scopes[:min(len(s.Scopes), mostScopes)] {
		if !scopePattern.MatchString(scope) {
			list.Add(fault.At("scopes", "value.pattern"))
			break
		}
	}
	if s.Life == 0 {
		s.Life = otherwise
	}
	if s.Life < time.Minute || s.Life > longestToken {
		list.Add(fault.At("expires", "value.range"))
	}
	if len(s.Networks) > mostNetworks {
		list.Add(fault.At("networks", "value.too_many", "max", mostNetworks))
	}
	if slices.ContainsFunc(s.Networks, func(p netip.Prefix) bool { return !p.IsValid() }) {
		list.Add(fault.At("networks", "value.pattern"))
	}
	return s, list.Or()
}

// CreateToken makes an API token and gives its text, "ashna_" and 59 letters, which is shown this once. It lives 90 days unless something
// else is asked, from a minute to 366 days. Refusals are faults of the fields "name", "scopes", "expires" and "networks", Conflict
// "value.too_many" when the user has too many tokens, NotFound without such an active user.
func (a *Auth) CreateToken(ctx context.Context, tx *db.Tx, by Caller, spec TokenSpec) (Secret, ident.ID, error) {
	spec, err := spec.check(a.o.TokenLife)
	if err != nil {
		return "", 0, err
	}
	if err := a.mustBeActive(ctx, tx, spec.User); err != nil {
		return "", 0, err
	}
	row, _, err := db.One(ctx, tx, "SELECT count(*) FROM token WHERE user_id = $1", int64(spec.User))
	if err != nil {
		return "", 0, fmt.Errorf("count tokens: %w", err)
	}
	if row.Int(0) >= mostTokens {
		return "", 0, fault.New(fault.Conflict, "value.too_many", "max", mostTokens)
	}
	networks := make([]string, len(spec.Networks))
	for i, p := range spec.Networks {
		networks[i] = p.Masked().String()
	}
	token, id, now := newAPIToken(), a.o.IDs.Next(), a.now()
	_, err = tx.Exec(ctx, "INSERT INTO token (id, hash, user_id, name, scopes, networks, created_at, expires_at, used_at, ip) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, '')",
		int64(id), digest(forToken, token), int64(spec.User), spec.Name, strings.Join(spec.Scopes, " "), strings.Join(networks, " "), now, now+spec.Life.Microseconds())
	if err != nil {
		return "", 0, fmt.Errorf("make token: %w", err)
	}
	return token, id, a.note(ctx, tx, by, spec.User, event{Event: "token_created", Token: id, Name: spec.Name, Scopes: spec.Scopes})
}

// mustBeActive refuses a user who is not there or may not sign in.
func (a *Auth) mustBeActive(ctx context.Context, q db.Querier, user ident.ID) error {
	who, found, err := a.o.Directory.ByID(ctx, q, user)
	if err != nil {
		return err
	}
	if !found || !who.Active {
		return missing()
	}
	return nil
}

// Program is who an API token stands for.
type Program struct {
	User   ident.ID
	Token  ident.ID
	Scopes []string
}

const selectTokens = "SELECT id, user_id, name, scopes, networks, created_at, expires_at, used_at, ip FROM token "

// Token says for whom a program works that brings an API token from an address. Unauthenticated is the answer to what is no token of ours, was
// revoked, or belongs to a user who may not sign in, and with "auth.token_expired" to an expired one; Denied to the wrong network.
func (a *Auth) Token(ctx context.Context, token Secret, ip netip.Addr) (Program, error) {
	if !LooksLikeToken(token) {
		return Program{}, unauthenticated()
	}
	var info TokenInfo
	err := a.db.Read(ctx, func(q db.Querier) error {
		row, found, err := db.One(ctx, q, selectTokens+"WHERE hash = $1", digest(forToken, token))
		if err != nil {
			return fmt.Errorf("read token: %w", err)
		}
		if !found {
			return unauthenticated()
		}
		info = tokenInfo(row)
		if err := a.mustBeActive(ctx, q, info.User); fault.Is(err, fault.NotFound) {
			return unauthenticated()
		} else if err != nil {
			return err
		}
		return nil
	})
	if err != nil {
		return Program{}, err
	}
	now := a.clock.Now()
	if !now.Before(info.Expires) {
		return Program{}, fault.New(fault.Unauthenticated, "auth.token_expired")
	}
	if !info.allows(ip) {
		return Program{}, fault.New(fault.Denied, "error.denied")
	}
	a.touchToken(ctx, info, Caller{IP: ip}.address(), now)
	return Program{User: info.User, Token: info.ID, Scopes: info.Scopes}, nil
}

// touchToken writes now and then that a token was used. A failure is only logged, as with sessions.
func (a *Auth) touchToken(ctx context.Context, info TokenInfo, address string, now time.Time) {
	if age := now.Sub(info.Used); age >= 0 && age < usedEvery {
		return
	}
	err := a.db.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, "UPDATE token SET used_at = $1, ip = $2 WHERE id = $3", now.UnixMicro(), address, int64(info.ID))
		return err
	})
	if err != nil {
		a.o.Log.WarnContext(ctx, "write that a token was used", "token", info.ID, "err", err)
	}
}

// TokenInfo is one line of the list of a user's API tokens.
type TokenInfo struct {
	ID       ident.ID
	User     ident.ID
	Name     string
	Scopes   []string
	Networks []netip.Prefix
	Created  time.Time
	Expires  time.Time
	Used     time.Time // a minute rough; the zero time when it never was
	IP       string    // from where it was used then
}

func tokenInfo(r db.Row) TokenInfo {
	info := TokenInfo{
		ID: ident.ID(r.Int(0)), User: ident.ID(r.Int(1)), Name: r.Text(2), Scopes: strings.Fields(r.Text(3)),
		Created: moment(r.Int(5)), Expires: moment(r.Int(6)), IP: r.Text(8),
	}
	for _, s := range strings.Fields(r.Text(4)) {
		p, _ := netip.ParsePrefix(s) // one that cannot be read stays in the list, invalid, and lets nobody in
		info.Networks = append(info.Networks, p)
	}
	if used := r.Int(7); used > 0 {
		info.Used = moment(used)
	}
	return info
}

// allows says whether the token may be used from an address.
func (t TokenInfo) allows(ip netip.Addr) bool {
	ip = ip.Unmap().WithZone("")
	return len(t.Networks) == 0 || slices.ContainsFunc(t.Networks, func(p netip.Prefix) bool { return p.Contains(ip) })
}

// Tokens lists the API tokens of a user, the newest first; those that expired lately are among them.
func (a *Auth) Tokens(ctx context.Context, user ident.ID) ([]TokenInfo, error) {
	var list []TokenInfo
	err := a.db.Read(ctx, func(q db.Querier) error {
		list = nil
		return db.Each(ctx, q, selectTokens+"WHERE user_id = $1 ORDER BY id DESC", []any{int64(user)}, func(r db.Row) error {
			list = append(list, tokenInfo(r))
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("list tokens of user %s: %w", user, err)
	}
	return list, nil
}

// RevokeToken ends an API token of a user; NotFound when the user has none with the key.
func (a *Auth) RevokeToken(ctx context.Context, by Caller, user, token ident.ID) error {
	return a.db.Write(ctx, func(tx *db.Tx) error {
		n, err := tx.Exec(ctx, "DELETE FROM token WHERE id = $1 AND user_id = $2", int64(token), int64(user))
		if err != nil {
			return fmt.Errorf("revoke token %s: %w", token, err)
		}
		if n == 0 {
			return missing()
		}
		return a.note(ctx, tx, by, user, event{Event: "token_revoked", Token: token})
	})
}

// RevokeTokens ends all API tokens of a user and says how many there were.
func (a *Auth) RevokeTokens(ctx context.Context, tx *db.Tx, by Caller, user ident.ID) (int64, error) {
	n, err := tx.Exec(ctx, "DELETE FROM token WHERE user_id = $1", int64(user))
	if err != nil {
		return 0, fmt.Errorf("revoke tokens of user %s: %w", user, err)
	}
	if n == 0 {
		return 0, nil
	}
	return n, a.note(ctx, tx, by, user, event{Event: "tokens_revoked", Count: n})
}

// passwordLength is the length of a password that the program makes: letters and digits without those that are mistaken for others.
const passwordLength = 16

// NewPassword makes a one-time password of about 79 bits, to be read and typed.
func NewPassword() Secret {
	const letters = "abcdefghjkmnpqrstuvwxyz23456789"
	text := make([]byte, 0, passwordLength)
	for len(text) < passwordLength {
		var b [1]byte
		_, _ = rand.Read(b[:]) // it never fails: see crypto/rand
		if int(b[0]) < len(letters)*8 {
			text = append(text, letters[int(b[0])%len(letters)])
		}
	}
	return Secret(text)
}
