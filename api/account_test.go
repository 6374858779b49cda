package api

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"ashna/engine/access"
	"ashna/engine/db"
	"ashna/service/auth"
)

// TestEveryRouteAsksWhoItIs calls every route as nobody: only what is public answers.
func TestEveryRouteAsksWhoItIs(t *testing.T) {
	w := onFile(t, withBulk)
	open := map[string]bool{"POST /api/v1/setup": true, "POST /api/v1/session": true, "GET /api/openapi.json": true, "GET /healthz": true, "GET /readyz": true}
	for _, rt := range w.server.routes {
		path := strings.NewReplacer("{objects}", "companies", "{action}", "tally", "{id}", w.owner.String(), "{principal}", w.owner.String(),
			"{object}", "companies", "{field}", "name", "{rule}", "positive").Replace(rt.pattern)
		req := httptest.NewRequest(rt.method, "http://example.org"+path, strings.NewReader("{}"))
		req.RemoteAddr = "203.0.113.5:1000"
		req.Header.Set("Content-Type", "application/json")
		got := w.recorded(req)
		switch name := rt.method + " " + rt.pattern; {
		case open[name]:
			if got.Code == http.StatusUnauthorized && !strings.Contains(got.Body.String(), "auth.") {
				t.Errorf("%s is not public: %d %s", name, got.Code, got.Body)
			}
		case got.Code != http.StatusUnauthorized || got.Header().Get("WWW-Authenticate") == "" || !strings.Contains(got.Body.String(), "error.unauthenticated"):
			t.Errorf("%s answered nobody with %d %s", name, got.Code, got.Body)
		}
	}
}

func TestRoutesWithoutPolicyDoNotStart(t *testing.T) {
	w := onFile(t, nil)
	do := func(http.ResponseWriter, *request) error { return nil }
	for name, list := range map[string][]route{
		"no policy":  {{method: "GET", pattern: "/x", do: do}},
		"no handler": {{method: "GET", pattern: "/x", policy: public}},
		"twice":      {{method: "GET", pattern: "/x", policy: public, do: do}, {method: "GET", pattern: "/x", policy: public, do: do}},
	} {
		s := &server{Deps: w.server.Deps, mux: http.NewServeMux(), byName: map[string]*route{}}
		if s.mount(list) == nil {
			t.Errorf("%s: it started", name)
		}
	}
	if _, err := New(Deps{}); err == nil {
		t.Error("an interface without an engine started")
	}
}

// TestScopes holds tokens that have less than their person.
func TestScopes(t *testing.T) {
	w := onFile(t, nil)
	id := w.company("One")
	reader := "Authorization: Bearer " + w.tokenOf(w.owner, "companies:read")
	w.call("GET", "/companies/"+id, nil, reader).want(t, 200)
	w.call("PATCH", "/companies/"+id, `{"name":"x"}`, reader).problem(t, 403, "error.denied", "")
	w.call("GET", "/samples", nil, reader).problem(t, 404, "value.unknown_object", "")
	w.call("GET", "/me/tokens", nil, reader).problem(t, 403, "auth.scope", "")
	w.call("POST", "/me/tokens", `{"name":"more","scopes":["admin"]}`, reader).problem(t, 403, "auth.scope", "")
	w.call("PATCH", "/settings", `{"name":"x"}`, reader).problem(t, 403, "error.denied", "")
	w.call("POST", "/me/password", `{"old":"a","password":"b"}`).problem(t, 403, "auth.session_needed", "")
	for _, bad := range []string{"Bearer nonsense", "Basic b3duZXI6eA==", "Bearer " + w.token + "x", "bearer"} {
		got := w.call("GET", "/me", nil, "Authorization: "+bad)
		got.problem(t, 401, "error.unauthenticated", "")
		if !strings.Contains(got.header.Get("WWW-Authenticate"), "invalid_token") {
			t.Errorf("%q: %q", bad, got.header.Get("WWW-Authenticate"))
		}
		// Where nobody needs to be signed in, a token that is not valid is told so all the same.
		w.call("GET", "/api/openapi.json", nil, "Authorization: "+bad).want(t, 401)
	}
}

func TestSessions(t *testing.T) {
	onEach(t, nil, func(t *testing.T, w *world) {
		b := w.browser()
		w.with(b, "POST", "/session", map[string]string{"email": ownerMail, "password": "wrong password 1"}).problem(t, 401, "auth.wrong", "")
		in := w.with(b, "POST", "/session", map[string]string{"email": ownerMail, "password": password}).want(t, 201)
		cookie := in.header.Get("Set-Cookie")
		if !strings.HasPrefix(cookie, "ashna=") || !strings.Contains(cookie, "HttpOnly") || !strings.Contains(cookie, "SameSite=Lax") || strings.Contains(string(in.body), "token") {
			t.Errorf("cookie %s, body %s", cookie, in.body)
		}
		me := w.with(b, "GET", "/me", nil).want(t, 200).object(t)
		if me["email"] != ownerMail || me["owner"] != true || len(me["permissions"].([]any)) != len(access.Permissions()) {
			t.Errorf("me %v", me)
		}
		w.with(b, "POST", "/companies", `{"name":"A"}`, "Sec-Fetch-Site: cross-site").problem(t, 403, "request.origin", "")
		w.with(b, "POST", "/companies", `{"name":"A"}`, "Origin: https://evil.example").problem(t, 403, "request.origin", "")
		w.with(b, "POST", "/session", `{}`, "Sec-Fetch-Site: cross-site").problem(t, 403, "request.origin", "")
		w.with(b, "POST", "/companies", `{"name":"A"}`, "Sec-Fetch-Site: same-origin").want(t, 201)
		w.with(b, "GET", "/companies", nil, "Sec-Fetch-Site: cross-site").want(t, 200)
		second := w.browser()
		w.with(second, "POST", "/session", map[string]string{"email": ownerMail, "password": password}).want(t, 201)
		var list struct {
			Items []struct {
				ID      string
				Current bool
			}
		}
		w.with(b, "GET", "/me/sessions", nil).want(t, 200).into(t, &list)
		for _, s := range list.Items {
			if !s.Current {
				w.with(b, "DELETE", "/me/sessions/"+s.ID, nil).want(t, 204)
				w.with(b, "DELETE", "/me/sessions/"+s.ID, nil).want(t, 404)
			}
		}
		w.with(second, "GET", "/me", nil).problem(t, 401, "error.unauthenticated", "")
		w.with(b, "DELETE", "/session", nil).want(t, 204)
		w.with(b, "GET", "/me", nil).want(t, 401)
	})
}

func TestSecureCookie(t *testing.T) {
	w := onFile(t, func(d *Deps) { d.BaseURL = "https://crm.example.org/" })
	got := w.with(http.DefaultClient, "POST", "/session", map[string]string{"email": ownerMail, "password": password}).want(t, 201)
	cookie := got.header.Get("Set-Cookie")
	if !strings.HasPrefix(cookie, "__Host-ashna=") || !strings.Contains(cookie, "; Secure") || !strings.Contains(cookie, "Path=/;") || strings.Contains(cookie, "Domain") {
		t.Errorf("cookie %s", cookie)
	}
}

func TestPasswordAndSecondFactor(t *testing.T) {
	w := onFile(t, nil)
	b := w.browser()
	login := map[string]string{"email": ownerMail, "password": password}
	w.with(b, "POST", "/session", login).want(t, 201)
	w.with(b, "POST", "/me/password", map[string]string{"old": "nope", "password": "amber 7 lantern fjord"}).problem(t, 401, "auth.wrong", "")
	w.with(b, "POST", "/me/password", map[string]string{"old": password, "password": "short"}).problem(t, 422, "auth.password_short", "password")
	w.with(b, "POST", "/me/totp", map[string]string{"password": "nope"}).problem(t, 401, "auth.wrong", "")
	var enrolment struct{ Key, URL string }
	w.with(b, "POST", "/me/totp", map[string]string{"password": password}).want(t, 200).into(t, &enrolment)
	w.with(b, "POST", "/me/totp/confirm", `{"code":"000"}`).problem(t, 422, "auth.second_factor_wrong", "code")
	code, err := totp.GenerateCode(enrolment.Key, time.Now())
	w.must(err)
	var recovery struct {
		Codes []string `json:"recovery_codes"`
	}
	w.with(b, "POST", "/me/totp/confirm", map[string]string{"code": code}).want(t, 200).into(t, &recovery)
	w.with(b, "GET", "/me", nil).want(t, 200)
	other := w.browser()
	w.with(other, "POST", "/session", login).problem(t, 401, "auth.second_factor", "")
	login["code"] = recovery.Codes[0]
	w.with(other, "POST", "/session", login).want(t, 201)
	w.with(other, "POST", "/session", login).problem(t, 401, "auth.second_factor_wrong", "")
	w.with(b, "POST", "/me/totp/disable", map[string]string{"password": password, "code": recovery.Codes[1]}).want(t, 200)
	w.with(b, "POST", "/me/password", map[string]string{"old": password, "password": "amber 7 lantern fjord"}).want(t, 200)
	w.with(b, "GET", "/me", nil).want(t, 200)
	w.with(w.browser(), "POST", "/session", map[string]string{"email": ownerMail, "password": password}).want(t, 401)
	if log := w.log.String(); strings.Contains(log, password) || strings.Contains(log, enrolment.Key) {
		t.Error("a secret is in the log")
	}
}

func TestMustChoosePassword(t *testing.T) {
	w := onFile(t, nil)
	user := w.user("New", "new@example.org", "member")
	w.must(w.db.Write(t.Context(), func(tx *db.Tx) error { return w.auth.RequireChange(t.Context(), tx, auth.Caller{}, user) }))
	b := w.browser()
	w.with(b, "POST", "/session", map[string]string{"email": "new@example.org", "password": password}).want(t, 201)
	w.with(b, "GET", "/companies", nil).problem(t, 403, "auth.must_change", "")
	if me := w.with(b, "GET", "/me", nil).want(t, 200).object(t); me["must_change"] != true {
		t.Errorf("me %v", me)
	}
	w.with(b, "POST", "/me/password", map[string]string{"old": password, "password": "amber 7 lantern fjord"}).want(t, 200)
	w.with(b, "GET", "/companies", nil).want(t, 200)
}

func TestTokens(t *testing.T) {
	w := onFile(t, nil)
	w.call("POST", "/me/tokens", `{"name":"","scopes":["fly"],"networks":["x"],"expires":"2001-01-01T00:00:00Z"}`).problem(t, 422, "value.range", "expires")
	w.call("POST", "/me/tokens", `{"name":"a","scopes":["read"]}`, "Idempotency-Key: k").problem(t, 400, "request.idempotency_refused", "")
	var made struct{ ID, Token string }
	w.call("POST", "/me/tokens", `{"name":"a","scopes":["read"],"networks":["127.0.0.0/8"],"expires":"`+time.Now().Add(time.Hour).Format(time.RFC3339)+`"}`).
		want(t, 201).into(t, &made)
	w.call("GET", "/companies", nil, "Authorization: Bearer "+made.Token).want(t, 200)
	if got := w.call("GET", "/me/tokens", nil).want(t, 200); strings.Contains(string(got.body), made.Token) || !strings.Contains(string(got.body), made.ID) {
		t.Errorf("tokens %s", got.body)
	}
	w.call("DELETE", "/me/tokens/"+made.ID, nil).want(t, 204)
	w.call("DELETE", "/me/tokens/"+made.ID, nil).want(t, 404)
	w.call("GET", "/companies", nil, "Authorization: Bearer "+made.Token).want(t, 401)
}

func TestSetup(t *testing.T) {
	onEach(t, func(d *Deps) {}, func(t *testing.T, w *world) {
		fresh := w.fresh()
		token, needed, err := fresh.auth.Setup(t.Context())
		if err != nil || !needed {
			t.Fatalf("setup: %v %v", needed, err)
		}
		body := func(token, more string) string {
			return fmt.Sprintf(`{"token":%q,"name":"Leyla","email":"leyla@example.org","password":%q%s}`, token, password, more)
		}
		fresh.with(http.DefaultClient, "POST", "/setup", body("wrong", "")).problem(t, 401, "auth.setup_token", "")
		fresh.with(http.DefaultClient, "POST", "/setup", body(token.Reveal(), `,"language":"xx"`)).problem(t, 422, "value.choice", "language")
		fresh.with(http.DefaultClient, "POST", "/setup", strings.Replace(body(token.Reveal(), ""), "leyla@", "le yla", 1)).want(t, 422)
		b := fresh.browser()
		fresh.with(b, "POST", "/setup", body(token.Reveal(), `,"language":"fa","company":"Ashna"`)).want(t, 201)
		me := fresh.with(b, "GET", "/me", nil).want(t, 200).object(t)
		settings := fresh.with(b, "GET", "/settings", nil).want(t, 200).object(t)
		if me["name"] != "Leyla" || me["owner"] != true || settings["language"] != "fa" || settings["currency"] != "IRR" || settings["name"] != "Ashna" {
			t.Errorf("me %v settings %v", me, settings)
		}
		fresh.with(http.DefaultClient, "POST", "/setup", body(token.Reveal(), "")).problem(t, 409, "auth.setup_done", "")
	})
}

func TestClientAddress(t *testing.T) {
	w := onFile(t, func(d *Deps) { d.Proxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")} })
	for _, c := range []struct{ peer, forwarded, want string }{
		{"203.0.113.5:1", "", "203.0.113.5"},
		{"203.0.113.5:1", "1.2.3.4", "203.0.113.5"}, // a stranger says anything
		{"10.0.0.1:1", "1.2.3.4", "1.2.3.4"},
		{"10.0.0.1:1", "6.6.6.6, 1.2.3.4, 10.0.0.2", "1.2.3.4"}, // what the client put in front is not believed
		{"10.0.0.1:1", "6.6.6.6, nonsense", "10.0.0.1"},
		{"[::ffff:203.0.113.5]:1", "", "203.0.113.5"},
		{"nonsense", "", "invalid IP"},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = c.peer
		if c.forwarded != "" {
			r.Header.Set("X-Forwarded-For", c.forwarded)
		}
		if got := w.server.client(r).String(); got != c.want {
			t.Errorf("%s for %q: %s, want %s", c.peer, c.forwarded, got, c.want)
		}
	}
}

// walkAccount uses the routes of an account once.
func (w *world) walkAccount(t *testing.T) {
	b := w.browser()
	w.user("Account", "account@example.org", "member")
	login := map[string]string{"email": "account@example.org", "password": password}
	w.with(b, "POST", "/session", login).want(t, 201)
	w.with(b, "GET", "/me/sessions", nil).want(t, 200)
	var made, enrolment struct{ ID, Token, Key string }
	w.with(b, "POST", "/me/tokens", `{"name":"a","scopes":["read"]}`).want(t, 201).into(t, &made)
	w.with(b, "GET", "/me/tokens", nil).want(t, 200)
	w.with(b, "DELETE", "/me/tokens/"+made.ID, nil).want(t, 204)
	w.with(b, "POST", "/me/totp", map[string]string{"password": password}).want(t, 200).into(t, &enrolment)
	code, err := totp.GenerateCode(enrolment.Key, time.Now())
	w.must(err)
	var recovery struct {
		Codes []string `json:"recovery_codes"`
	}
	w.with(b, "POST", "/me/totp/confirm", map[string]string{"code": code}).want(t, 200).into(t, &recovery)
	w.with(b, "POST", "/me/totp/disable", map[string]string{"password": password, "code": recovery.Codes[0]}).want(t, 200)
	w.with(b, "POST", "/me/password", map[string]string{"old": password, "password": "amber 7 lantern fjord"}).want(t, 200)
	var list struct{ Items []struct{ ID string } }
	other := w.browser()
	login["password"] = "amber 7 lantern fjord"
	w.with(other, "POST", "/session", login).want(t, 201)
	w.with(other, "GET", "/me/sessions", nil).into(t, &list)
	w.with(b, "DELETE", "/me/sessions/"+list.Items[0].ID, nil)
	w.with(b, "DELETE", "/me/sessions/"+list.Items[1].ID, nil)
	w.with(other, "POST", "/session", login).want(t, 201)
	w.with(other, "DELETE", "/session", nil).want(t, 204)
}
