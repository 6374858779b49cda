package api

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"ashna/engine/access"
	"ashna/engine/change"
	"ashna/kit/fault"
	"ashna/kit/ident"
	"ashna/service/auth"
)

// Names of the session cookie: the prefix makes browsers refuse it unless it is secure and of this host alone.
const (
	cookieSecure = "__Host-ashna"
	cookiePlain  = "ashna"
)

// policy says who may use a route. The zero policy is none, and a route without one does not start.
type policy struct {
	name  string
	allow func(*request) error
}

// The policies. What a person may do with records is decided by the engine.
var (
	public   = policy{"public", func(*request) error { return nil }}
	signedIn = policy{"signed in", func(r *request) error { return r.signedIn() }}
	personal = policy{"the person, not a narrower token", (*request).personal}
	session  = policy{"a session", (*request).withSession}
	renewing = policy{"a session, also of who must choose a new password", (*request).anySession}
	known    = policy{"signed in, also who must choose a new password", (*request).isKnown}
	operator = policy{"this machine, or the log", (*request).operates}
)

// permission is the policy of a route that needs a platform permission.
func permission(p string) policy {
	return policy{"permission " + p, func(r *request) error {
		if err := r.signedIn(); err != nil {
			return err
		}
		return r.who.Require(p)
	}}
}

func unauthenticated() error { return fault.New(fault.Unauthenticated, "error.unauthenticated") }

func (r *request) isKnown() error {
	if r.who == nil {
		return unauthenticated()
	}
	return nil
}

func (r *request) signedIn() error {
	switch {
	case r.who == nil:
		return unauthenticated()
	case r.session != nil && r.session.MustChange:
		return fault.New(fault.Denied, "auth.must_change")
	}
	return nil
}

// personal refuses tokens that have less than all rights of the person: what concerns the account is not for them.
func (r *request) personal() error {
	if err := r.signedIn(); err != nil {
		return err
	}
	if r.session == nil && !slices.Contains(r.scopes, "admin") {
		return fault.New(fault.Denied, "auth.scope", "scope", "admin")
	}
	return nil
}

func (r *request) withSession() error {
	if err := r.signedIn(); err != nil {
		return err
	}
	return r.anySession()
}

func (r *request) anySession() error {
	switch {
	case r.who == nil:
		return unauthenticated()
	case r.session == nil:
		return fault.New(fault.Denied, "auth.session_needed")
	}
	return nil
}

func (r *request) operates() error {
	if r.s.Metrics || r.s.local(r.Request) {
		return nil
	}
	return permission("log").allow(r)
}

// identify finds out who asks: a program by its token, a person by the session cookie. Who brings neither is nobody, which is no error.
func (s *server) identify(r *request) error {
	if header := r.Request.Header.Get("Authorization"); header != "" {
		return s.byToken(r, header)
	}
	// Without a token the request may come from a browser that brings its cookie, or takes one, for a page of somebody else.
	if err := s.origin.Check(r.Request); err != nil {
		return fault.Wrap(fault.Denied, "request.origin", err)
	}
	cookie, err := r.Cookie(s.cookieName(r.Request))
	if err != nil || cookie.Value == "" {
		return nil
	}
	r.token = auth.Secret(cookie.Value)
	identity, err := s.Auth.Session(r.Context(), r.token)
	if err != nil {
		return err
	}
	r.user, r.session = identity.User, &identity
	r.who, err = s.viewer(r.Context(), identity.User, nil)
	return err
}

func (s *server) byToken(r *request, header string) error {
	scheme, text, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return unauthenticated()
	}
	program, err := s.Auth.Token(r.Context(), auth.Secret(strings.TrimSpace(text)), r.ip)
	if err != nil {
		return err
	}
	r.user, r.scopes = program.User, program.Scopes
	r.who, err = s.viewer(r.Context(), program.User, program.Scopes)
	return err
}

// viewer gives what a user may do. Somebody whom another process made a moment ago is looked for once more.
func (s *server) viewer(ctx context.Context, user ident.ID, scopes []string) (*access.Viewer, error) {
	who, err := s.Engine.Viewer(user, scopes)
	if !fault.Is(err, fault.Unauthenticated) {
		return who, err
	}
	if err := s.Engine.Refresh(ctx); err != nil {
		return nil, err
	}
	return s.Engine.Viewer(user, scopes)
}

// again looks once more whether who asked may still go on, with the rights of now.
func (s *server) again(r *request) error {
	r.who = nil
	if err := s.identify(r); err != nil {
		return err
	}
	return r.signedIn()
}

// caller tells the sign-in service who asks and from where.
func (r *request) caller() auth.Caller {
	return auth.Caller{User: r.user, Via: change.ViaAPI, IP: r.ip, Agent: r.UserAgent()}
}

// client is the address of who asks. What a proxy says is believed only of the proxies that were named, from the nearest on.
func (s *server) client(r *http.Request) netip.Addr {
	peer := peerOf(r)
	if !s.proxy(peer) {
		return peer
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for _, hop := range slices.Backward(hops) {
		ip, err := netip.ParseAddr(strings.TrimSpace(hop))
		if err != nil {
			break
		}
		if peer = ip.Unmap().WithZone(""); !s.proxy(peer) {
			break
		}
	}
	return peer
}

func peerOf(r *http.Request) netip.Addr {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return netip.Addr{}
	}
	return ip.Unmap().WithZone("")
}

func (s *server) proxy(ip netip.Addr) bool {
	return slices.ContainsFunc(s.Proxies, func(p netip.Prefix) bool { return p.Contains(ip) })
}

// local says whether a request comes from this machine itself, and not through something that passes others on.
func (s *server) local(r *http.Request) bool {
	for _, name := range []string{"X-Forwarded-For", "Forwarded", "X-Real-Ip", "Via"} {
		if r.Header.Get(name) != "" {
			return false
		}
	}
	return peerOf(r).IsLoopback()
}

// secure says whether the browser speaks TLS, here or to a proxy that says so.
func (s *server) secure(r *http.Request) bool {
	return r.TLS != nil || strings.HasPrefix(s.BaseURL, "https:") || s.proxy(peerOf(r)) && r.Header.Get("X-Forwarded-Proto") == "https"
}

func (s *server) cookieName(r *http.Request) string {
	if s.secure(r) {
		return cookieSecure
	}
	return cookiePlain
}

// setCookie gives the browser a session; the zero session takes it away.
func (s *server) setCookie(w http.ResponseWriter, r *http.Request, opened auth.Session) {
	c := &http.Cookie{
		Name: s.cookieName(r), Value: opened.Token.Reveal(), Path: "/", HttpOnly: true, Secure: s.secure(r), SameSite: http.SameSiteLaxMode,
		Expires: opened.Expires,
	}
	if c.Value == "" {
		c.MaxAge, c.Expires = -1, time.Time{}
	}
	w.Header().Del("Set-Cookie") // a session that was opened on the way has ended
	http.SetCookie(w, c)
}

// originOf gives the origin of an address, without path.
func originOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	return u.Scheme + "://" + u.Host
}

// network names the share of an address: all of an IPv6 customer's addresses are one.
func network(ip netip.Addr) string {
	if ip.Is6() {
		if p, err := ip.Prefix(64); err == nil {
			return p.String()
		}
	}
	return ip.String()
}
