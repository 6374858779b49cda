package auth

import (
	"encoding/base32"

	"github.com/pquerna/otp/totp"
)

// code is what the authenticator app shows at this moment.
func (w *world) code(e Enrolment) Secret {
	w.t.Helper()
	code, err := totp.GenerateCode(e.Key.Reveal(), w.clock.Now())
	if err != nil {
		w.t.Fatal(err)
	}
	return Secret(code)
}

// keyBytes reads the key of an app as a program does.
func keyBytes(e Enrolment) ([]byte, error) {
	return base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(e.Key.Reveal())
}
