package auth

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"strings"

	"ashna/engine/db"
	"ashna/kit/ident"
)

const (
	secretBytes   = 32 // of the workspace secret and of every token
	workspaceName = "workspace"
	// tokenLetters are Crockford's: no i, l, o, u, so that a token can be read aloud.
	tokenLetters = "0123456789abcdefghjkmnpqrstvwxyz"
)

// keyring holds the keys that are derived from the secret of the workspace, one for each purpose.
type keyring struct {
	attempts []byte      // names accounts in the table of attempts
	recovery []byte      // hashes recovery codes
	totp     cipher.AEAD // encrypts the secrets of authenticator apps
}

func newKeyring(secret []byte) (*keyring, error) {
	derive := func(purpose string) ([]byte, error) {
		return hkdf.Key(sha256.New, secret, nil, "ashna "+purpose, secretBytes)
	}
	attempts, err1 := derive("attempts")
	recovery, err2 := derive("recovery codes")
	totp, err3 := derive("totp secrets")
	if err := errors.Join(err1, err2, err3); err != nil {
		return nil, fmt.Errorf("derive keys: %w", err)
	}
	block, err := aes.NewCipher(totp)
	if err != nil {
		return nil, fmt.Errorf("make cipher: %w", err)
	}
	sealer, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, fmt.Errorf("make cipher: %w", err)
	}
	return &keyring{attempts: attempts, recovery: recovery, totp: sealer}, nil
}

// account is the name of an address in the table of attempts: it tells nothing to who reads the table.
func (k *keyring) account(emailKey string) string {
	return base64.RawURLEncoding.EncodeToString(sum(k.attempts, emailKey)[:16])
}

// recoveryHash is how a recovery code of a user is kept.
func (k *keyring) recoveryHash(user ident.ID, code string) string {
	return base64.RawURLEncoding.EncodeToString(sum(k.recovery, user.String()+code))
}

func sum(key []byte, message string) []byte {
	m := hmac.New(sha256.New, key)
	m.Write([]byte(message))
	return m.Sum(nil)
}

// seal encrypts a secret of a user; it opens for no other user.
func (k *keyring) seal(user ident.ID, secret []byte) []byte {
	return k.totp.Seal(nil, nil, secret, []byte(user.String()))
}

// open decrypts what seal made for the user.
func (k *keyring) open(user ident.ID, sealed []byte) ([]byte, error) {
	secret, err := k.totp.Open(nil, nil, sealed, []byte(user.String()))
	if err != nil {
		return nil, fmt.Errorf("decrypt the second factor of user %s: %w", user, err)
	}
	return secret, nil
}

// ring gives the keys of the workspace, nil when its secret was not made yet; then nothing is encrypted or counted either.
func (a *Auth) ring(ctx context.Context, q db.Querier) (*keyring, error) {
	if k := a.keys.Load(); k != nil {
		return k, nil
	}
	row, found, err := db.One(ctx, q, "SELECT value FROM secret WHERE name = $1", workspaceName)
	if err != nil {
		return nil, fmt.Errorf("read workspace secret: %w", err)
	}
	if !found {
		return nil, nil
	}
	k, err := newKeyring(row.Bytes(0))
	if err != nil {
		return nil, err
	}
	a.keys.Store(k)
	return k, nil
}

// mustRing gives the keys of the workspace, and makes its secret when there is none. It is not called inside a transaction.
func (a *Auth) mustRing(ctx context.Context) (*keyring, error) {
	var k *keyring
	read := func(q db.Querier) (err error) {
		k, err = a.ring(ctx, q)
		return err
	}
	if err := a.db.Read(ctx, read); err != nil || k != nil {
		return k, err
	}
	value := make([]byte, secretBytes)
	_, _ = rand.Read(value) // it never fails: see crypto/rand
	err := a.db.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, "INSERT INTO secret (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING", workspaceName, value)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("make workspace secret: %w", err)
	}
	if err := a.db.Read(ctx, read); err != nil {
		return nil, err
	}
	if k == nil {
		return nil, errors.New("read workspace secret: it is gone again")
	}
	return k, nil
}

// Purposes of random tokens. A token of one purpose is never taken for one of another.
const (
	forSession = "session"
	forToken   = "token"
	forReset   = "reset"
	forSetup   = "setup"
)

// newToken makes a random text of 43 characters that suits an address and a cookie.
func newToken() Secret {
	random := make([]byte, secretBytes)
	_, _ = rand.Read(random) // it never fails: see crypto/rand
	return Secret(base64.RawURLEncoding.EncodeToString(random))
}

// plausible says whether a text has the length of what newToken makes, so that anything else costs no look into the database.
func plausible(token Secret) bool { return len(token) == base64.RawURLEncoding.EncodedLen(secretBytes) }

// digest is the hash under which a token of a purpose is kept.
func digest(purpose string, token Secret) []byte {
	h := sha256.New()
	_ = binary.Write(h, binary.BigEndian, uint32(len(purpose))) // a hash takes all that is written
	h.Write([]byte(purpose))
	h.Write([]byte(token))
	return h.Sum(nil)
}

// spell writes bytes in the letters of tokens.
func spell(data []byte) string {
	return base32.NewEncoding(tokenLetters).WithPadding(base32.NoPadding).EncodeToString(data)
}

// tokenPrefix makes an API token known for what it is, to people and to programs that look for lost ones.
const tokenPrefix = "ashna_"

// newAPIToken makes "ashna_", 52 characters of chance and 7 of a checksum over all before.
func newAPIToken() Secret {
	random := make([]byte, secretBytes)
	_, _ = rand.Read(random) // it never fails: see crypto/rand
	text := tokenPrefix + spell(random)
	return Secret(text + checksum(text))
}

func checksum(text string) string {
	return spell(binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE([]byte(text))))
}

// lengths of an API token and of its checksum.
const (
	tokenLength    = len(tokenPrefix) + 52 + checksumLength
	checksumLength = 7
)

// LooksLikeToken says whether a text has the form and the checksum of an API token, which a typing error has not. It asks no database.
func LooksLikeToken(text Secret) bool {
	s := string(text)
	if len(s) != tokenLength || !strings.HasPrefix(s, tokenPrefix) {
		return false
	}
	cut := len(s) - checksumLength
	return checksum(s[:cut]) == s[cut:]
}
