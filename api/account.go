package api

import (
	"context"
	"encoding/json"
	"net/http"
	"net/netip"
	"slices"
	"time"

	"ashna/api/strict"
	"ashna/engine/access"
	"ashna/engine/change"
	"ashna/engine/db"
	"ashna/engine/meta"
	"ashna/engine/record"
	"ashna/kit/fault"
	"ashna/kit/ident"
	"ashna/service/auth"
)

// sessionAnswer is what a person hears who signed in. The token itself is in the cookie alone.
type sessionAnswer struct {
	Session    string    `json:"session"`
	User       ident.ID  `json:"user"`
	Expires    time.Time `json:"expires"`
	MustChange bool      `json:"must_change"`
}

// signed answers with a session that was just opened, and gives it to the browser.
func (s *server) signed(w http.ResponseWriter, r *request, status int, opened auth.Session) error {
	s.setCookie(w, r.Request, opened)
	return replyJSON(w, status, sessionAnswer{opened.ID, opened.User, opened.Expires, opened.MustChange})
}

// secretForm reads the body of a request whose answer is a secret.
func (r *request) secretForm() (*strict.Form, error) {
	if err := r.unkeyed(); err != nil {
		return nil, err
	}
	in, err := r.change()
	return strict.NewForm(in), err
}

// signIn opens a session for an e-mail address and a password.
func (s *server) signIn(w http.ResponseWriter, r *request) error {
	f, err := r.secretForm()
	if err != nil {
		return err
	}
	in := auth.Login{Email: f.Needed("email"), Password: auth.Secret(f.Needed("password")), Code: auth.Secret(f.Text("code"))}
	if err := f.End(); err != nil {
		return err
	}
	opened, err := s.Auth.SignIn(r.Context(), r.caller(), in)
	if err != nil {
		return err
	}
	return s.signed(w, r, http.StatusCreated, opened)
}

// signOut ends the session that the request came with.
func (s *server) signOut(w http.ResponseWriter, r *request) error {
	if err := r.unkeyed(); err != nil {
		return err
	}
	if err := s.Auth.SignOut(r.Context(), r.caller(), r.token); err != nil {
		return err
	}
	s.setCookie(w, r.Request, auth.Session{})
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// setup makes the owner of a new workspace, for the one-time token of the first start.
func (s *server) setup(w http.ResponseWriter, r *request) error {
	f, err := r.secretForm()
	if err != nil {
		return err
	}
	token, password := auth.Secret(f.Needed("token")), auth.Secret(f.Needed("password"))
	owner := record.Patch{"name": f.Needed("name"), "email": f.Needed("email")}
	settings := s.Engine.Settings()
	if language := f.Text("language"); language != "" && language != settings.Language {
		settings = record.DefaultSettings(language)
		owner["language"] = language
	}
	settings.Name = orText(f.Text("company"), settings.Name)
	settings.Country, settings.Currency = orText(f.Text("country"), settings.Country), orText(f.Text("currency"), settings.Currency)
	f.Faults.Add(settings.Check())
	if err := f.End(); err != nil {
		return err
	}
	if err := s.Auth.CheckSetup(r.Context(), token); err != nil {
		return err
	}
	prepared, err := s.Auth.Prepare(r.Context(), password, owner["name"].(string), owner["email"].(string))
	if err != nil {
		return err
	}
	opened, err := s.makeOwner(r, token, owner, prepared)
	if err != nil {
		return err
	}
	if err := s.Engine.SaveSettings(r.Context(), s.Engine.System(opened.User), settings); err != nil {
		return err
	}
	return s.signed(w, r, http.StatusCreated, opened)
}

func orText(given, otherwise string) string {
	if given != "" {
		return given
	}
	return otherwise
}

// makeOwner uses the token up, makes the user and signs it in, in one transaction.
func (s *server) makeOwner(r *request, token auth.Secret, owner record.Patch, prepared auth.Prepared) (auth.Session, error) {
	system := s.Engine.System(0)
	users, _ := system.Catalog.Object(meta.ObjectUser)
	role, ok := system.Policy.RoleByCode(access.RoleOwner)
	if !ok {
		return auth.Session{}, fault.New(fault.Unavailable, "error.unavailable")
	}
	owner["roles"] = []any{role.ID.String()}
	var opened auth.Session
	err := s.Engine.Write(r.Context(), system, change.ViaAPI, func(tx *record.Tx) error {
		if err := s.Auth.UseSetup(r.Context(), tx.DB(), r.caller(), token); err != nil {
			return err
		}
		user, err := tx.Create(r.Context(), system, users, owner)
		if err != nil {
			return err
		}
		by := r.caller()
		by.User = user.ID()
		if err := tx.DB().Flush(r.Context()); err != nil {
			return err
		}
		if err := s.Auth.SetPassword(r.Context(), tx.DB(), by, user.ID(), prepared); err != nil {
			return err
		}
		opened, err = s.Auth.Open(r.Context(), tx.DB(), by, user.ID())
		return err
	})
	return opened, err
}

// me answers with who the caller is and what it may manage.
func (s *server) me(w http.ResponseWriter, r *request) error {
	if err := r.parameters().end(); err != nil {
		return err
	}
	person, _ := r.who.Policy.Person(r.user)
	password, second, recovery, err := s.Auth.Factors(r.Context(), r.user)
	if err != nil {
		return err
	}
	answer := map[string]any{
		"id": r.user, "name": r.who.Name, "email": person.Email, "team": r.who.Team, "branch": r.who.Branch, "owner": r.who.IsOwner(),
		"roles": append([]ident.ID{}, person.Roles...), "scopes": append([]string{}, r.scopes...),
		"permissions": slices.DeleteFunc(access.Permissions(), func(p string) bool { return !r.who.Manages(p) }),
		"factors":     map[string]any{"password": password, "second": second, "recovery_codes": recovery},
		"must_change": r.session != nil && r.session.MustChange,
	}
	return replyJSON(w, http.StatusOK, answer)
}

// proof reads what a person types to prove the identity once more.
func proof(f *strict.Form, password string) auth.Proof {
	return auth.Proof{Password: auth.Secret(f.Needed(password)), Code: auth.Secret(f.Text("code"))}
}

// changePassword gives the person a new password for the old one. All other sessions end.
func (s *server) changePassword(w http.ResponseWriter, r *request) error {
	f, err := r.secretForm()
	if err != nil {
		return err
	}
	p, password := proof(f, "old"), auth.Secret(f.Needed("password"))
	if err := f.End(); err != nil {
		return err
	}
	person, _ := r.who.Policy.Person(r.user)
	opened, err := s.Auth.ChangePassword(r.Context(), r.caller(), p, password, person.Email, person.Name)
	if err != nil {
		return err
	}
	return s.signed(w, r, http.StatusOK, opened)
}

// stepUp proves the identity of the caller once more, for what is grave.
func (s *server) stepUp(w http.ResponseWriter, r *request) error {
	f, err := r.secretForm()
	if err != nil {
		return err
	}
	p := proof(f, "password")
	if err := f.End(); err != nil {
		return err
	}
	opened, err := s.Auth.StepUp(r.Context(), r.caller(), r.token, p)
	if err != nil {
		return err
	}
	s.setCookie(w, r.Request, opened)
	return nil
}

// beginTOTP makes a secret for an authenticator app, for who proves the identity with the password.
func (s *server) beginTOTP(w http.ResponseWriter, r *request) error {
	if err := s.stepUp(w, r); err != nil {
		return err
	}
	enrolment, err := s.Auth.BeginTOTP(r.Context(), r.caller())
	if err != nil {
		return err
	}
	return replyJSON(w, http.StatusOK, map[string]string{"key": enrolment.Key.Reveal(), "url": enrolment.URL.Reveal()})
}

// confirmTOTP switches the second factor on for a code of the app, and shows the recovery codes this once.
func (s *server) confirmTOTP(w http.ResponseWriter, r *request) error {
	f, err := r.secretForm()
	if err != nil {
		return err
	}
	code := auth.Secret(f.Needed("code"))
	if err := f.End(); err != nil {
		return err
	}
	codes, opened, err := s.Auth.ConfirmTOTP(r.Context(), r.caller(), code)
	if err != nil {
		return err
	}
	s.setCookie(w, r.Request, opened)
	list := make([]string, len(codes))
	for i, c := range codes {
		list[i] = c.Reveal()
	}
	return replyJSON(w, http.StatusOK, map[string]any{"recovery_codes": list})
}

// disableTOTP switches the second factor off, for who proves the identity with both factors.
func (s *server) disableTOTP(w http.ResponseWriter, r *request) error {
	if err := s.stepUp(w, r); err != nil {
		return err
	}
	var opened auth.Session
	err := s.Engine.DB().Write(r.Context(), func(tx *db.Tx) (err error) {
		if err = s.Auth.DisableTOTP(r.Context(), tx, r.caller(), r.user); err != nil {
			return err
		}
		opened, err = s.Auth.Open(r.Context(), tx, r.caller(), r.user)
		return err
	})
	if err != nil {
		return err
	}
	return s.signed(w, r, http.StatusOK, opened)
}

// listSessions answers with where the person is signed in.
func (s *server) listSessions(w http.ResponseWriter, r *request) error {
	if err := r.parameters().end(); err != nil {
		return err
	}
	found, err := s.Auth.Sessions(r.Context(), r.user)
	if err != nil {
		return err
	}
	list := make([]map[string]any, len(found))
	for i, f := range found {
		list[i] = map[string]any{
			"id": f.ID, "created_at": f.Created, "seen_at": f.Seen, "expires_at": f.Expires, "ip": f.IP, "agent": f.Agent,
			"current": r.session != nil && r.session.ID == f.ID,
		}
	}
	return replyJSON(w, http.StatusOK, page{Items: list})
}

// endSession ends one session of the person.
func (s *server) endSession(w http.ResponseWriter, r *request) error {
	if err := r.unkeyed(); err != nil {
		return err
	}
	if err := s.Auth.Revoke(r.Context(), r.caller(), r.user, r.PathValue("id")); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// tokenAnswer is an API token in a list; its text is shown once, when it is made.
type tokenAnswer struct {
	ID        ident.ID   `json:"id"`
	Name      string     `json:"name"`
	Scopes    []string   `json:"scopes"`
	Networks  []string   `json:"networks"`
	CreatedAt time.Time  `json:"created_at"`
	ExpiresAt time.Time  `json:"expires_at"`
	UsedAt    *time.Time `json:"used_at"`
}

// listTokens answers with the API tokens of the person.
func (s *server) listTokens(w http.ResponseWriter, r *request) error {
	if err := r.parameters().end(); err != nil {
		return err
	}
	found, err := s.Auth.Tokens(r.Context(), r.user)
	if err != nil {
		return err
	}
	list := make([]tokenAnswer, len(found))
	for i, t := range found {
		list[i] = tokenAnswer{ID: t.ID, Name: t.Name, Scopes: t.Scopes, Networks: []string{}, CreatedAt: t.Created, ExpiresAt: t.Expires}
		for _, n := range t.Networks {
			list[i].Networks = append(list[i].Networks, n.String())
		}
		if !t.Used.IsZero() {
			list[i].UsedAt = &t.Used
		}
	}
	return replyJSON(w, http.StatusOK, page{Items: list})
}

// createToken makes an API token, whose text is shown this once. It can do at most what its maker can.
func (s *server) createToken(w http.ResponseWriter, r *request) error {
	f, err := r.secretForm()
	if err != nil {
		return err
	}
	spec := auth.TokenSpec{User: r.user, Name: f.Needed("name"), Scopes: f.Texts("scopes")}
	if expires := f.Moment("expires"); expires != nil {
		if spec.Life = expires.Sub(s.Engine.Clock().Now()); spec.Life <= 0 {
			f.Refuse("expires", "value.range")
		}
	}
	for _, text := range f.Texts("networks") {
		network, err := netip.ParsePrefix(text)
		if err != nil {
			f.Refuse("networks", "value.pattern")
		}
		spec.Networks = append(spec.Networks, network)
	}
	if err := f.End(); err != nil {
		return err
	}
	var text auth.Secret
	var id ident.ID
	err = s.Engine.DB().Write(r.Context(), func(tx *db.Tx) (err error) {
		text, id, err = s.Auth.CreateToken(r.Context(), tx, r.caller(), spec)
		return err
	})
	if err != nil {
		return err
	}
	return replyJSON(w, http.StatusCreated, map[string]any{"id": id, "token": text.Reveal()})
}

// endToken ends an API token of the person.
func (s *server) endToken(w http.ResponseWriter, r *request) error {
	if err := r.unkeyed(); err != nil {
		return err
	}
	id, err := r.key("id")
	if err != nil {
		return err
	}
	if err := s.Auth.RevokeToken(r.Context(), r.caller(), r.user, id); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// getSettings answers with the settings of the workspace.
func (s *server) getSettings(w http.ResponseWriter, r *request) error {
	if err := r.parameters().end(); err != nil {
		return err
	}
	return replyJSON(w, http.StatusOK, s.Engine.Settings())
}

// saveSettings changes some settings of the workspace.
func (s *server) saveSettings(w http.ResponseWriter, r *request) error {
	in, err := r.change()
	if err != nil {
		return err
	}
	f, settings := strict.NewForm(in), s.Engine.Settings()
	for name, into := range map[string]*string{
		"name": &settings.Name, "language": &settings.Language, "country": &settings.Country, "currency": &settings.Currency,
		"calendar": &settings.Calendar, "zone": &settings.Zone, "week_start": &settings.WeekStart, "base_url": &settings.BaseURL,
	} {
		if _, given := in[name]; given {
			*into = f.Text(name)
		}
	}
	if err := f.End(); err != nil {
		return err
	}
	return r.onceBeside(w, func(ctx context.Context) (record.Answer, error) {
		if err := s.Engine.SaveSettings(ctx, r.who, settings); err != nil {
			return record.Answer{}, err
		}
		body, err := json.Marshal(s.Engine.Settings())
		return record.Answer{Status: http.StatusOK, Body: body}, err
	})
}
