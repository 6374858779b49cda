package api

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"ashna/engine/meta"
	"ashna/kit/fault"
	"ashna/kit/i18n"
)

// statuses are those of the kinds of fault. A full disk is temporary to a client, as a database that is away.
var statuses = map[fault.Kind]int{
	fault.Internal: http.StatusInternalServerError, fault.Invalid: http.StatusUnprocessableEntity,
	fault.Unauthenticated: http.StatusUnauthorized, fault.Denied: http.StatusForbidden, fault.NotFound: http.StatusNotFound,
	fault.Conflict: http.StatusConflict, fault.TooLarge: http.StatusRequestEntityTooLarge, fault.TooMany: http.StatusTooManyRequests,
	fault.Unavailable: http.StatusServiceUnavailable, fault.Full: http.StatusServiceUnavailable,
}

// keyStale is the refusal of a change to a version that is not the present one any more.
const keyStale = "record.stale"

// statusOf gives the status of an error. What cannot be read as a request is 400, what is read but not accepted 422.
func (r *request) statusOf(one *fault.Error) int {
	if one == nil {
		return http.StatusInternalServerError
	}
	switch {
	case one.Key == "error.method":
		return http.StatusMethodNotAllowed
	case one.Key == "request.media_type":
		return http.StatusUnsupportedMediaType
	case one.Key == keyStale && r.Header.Get("If-Match") != "":
		return http.StatusPreconditionFailed
	case one.Kind == fault.Invalid && (strings.HasPrefix(one.Key, "request.") || r.Method == http.MethodGet || r.Method == http.MethodHead):
		return http.StatusBadRequest
	}
	return statuses[one.Kind]
}

// problem answers with a problem document.
func (s *server) problem(w http.ResponseWriter, r *request, err error) {
	one := fault.Of(err)
	status := r.statusOf(one)
	r.blind = status >= http.StatusInternalServerError
	h := w.Header()
	switch status {
	case http.StatusUnauthorized:
		h.Set("WWW-Authenticate", challenge(r))
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		h.Set("Retry-After", strconv.FormatInt(wait(one), 10))
	case http.StatusRequestEntityTooLarge:
		h.Set("Connection", "close") // the rest of the body is not worth reading
	}
	for _, name := range []string{"ETag", "Content-Disposition", "Content-Range", "Accept-Ranges", "Last-Modified"} {
		h.Del(name)
	}
	body := r.appendProblem(nil, err)
	h.Set("Content-Type", "application/problem+json")
	h.Set("Content-Language", r.language())
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) // who left does not miss it
}

func challenge(r *request) string {
	if r.Header.Get("Authorization") != "" {
		return `Bearer realm="ashna", error="invalid_token"`
	}
	return `Bearer realm="ashna"`
}

// wait is how many seconds a client should wait before it tries again.
func wait(one *fault.Error) int64 {
	switch n := one.Params["seconds"].(type) {
	case int64:
		return max(n, 1)
	case int:
		return max(int64(n), 1)
	}
	if one.Kind == fault.Full {
		return 60
	}
	return 2
}

// appendProblem writes an error as RFC 9457 has it. Nothing of an Internal one is told but the number of the request, by which the log
// finds it.
func (r *request) appendProblem(dst []byte, err error) []byte {
	list := fault.All(err)
	one := fault.Of(err)
	if one == nil || one.Kind == fault.Internal {
		one = fault.New(fault.Internal, "error.internal")
		list = fault.List{one}
	}
	p := r.words()
	dst = append(dst, `{"type":`...)
	dst = meta.AppendText(dst, "urn:ashna:problem:"+one.Key)
	dst = append(dst, `,"title":`...)
	dst = meta.AppendText(dst, p.Say("problem."+one.Kind.String()))
	dst = append(dst, `,"status":`...)
	dst = strconv.AppendInt(dst, int64(r.statusOf(one)), 10)
	dst = append(dst, `,"detail":`...)
	dst = meta.AppendText(dst, r.sentence(one))
	dst = append(dst, `,"instance":`...)
	dst = meta.AppendText(dst, "urn:ashna:request:"+r.id)
	dst = append(dst, `,"key":`...)
	dst = meta.AppendText(dst, one.Key)
	dst = appendParams(dst, one)
	dst = r.appendFields(dst, list)
	return append(dst, '}')
}

// maxFields is how many fields one problem names.
const maxFields = 300

// appendFields writes what is wrong with each field, the first fault of each.
func (r *request) appendFields(dst []byte, list fault.List) []byte {
	dst = append(dst, `,"fields":{`...)
	seen := map[string]bool{"": true}
	for _, f := range list {
		if seen[f.Field] || len(seen) > maxFields || f.Kind == fault.Internal {
			continue
		}
		if len(seen) > 1 {
			dst = append(dst, ',')
		}
		seen[f.Field] = true
		dst = meta.AppendText(dst, clip(f.Field))
		dst = append(dst, `:{"key":`...)
		dst = meta.AppendText(dst, f.Key)
		dst = append(dst, `,"message":`...)
		dst = meta.AppendText(dst, r.sentence(f))
		dst = appendParams(dst, f)
		dst = append(dst, '}')
	}
	return append(dst, '}')
}

// maxEcho is how many bytes of what somebody sent are repeated to him.
const maxEcho = 200

// clip cuts a text that somebody sent, so that a refusal never grows with what is refused.
func clip(s string) string {
	if len(s) > maxEcho {
		return strings.ToValidUTF8(s[:maxEcho], "") + "…"
	}
	return s
}

// appendParams writes the operands of a message, as far as they are plain values.
func appendParams(dst []byte, f *fault.Error) []byte {
	if len(f.Params) == 0 {
		return dst
	}
	dst = append(dst, `,"params":{`...)
	first := true
	for _, name := range slices.Sorted(maps.Keys(f.Params)) {
		var value []byte
		switch v := f.Params[name].(type) {
		case string:
			value = meta.AppendText(nil, clip(v))
		case int, int64, bool:
			value = fmt.Append(nil, v)
		default:
			continue
		}
		if !first {
			dst = append(dst, ',')
		}
		first = false
		dst = append(append(meta.AppendText(dst, name), ':'), value...)
	}
	return append(dst, '}')
}

// sentence is what a person reads. Rules that were made in the workspace bring their own words.
func (r *request) sentence(f *fault.Error) string {
	if labels, ok := f.Params["labels"].(map[string]string); ok {
		for _, language := range []string{r.language(), i18n.English} {
			if words := labels[language]; words != "" {
				return words
			}
		}
	}
	return r.words().Fault(f)
}

// language is that of the reader.
func (r *request) language() string { return r.words().Locale().Language }

// words gives the printer for who asks: of the language that the request prefers, or that the person chose, or of the workspace.
func (r *request) words() *i18n.Printer {
	if r.printer == nil {
		language := preferred(r.Header.Get("Accept-Language"))
		if language == "" {
			language = r.chosen()
		}
		r.printer = r.s.Bundle.For(i18n.DefaultLocale(language))
	}
	return r.printer
}

// chosen is the language that a person set, or that of the workspace.
func (r *request) chosen() string {
	if r.who != nil && !r.blind {
		users, _ := r.who.Catalog.Object(meta.ObjectUser)
		language, ok := users.Attr("language")
		if ok {
			me, err := r.s.Engine.Get(r.Context(), r.s.Engine.System(r.user), users, r.user, []*meta.Attr{language})
			if err == nil && me.Text("language") != "" {
				return me.Text("language")
			}
		}
	}
	return r.s.Engine.Settings().Language
}

// preferred gives the language of ours that an Accept-Language header likes best, or nothing.
func preferred(header string) string {
	best, weight := "", 0.0
	for _, part := range strings.SplitN(header, ",", 20) {
		tag, params, _ := strings.Cut(strings.TrimSpace(part), ";")
		language, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(tag)), "-")
		q := 1.0
		if value, ok := strings.CutPrefix(strings.TrimSpace(params), "q="); ok {
			n, err := strconv.ParseFloat(value, 64)
			if err != nil {
				continue
			}
			q = n
		}
		if q > weight && slices.Contains(i18n.Languages(), language) {
			best, weight = language, q
		}
	}
	return best
}

// refused says whether an error is the fault of the request: such an error of one operation does not touch the others.
func refused(err error) bool {
	one := fault.Of(err)
	return one != nil && one.Kind != fault.Internal && one.Kind != fault.Unavailable && one.Kind != fault.Full && !errors.Is(err, http.ErrAbortHandler)
}
