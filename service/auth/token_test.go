package auth

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"ashna/engine/db"
	"ashna/kit/fault"
	"ashna/kit/ident"
)

// token makes an API token.
func (w *world) token(spec TokenSpec) Secret {
	w.t.Helper()
	token, err := w.tryToken(spec)
	if err != nil {
		w.t.Fatal(err)
	}
	return token
}

func (w *world) tryToken(spec TokenSpec) (token Secret, err error) {
	err = w.tryWrite(func(ctx context.Context, tx *db.Tx) (err error) {
		token, _, err = w.CreateToken(ctx, tx, Caller{User: spec.User}, spec)
		return err
	})
	w.shown = append(w.shown, token)
	return token, err
}

var homeIP = netip.MustParseAddr(home)

func TestTokens(t *testing.T) {
	onEach(t, Options{}, func(t *testing.T, w *world) {
		ctx := context.Background()
		sara, omid := w.user("sara@example.org", ""), w.user("omid@example.org", "")
		token := w.token(TokenSpec{User: sara, Name: " Nightly  report ", Scopes: []string{"write", "companies:read", "write"}})
		w.token(TokenSpec{User: omid, Name: "other", Scopes: []string{"admin"}})
		if !LooksLikeToken(token) {
			t.Errorf("%q does not look like a token", token.Reveal())
		}
		p, err := w.Token(ctx, token, homeIP)
		if err != nil || p.User != sara || !slices.Equal(p.Scopes, []string{"companies:read", "write"}) {
			t.Errorf("got %+v, %v", p, err)
		}
		list, err := w.Tokens(ctx, sara)
		if err != nil || len(list) != 1 {
			t.Fatalf("listed %+v, %v", list, err)
		}
		info := list[0]
		if info.ID != p.Token || info.Name != "Nightly report" || !info.Created.Equal(start) || !info.Expires.Equal(start.Add(90*day)) || !info.Used.Equal(start) || info.IP != home {
			t.Errorf("listed %+v", info)
		}
		log := w.log()
		want := fmt.Sprintf(`{"event":"token_created","token":"%s","name":"Nightly report","scopes":["companies:read","write"]}`, info.ID)
		if string(log[0].Fields) != want || log[0].Record != sara {
			t.Errorf("the log says %s", log[0].Fields)
		}
		expect(t, w.RevokeToken(ctx, Caller{User: omid}, omid, info.ID), fault.NotFound, "error.not_found")
		if err := w.RevokeToken(ctx, Caller{User: omid}, sara, info.ID); err != nil {
			t.Fatal(err)
		}
		w.expectEvents("token_revoked")
		_, err = w.Token(ctx, token, homeIP)
		expect(t, err, fault.Unauthenticated, "error.unauthenticated")
		expect(t, w.RevokeToken(ctx, Caller{}, sara, info.ID), fault.NotFound, "error.not_found")
	})
}

func TestTokensThatAreRefused(t *testing.T) {
	onEach(t, Options{}, func(t *testing.T, w *world) {
		ctx := context.Background()
		sara := w.user("sara@example.org", goodPassword)
		s := w.mustSignIn("sara@example.org", goodPassword, "")
		for _, odd := range []Secret{"", "ashna_", s.Token, newAPIToken(), newToken(), Secret(strings.Repeat("a", 1_000_000))} {
			_, err := w.Token(ctx, odd, homeIP)
			expect(t, err, fault.Unauthenticated, "error.unauthenticated")
		}
		token := w.token(TokenSpec{User: sara, Name: "x", Scopes: []string{"read"}, Life: time.Hour})
		accepted := func() bool { _, err := w.Token(ctx, token, homeIP); return err == nil }
		if !accepted() {
			t.Fatal("a good token is refused")
		}
		w.change(sara, "deleted", 7)
		if accepted() {
			t.Error("the token of a user who is deleted is accepted")
		}
		w.change(sara, "deleted", 0)
		w.change(sara, "active", 0)
		if accepted() {
			t.Error("the token of a user who is not active is accepted")
		}
		w.change(sara, "active", 1)
		w.setPassword(sara, goodPassword)
		if !accepted() {
			t.Error("a token must outlive a password")
		}
		w.clock.Advance(time.Hour - time.Second)
		if !accepted() {
			t.Error("it expired too early")
		}
		w.clock.Advance(time.Second)
		_, err := w.Token(ctx, token, homeIP)
		expect(t, err, fault.Unauthenticated, "auth.token_expired")
	})
}

func TestTokenNetworks(t *testing.T) {
	onEach(t, Options{}, func(t *testing.T, w *world) {
		sara := w.user("sara@example.org", "")
		token := w.token(TokenSpec{User: sara, Name: "x", Scopes: []string{"read"}, Networks: []netip.Prefix{
			netip.MustParsePrefix("198.51.100.9/24"), netip.MustParsePrefix("2001:db8::/32"),
		}})
		for ip, want := range map[string]bool{
			home: true, "::ffff:198.51.100.1": true, "2001:db8:9::1": true, "198.51.101.7": false, "2001:db9::1": false, "127.0.0.1": false,
		} {
			_, err := w.Token(context.Background(), token, netip.MustParseAddr(ip))
			if (err == nil) != want {
				t.Errorf("from %s: %v", ip, err)
			}
			if !want {
				expect(t, err, fault.Denied, "error.denied")
			}
		}
		_, err := w.Token(context.Background(), token, netip.Addr{})
		expect(t, err, fault.Denied, "error.denied")
		list, err := w.Tokens(context.Background(), sara)
		if err != nil || len(list) != 1 || len(list[0].Networks) != 2 || list[0].Networks[0].String() != "198.51.100.0/24" {
			t.Errorf("listed %+v, %v", list, err)
		}
	})
	info := TokenInfo{Networks: []netip.Prefix{{}}}
	if info.allows(homeIP) {
		t.Error("a network that cannot be read lets everybody in")
	}
}

func TestTokenSpecs(t *testing.T) {
	w := newWorld(t, db.Config{Dir: t.TempDir()}, Options{})
	sara := w.user("sara@example.org", "")
	read := []string{"read"}
	many := make([]string, mostScopes+1)
	for i := range many {
		many[i] = fmt.Sprintf("object%d:read", i)
	}
	for _, c := range []struct {
		spec       TokenSpec
		field, key string
	}{
		{TokenSpec{Name: "", Scopes: read}, "name", "value.required"},
		{TokenSpec{Name: " \n", Scopes: read}, "name", "value.required"},
		{TokenSpec{Name: "a\xff", Scopes: read}, "name", "value.text_invalid"},
		{TokenSpec{Name: strings.Repeat("ə", maxTokenName+1), Scopes: read}, "name", "value.too_long"},
		{TokenSpec{Name: "x"}, "scopes", "value.required"},
		{TokenSpec{Name: "x", Scopes: []string{"root"}}, "scopes", "value.pattern"},
		{TokenSpec{Name: "x", Scopes: []string{"companies:delete"}}, "scopes", "value.pattern"},
		{TokenSpec{Name: "x", Scopes: []string{"read write"}}, "scopes", "value.pattern"},
		{TokenSpec{Name: "x", Scopes: []string{""}}, "scopes", "value.pattern"},
		{TokenSpec{Name: "x", Scopes: many}, "scopes", "value.too_many"},
		{TokenSpec{Name: "x", Scopes: read, Life: time.Second}, "expires", "value.range"},
		{TokenSpec{Name: "x", Scopes: read, Life: -day}, "expires", "value.range"},
		{TokenSpec{Name: "x", Scopes: read, Life: 367 * day}, "expires", "value.range"},
		{TokenSpec{Name: "x", Scopes: read, Networks: []netip.Prefix{{}}}, "networks", "value.pattern"},
		{TokenSpec{Name: "x", Scopes: read, Networks: make([]netip.Prefix, mostNetworks+1)}, "networks", "value.too_many"},
	} {
		c.spec.User = sara
		_, err := w.tryToken(c.spec)
		expect(t, err, fault.Invalid, c.key)
		if f := fault.Of(err); f != nil && f.Field != c.field {
			t.Errorf("%+v blames %q, want %q", c.spec, f.Field, c.field)
		}
	}
	_, err := w.tryToken(TokenSpec{User: ident.ID(5), Name: "x", Scopes: read})
	expect(t, err, fault.NotFound, "error.not_found")
	for _, scope := range []string{"read", "write", "admin", "export", "import", "companies:read", "c_things:write", "deals:export"} {
		if _, err := w.tryToken(TokenSpec{User: sara, Name: "x", Scopes: []string{scope}}); err != nil {
			t.Errorf("scope %s: %v", scope, err)
		}
	}
	if n := w.count("token"); n != 8 {
		t.Errorf("%d tokens were made, want 8", n)
	}
	for range mostTokens - 8 {
		w.token(TokenSpec{User: sara, Name: "x", Scopes: read})
	}
	_, err = w.tryToken(TokenSpec{User: sara, Name: "x", Scopes: read})
	expect(t, err, fault.Conflict, "value.too_many")
	w.write(func(ctx context.Context, tx *db.Tx) error {
		if n, err := w.RevokeTokens(ctx, tx, Caller{}, sara); n != mostTokens || err != nil {
			t.Errorf("revoked %d, %v", n, err)
		}
		n, err := w.RevokeTokens(ctx, tx, Caller{}, sara)
		if n != 0 {
			t.Errorf("revoked %d more", n)
		}
		return err
	})
	w.expectEvents("token_created", "tokens_revoked")
}

func TestTokenUseIsWrittenRarely(t *testing.T) {
	onEach(t, Options{}, func(t *testing.T, w *world) {
		sara := w.user("sara@example.org", "")
		token := w.token(TokenSpec{User: sara, Name: "x", Scopes: []string{"read"}})
		rows := len(w.log())
		list, err := w.Tokens(context.Background(), sara)
		if err != nil || !list[0].Used.IsZero() || list[0].IP != "" {
			t.Fatalf("a new token was used: %+v, %v", list, err)
		}
		for _, c := range []struct {
			at, want time.Duration
			ip, from string
		}{
			{0, 0, home, home}, {59 * time.Second, 0, "192.0.2.1", home}, {time.Minute, time.Minute, "192.0.2.1", "192.0.2.1"}, {-time.Hour, -time.Hour, home, home},
		} {
			w.clock.Set(start.Add(c.at))
			if _, err := w.Token(context.Background(), token, netip.MustParseAddr(c.ip)); err != nil {
				t.Fatal(err)
			}
			list, err := w.Tokens(context.Background(), sara)
			if err != nil || !list[0].Used.Equal(start.Add(c.want)) || list[0].IP != c.from {
				t.Errorf("used after %v from %s: %+v, %v", c.at, c.ip, list, err)
			}
		}
		if len(w.log()) != rows {
			t.Error("using a token fills the log")
		}
	})
}
