package api

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"ashna/api/strict"
	"ashna/engine/access"
	"ashna/engine/change"
	"ashna/engine/meta"
	"ashna/engine/record"
	"ashna/kit/fault"
	"ashna/kit/i18n"
	"ashna/kit/ident"
	"ashna/service/auth"
)

// request is one request with what the adapter found out about it. It pins one catalog, that of its viewer.
type request struct {
	*http.Request
	s       *server
	route   *route
	id      string
	ip      netip.Addr
	who     *access.Viewer // nil: nobody is signed in
	user    ident.ID
	scopes  []string       // of the token
	session *auth.Identity // nil: it came with a token
	token   auth.Secret    // of the session
	printer *i18n.Printer
	blind   bool // the database may be away: nothing is asked of it to find words
	body    []byte
}

// object gives the object that the address names, as far as the viewer may know of it.
func (r *request) object() (*meta.Entity, error) {
	return r.s.Engine.Object(r.who, r.PathValue("objects"))
}

// key gives a key of the address. What is no key names nothing.
func (r *request) key(name string) (ident.ID, error) {
	id, err := ident.Parse(r.PathValue(name))
	if err != nil {
		return 0, fault.New(fault.NotFound, "error.not_found")
	}
	return id, nil
}

// record gives the object and the key that the address names.
func (r *request) record() (*meta.Entity, ident.ID, error) {
	entity, err := r.object()
	if err != nil {
		return nil, 0, err
	}
	id, err := r.key("id")
	return entity, id, err
}

// maxQuery bounds the query of an address, in bytes.
const maxQuery = 64 << 10

// parameters are those of the query. Reading one that is wrong notes a fault, which end gives.
type parameters struct {
	values url.Values
	faults fault.List
}

// parameters reads the query and refuses what is not allowed, stands twice, or is no text.
func (r *request) parameters(allowed ...string) *parameters {
	p := &parameters{}
	if len(r.URL.RawQuery) > maxQuery {
		p.faults = append(p.faults, fault.New(fault.TooLarge, "error.too_large", "limit", maxQuery))
		return p
	}
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		p.faults = append(p.faults, fault.Wrap(fault.Invalid, "request.query", err))
		return p
	}
	for name, list := range values {
		switch {
		case !slices.Contains(allowed, name):
			p.refuse(strict.Name(name), "request.parameter", "name", strict.Name(name))
		case len(list) > 1:
			p.refuse(name, "request.repeated", "name", name)
		case !utf8.ValidString(list[0]) || strings.IndexByte(list[0], 0) >= 0:
			p.refuse(name, "value.text_invalid")
		}
	}
	slices.SortFunc(p.faults, func(a, b *fault.Error) int { return strings.Compare(a.Field, b.Field) })
	p.values = values
	return p
}

func (p *parameters) refuse(name, key string, pairs ...any) {
	p.faults = append(p.faults, fault.At(name, key, pairs...))
}

func (p *parameters) end() error { return p.faults.Or() }

func (p *parameters) text(name string) string { return p.values.Get(name) }

func (p *parameters) has(name string) bool { return p.values.Has(name) }

// list reads names with commas between.
func (p *parameters) list(name string) []string {
	var list []string
	for _, one := range strings.Split(p.text(name), ",") {
		if one = strings.TrimSpace(one); one != "" {
			list = append(list, one)
		}
	}
	return list
}

func (p *parameters) yes(name string) bool {
	switch p.text(name) {
	case "true", "1":
		return true
	case "", "false", "0":
		return false
	}
	p.refuse(name, "value.bool")
	return false
}

// number reads a whole number from low to high; otherwise is what it is when it is not given.
func (p *parameters) number(name string, otherwise, low, high int64) int64 {
	if !p.has(name) {
		return otherwise
	}
	n, err := strconv.ParseInt(p.text(name), 10, 64)
	switch {
	case err != nil:
		p.refuse(name, "value.number")
	case n < low:
		p.refuse(name, "value.min", "min", low)
	case n > high && name == "limit":
		p.refuse(name, "request.limit", "max", high)
	case n > high:
		p.refuse(name, "value.max", "max", high)
	}
	return n
}

func (p *parameters) id(name string) ident.ID {
	if p.text(name) == "" {
		return 0
	}
	id, err := ident.Parse(p.text(name))
	if err != nil {
		p.refuse(name, "value.id")
	}
	return id
}

// version reads If-Match: one strong tag as ETag gives it, or a star, which stands for any.
func (r *request) version() (int64, error) {
	header := strings.TrimSpace(r.Header.Get("If-Match"))
	if header == "" || header == "*" {
		return 0, nil
	}
	inner, opened := strings.CutPrefix(header, `"`)
	inner, closed := strings.CutSuffix(inner, `"`)
	n, err := strconv.ParseInt(inner, 10, 64)
	if !opened || !closed || err != nil || n < 1 {
		return 0, fault.New(fault.Invalid, "request.if_match", "header", "If-Match")
	}
	return n, nil
}

// read takes the body in. It is read once; its limit is that of the route.
func (r *request) read() ([]byte, error) {
	if r.body != nil {
		return r.body, nil
	}
	var buffer bytes.Buffer
	if n := r.ContentLength; n > 0 {
		buffer.Grow(int(n) + bytes.MinRead)
	}
	if _, err := io.Copy(&buffer, r.Body); err != nil {
		if one := unwrapped(err); fault.Of(one) != nil {
			return nil, one
		}
		return nil, fault.Wrap(fault.Invalid, "request.body", err)
	}
	r.body = append([]byte{}, buffer.Bytes()...)
	return r.body, nil
}

// values reads a body that is a JSON object.
func (r *request) values() (map[string]any, error) {
	if kind := r.Header.Get("Content-Type"); kind != "" {
		media, _, err := mime.ParseMediaType(kind)
		if err != nil || media != "application/json" && !strings.HasSuffix(media, "+json") {
			return nil, fault.New(fault.Invalid, "request.media_type")
		}
	}
	body, err := r.read()
	if err != nil {
		return nil, err
	}
	if len(bytes.TrimSpace(body)) == 0 {
		return nil, fault.New(fault.Invalid, "request.body")
	}
	return strict.Object(body)
}

// optional reads a body that may be missing.
func (r *request) optional() (map[string]any, error) {
	body, err := r.read()
	if err != nil || len(bytes.TrimSpace(body)) == 0 {
		return map[string]any{}, err
	}
	return r.values()
}

// maxIdempotency bounds an idempotency key, in bytes.
const maxIdempotency = 200

// idempotency reads the key of a request that may be sent again.
func (r *request) idempotency() (string, error) {
	list := r.Header.Values("Idempotency-Key")
	if len(list) == 0 {
		return "", nil
	}
	key := list[0]
	printable := strings.IndexFunc(key, func(c rune) bool { return c <= ' ' || c > '~' }) < 0
	if len(list) > 1 || key == "" || len(key) > maxIdempotency || !printable {
		return "", fault.New(fault.Invalid, "request.idempotency_key", "max", maxIdempotency)
	}
	return key, nil
}

// unkeyed refuses an idempotency key where the answer holds a secret, which is never kept.
func (r *request) unkeyed() error {
	if len(r.Header.Values("Idempotency-Key")) > 0 {
		return fault.New(fault.Invalid, "request.idempotency_refused")
	}
	return nil
}

// fingerprint is what makes two requests the same: method, address and content.
func (r *request) fingerprint(content []byte) []byte {
	sum := sha256.Sum256(content)
	return fmt.Appendf(nil, "%s %s?%s %x", r.Method, r.URL.Path, r.URL.RawQuery, sum)
}

// once does a change in one transaction, or answers as it did when the request came before with the same idempotency key.
func (r *request) once(w http.ResponseWriter, do func(tx *record.Tx) (record.Answer, error)) error {
	return r.onceOf(w, r.body, do)
}

func (r *request) onceOf(w http.ResponseWriter, content []byte, do func(tx *record.Tx) (record.Answer, error)) error {
	key, err := r.idempotency()
	if err != nil {
		return err
	}
	ran := false
	a, err := r.s.Engine.Once(r.Context(), r.who, change.ViaAPI, key, r.fingerprint(content), func(tx *record.Tx) (record.Answer, error) {
		ran = true
		return do(tx)
	})
	if err != nil {
		return err
	}
	if !ran {
		w.Header().Set("Idempotency-Replayed", "true")
	}
	return reply(w, a.Status, a.Body)
}

// onceBeside is once for a change that has a transaction of its own and does the same when it is done twice: the answer is kept after it.
func (r *request) onceBeside(w http.ResponseWriter, do func(context.Context) (record.Answer, error)) error {
	key, err := r.idempotency()
	if err != nil {
		return err
	}
	if key != "" {
		before, known, err := r.known(key)
		if err != nil {
			return err
		}
		if known {
			w.Header().Set("Idempotency-Replayed", "true")
			return reply(w, before.Status, before.Body)
		}
	}
	a, err := do(r.Context())
	if err != nil {
		return err
	}
	if key != "" {
		a, err = r.s.Engine.Once(r.Context(), r.who, change.ViaAPI, key, r.fingerprint(r.body), func(*record.Tx) (record.Answer, error) { return a, nil })
		if err != nil {
			return err
		}
	}
	return reply(w, a.Status, a.Body)
}

// known gives the answer that is kept for a key, if there is one.
func (r *request) known(key string) (record.Answer, bool, error) {
	absent := fault.New(fault.NotFound, "error.not_found")
	a, err := r.s.Engine.Once(r.Context(), r.who, change.ViaAPI, key, r.fingerprint(r.body), func(*record.Tx) (record.Answer, error) {
		return record.Answer{}, absent
	})
	if fault.Of(err) == absent {
		return record.Answer{}, false, nil
	}
	return a, err == nil, err
}

// reply writes a JSON answer. One that begins with a record's key and version carries them in its headers too.
func reply(w http.ResponseWriter, status int, body []byte) error {
	if len(body) == 0 {
		w.WriteHeader(status)
		return nil
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	if version, ok := versionOf(body); ok {
		w.Header().Set("ETag", `"`+version+`"`)
	}
	w.WriteHeader(status)
	_, err := w.Write(body)
	return err
}

// versionOf reads the version from a record as AppendJSON writes it, whose key and version come first.
func versionOf(body []byte) (string, bool) {
	const head, middle = `{"id":"`, `","version":`
	if len(body) < len(head)+ident.Length+len(middle)+2 || !bytes.HasPrefix(body, []byte(head)) || string(body[len(head)+ident.Length:][:len(middle)]) != middle {
		return "", false
	}
	rest := body[len(head)+ident.Length+len(middle):]
	n := bytes.IndexAny(rest, ",}")
	if n < 1 || bytes.IndexFunc(rest[:n], func(c rune) bool { return c < '0' || c > '9' }) >= 0 {
		return "", false
	}
	return string(rest[:n]), true
}
