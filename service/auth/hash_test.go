package auth

import (
	"bytes"
	"context"
	"encoding/hex"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"ashna/kit/fault"
)

func TestHashIsTheReferenceArgon2id(t *testing.T) {
	// From the test suite of the reference implementation: argon2id, version 19, 2 passes, 64 MiB, 1 lane.
	want, _ := hex.DecodeString("09316115d5cf24ed5a15a31a3ba326e5cf32edc24702987c02b6566f61913cf7")
	kept := encodeHash(Cost{64 << 10, 2, 1}, []byte("somesalt"), want)
	if !strings.HasPrefix(kept, "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$") {
		t.Errorf("spelled %s", kept)
	}
	h := newHasher(Cost{}, 1, time.Second)
	if ok, err := h.matches(kept, "password"); !ok || err != nil {
		t.Errorf("the right password: %v, %v", ok, err)
	}
	if ok, err := h.matches(kept, "Password"); ok || err != nil {
		t.Errorf("another password: %v, %v", ok, err)
	}
	if !h.outdated(kept) || h.outdated(encodeHash(Cost{}.orDefault(), []byte("somesalt"), want)) {
		t.Error("a hash of another cost must be outdated, one of this cost not")
	}
}

func TestHashBounds(t *testing.T) {
	good := newHasher(cheap, 1, time.Second).make("x")
	if _, _, _, err := decodeHash(good); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{
		"", "$", "x" + good, good + "$", good + "!", strings.Replace(good, "argon2id", "argon2i", 1), strings.Replace(good, "v=19", "v=16", 1),
		strings.Replace(good, "m=8", "m=0", 1), strings.Replace(good, "m=8", "m=4294967295", 1), strings.Replace(good, "m=8", "m=-8", 1),
		strings.Replace(good, "t=1", "t=0", 1), strings.Replace(good, "t=1", "t=1000", 1), strings.Replace(good, "p=1", "p=0", 1),
		strings.Replace(good, "p=1", "p=200", 1), strings.Replace(good, "m=8,t=1,p=1", "m=8", 1), "$argon2id$v=19$m=8,t=1,p=1$YQ$" + good[len(good)-43:],
		"$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$YQ", "$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$" + strings.Repeat("A", 200),
	} {
		if _, _, _, err := decodeHash(bad); err == nil {
			t.Errorf("%q is read as a hash", bad)
		}
	}
	if ok, err := newHasher(cheap, 1, time.Second).matches("plain", "plain"); ok || err == nil {
		t.Error("a text that is no hash must be an error, not a match")
	}
}

func FuzzDecodeHash(f *testing.F) {
	f.Add("$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAphArZWPb2GRPPc")
	f.Add("$$$$$")
	f.Fuzz(func(t *testing.T, kept string) {
		c, salt, sum, err := decodeHash(kept)
		if err != nil {
			return
		}
		again, salt2, sum2, err := decodeHash(encodeHash(c, salt, sum))
		if err != nil || again != c || !bytes.Equal(salt, salt2) || !bytes.Equal(sum, sum2) {
			t.Errorf("%q is read as %v and not again: %v", kept, c, err)
		}
		if c.Memory > maxMemory || c.Passes > maxPasses || c.Lanes > maxLanes {
			t.Errorf("%q is out of bounds: %v", kept, c)
		}
	})
}

func TestHashesDiffer(t *testing.T) {
	h := newHasher(cheap, 1, time.Second)
	a, b := h.make("the same"), h.make("the same")
	if a == b {
		t.Error("two hashes of one password are equal: the salt is not random")
	}
	for _, kept := range []string{a, b} {
		if ok, err := h.matches(kept, "the same"); !ok || err != nil {
			t.Errorf("%s does not match: %v", kept, err)
		}
	}
	if ok, err := h.matches("", ""); ok || err != nil {
		t.Errorf("no password matches the empty one: %v, %v", ok, err)
	}
	if h.work.Load() != 5 {
		t.Errorf("%d hashes were made, want 5: one also for who has none", h.work.Load())
	}
}

func TestSlotsBoundTheWork(t *testing.T) {
	h := newHasher(cheap, 3, 10*time.Second)
	var inside, most atomic.Int64
	var group sync.WaitGroup
	for range 100 {
		group.Go(func() {
			leave, err := h.enter(context.Background())
			if err != nil {
				t.Error(err)
				return
			}
			most.Store(max(most.Load(), inside.Add(1)))
			h.make("x")
			inside.Add(-1)
			leave()
		})
	}
	group.Wait()
	if most.Load() > 3 || most.Load() < 1 {
		t.Errorf("%d hashed at once, the limit is 3", most.Load())
	}
	if len(h.slots) != 0 || len(h.line) != 0 {
		t.Errorf("%d slots and %d places in the line are still taken", len(h.slots), len(h.line))
	}
}

func TestWaitingIsBounded(t *testing.T) {
	h := newHasher(cheap, 1, 5*time.Millisecond)
	leave, err := h.enter(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	_, err = h.enter(context.Background())
	expect(t, err, fault.TooMany, "error.too_many")
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	h.wait = time.Hour
	_, err = h.enter(ended)
	expect(t, err, fault.Unavailable, "error.timeout")
	for range cap(h.line) {
		h.line <- struct{}{}
	}
	_, err = h.enter(context.Background())
	expect(t, err, fault.TooMany, "error.too_many")
	for range cap(h.line) {
		<-h.line
	}
	leave()
	if leave, err = h.enter(context.Background()); err != nil {
		t.Errorf("a slot that was given back is not free: %v", err)
	}
	leave()
}

func TestTokensAndDigests(t *testing.T) {
	seen := map[Secret]bool{}
	for range 1_000 {
		s := newToken()
		if !plausible(s) || seen[s] {
			t.Fatalf("token %q is not plausible or not new", s.Reveal())
		}
		seen[s] = true
	}
	s := newToken()
	kinds := map[string]bool{}
	for _, purpose := range []string{forSession, forToken, forReset, forSetup, ""} {
		kinds[string(digest(purpose, s))] = true
	}
	if len(kinds) != 5 {
		t.Error("a token has one hash for two purposes")
	}
	if bytes.Equal(digest("ab", "c"), digest("a", "bc")) {
		t.Error("the border between purpose and token does not count")
	}
	for _, odd := range []Secret{"", "x", s + "x", s[1:]} {
		if plausible(odd) {
			t.Errorf("%q is plausible", odd.Reveal())
		}
	}
}

func TestTokenChecksum(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		token := newAPIToken()
		if len(token) != tokenLength || !strings.HasPrefix(token.Reveal(), "ashna_") || !LooksLikeToken(token) {
			t.Fatalf("%q does not look like a token", token.Reveal())
		}
		letters := []byte(token)
		i := r.IntN(len(letters))
		old := letters[i]
		for letters[i] == old {
			letters[i] = tokenLetters[r.IntN(len(tokenLetters))]
		}
		if LooksLikeToken(Secret(letters)) {
			t.Errorf("%q with another letter at %d looks like a token", token.Reveal(), i)
		}
		i = len(tokenPrefix) + r.IntN(tokenLength-len(tokenPrefix)-1)
		letters = []byte(token)
		letters[i], letters[i+1] = letters[i+1], letters[i]
		if letters[i] != letters[i+1] && LooksLikeToken(Secret(letters)) {
			t.Errorf("%q with two letters exchanged at %d looks like a token", token.Reveal(), i)
		}
	}
	for _, odd := range []Secret{"", "ashna_", newToken(), newAPIToken() + "0", Secret(strings.ToUpper(newAPIToken().Reveal()))} {
		if LooksLikeToken(odd) {
			t.Errorf("%q looks like a token", odd.Reveal())
		}
	}
}

func FuzzLooksLikeToken(f *testing.F) {
	f.Add(newAPIToken().Reveal())
	f.Add("ashna_")
	f.Fuzz(func(t *testing.T, text string) {
		if LooksLikeToken(Secret(text)) && (len(text) != tokenLength || checksum(text[:len(text)-checksumLength]) != text[len(text)-checksumLength:]) {
			t.Errorf("%q looks like a token", text)
		}
	})
}

func TestKeyring(t *testing.T) {
	ring, err := newKeyring(bytes.Repeat([]byte{7}, secretBytes))
	if err != nil {
		t.Fatal(err)
	}
	other, err := newKeyring(bytes.Repeat([]byte{8}, secretBytes))
	if err != nil {
		t.Fatal(err)
	}
	secret := []byte("twenty bytes of chance")
	sealed := ring.seal(11, secret)
	if bytes.Contains(sealed, secret) || bytes.Equal(sealed, ring.seal(11, secret)) {
		t.Error("the secret is not hidden, or the nonce is not new")
	}
	if got, err := ring.open(11, sealed); err != nil || !bytes.Equal(got, secret) {
		t.Errorf("opened %q, %v", got, err)
	}
	if _, err := ring.open(12, sealed); err == nil {
		t.Error("it opens for another user")
	}
	if _, err := other.open(11, sealed); err == nil {
		t.Error("it opens with another key")
	}
	for i := range sealed {
		broken := bytes.Clone(sealed)
		broken[i] ^= 1
		if _, err := ring.open(11, broken); err == nil {
			t.Fatalf("it opens with byte %d changed", i)
		}
	}
	if _, err := ring.open(11, nil); err == nil {
		t.Error("nothing opens")
	}
	if ring.account("a@x.org") == ring.account("b@x.org") || ring.account("a@x.org") == other.account("a@x.org") || strings.Contains(ring.account("a@x.org"), "@") {
		t.Error("the names of accounts do not hide them or do not differ")
	}
	if ring.recoveryHash(1, "x") == ring.recoveryHash(2, "x") || ring.recoveryHash(1, "x") == other.recoveryHash(1, "x") {
		t.Error("the hashes of recovery codes do not differ by user and workspace")
	}
}
