package auth

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

func TestSecretIsNeverPrinted(t *testing.T) {
	const canary = "canary-4711"
	s := Secret(canary)
	holder := struct {
		Name  string
		Token Secret
		List  []Secret
		Map   map[string]Secret
	}{"x", s, []Secret{s}, map[string]Secret{"a": s}}
	var out strings.Builder
	for _, verb := range "vsqxXdTpbcoOUeEfFgGt" {
		if verb == 'T' || verb == 'p' {
			continue // they print the type and the address
		}
		for _, flag := range []string{"", "+", "#", "-", " ", "0", "20", ".3"} {
			fmt.Fprintf(&out, "%"+flag+string(verb)+"\n", s)
			fmt.Fprintf(&out, "%"+flag+string(verb)+"\n", &s)
		}
	}
	fmt.Fprintf(&out, "%v %+v %#v %s %v\n", holder, holder, holder, []any{s, holder}, []any{&holder})
	fmt.Fprintln(&out, map[Secret]int{s: 1}, s, &holder, s.String(), s.GoString(), fmt.Errorf("x: %v", s))
	data, err := json.Marshal(holder)
	if err != nil {
		t.Fatal(err)
	}
	out.Write(data)
	for _, log := range []*slog.Logger{slog.New(slog.NewTextHandler(&out, nil)), slog.New(slog.NewJSONHandler(&out, nil))} {
		log.Info("x", "secret", s, "holder", holder, "any", any(&s))
	}
	text, err := s.MarshalText()
	if err != nil || bytes.Contains(text, []byte(canary)) {
		t.Errorf("MarshalText gives %q, %v", text, err)
	}
	for _, form := range []string{canary, fmt.Sprintf("%x", canary), fmt.Sprintf("%X", canary)} {
		if strings.Contains(out.String(), form) {
			t.Errorf("the secret is printed as %q: %.120s", form, out.String()[max(0, strings.Index(out.String(), form)-100):])
		}
	}
	if s.Reveal() != canary {
		t.Error("Reveal does not give the secret")
	}
	if !strings.Contains(out.String(), hidden) {
		t.Error("nothing says that a secret is hidden")
	}
}

func TestCallerIsTidied(t *testing.T) {
	for _, c := range []struct{ agent, want string }{
		{"Mozilla/5.0 (X11)", "Mozilla/5.0 (X11)"},
		{"a\r\nSet-Cookie: x\x00\x1b[31m", "a  Set-Cookie: x  [31m"},
		{"a\xffb", "ab"},
		{strings.Repeat("é", 200), strings.Repeat("é", 100)},
		{strings.Repeat("x", 199) + "é", strings.Repeat("x", 199)},
		{"", ""},
	} {
		if got := (Caller{Agent: c.agent}).agent(); got != c.want {
			t.Errorf("agent(%q) = %q, want %q", c.agent, got, c.want)
		}
	}
	if got := from("::ffff:198.51.100.7").address(); got != home {
		t.Errorf("a mapped address reads %s", got)
	}
	if got := from("fe80::1%eth0").address(); got != "fe80::1" {
		t.Errorf("a zone is kept: %s", got)
	}
	if got := (Caller{}).address(); got != "" {
		t.Errorf("no address reads %s", got)
	}
}
