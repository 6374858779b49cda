package backup

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"ashna/engine/db"
	"ashna/kit/fault"
)

// small gives an archive of some kilobytes that has everything.
func small(t testing.TB) []byte {
	t.Helper()
	d := workspace(t, places()[0])
	write(t, d, func(ctx context.Context, tx *db.Tx) error {
		for i := range int64(40) {
			if err := tx.Insert(ctx, "company", []string{"id", "name"}, [][]any{{i + 1, fmt.Sprintf("شرکت %x", sha256.Sum256([]byte{byte(i)}))}}); err != nil {
				return err
			}
		}
		return tx.Insert(ctx, "setting", []string{"name", "value"}, [][]any{{"a", nil}, {"b", "c"}})
	})
	archive, _ := archived(t, d, newShelf("first content", "second content", ""))
	return archive
}

// TestFlippedBits holds that of a thousand archives with one changed bit none is accepted, and that none leaves a row behind.
func TestFlippedBits(t *testing.T) {
	const flips = 1_000
	archive := small(t)
	everywhere(t, func(t *testing.T, p place) {
		target := workspace(t, p)
		random := rand.New(rand.NewPCG(20261103, 1))
		for range flips {
			bit := random.IntN(len(archive) * 8)
			broken := slices.Clone(archive)
			broken[bit/8] ^= 1 << (bit % 8)
			if _, _, err := Read(t.Context(), bytes.NewReader(broken), into(target, newShelf())); !fault.Is(err, fault.Invalid) {
				t.Fatalf("bit %d of byte %d: %v", bit%8, bit/8, err)
			}
		}
		wantEmpty(t, target)
		if _, _, err := Read(t.Context(), bytes.NewReader(archive), into(target, newShelf())); err != nil {
			t.Fatalf("the whole archive after %d broken ones: %v", flips, err)
		}
	})
}

// TestBitsInTurn flips each bit of the head and of the seal, and many between them.
func TestBitsInTurn(t *testing.T) {
	archive := small(t)
	end := len(archive) * 8
	for bit := 0; bit < end; bit++ {
		if bit > 32*8 && bit < end-(sealSize+16)*8 {
			bit += 12
		}
		archive[bit/8] ^= 1 << (bit % 8)
		if _, _, err := Verify(t.Context(), bytes.NewReader(archive)); !fault.Is(err, fault.Invalid) {
			t.Fatalf("bit %d of byte %d of %d: %v", bit%8, bit/8, len(archive), err)
		}
		archive[bit/8] ^= 1 << (bit % 8)
	}
}

func TestCutAndLengthened(t *testing.T) {
	archive := small(t)
	for n := range len(archive) {
		if _, _, err := Verify(t.Context(), bytes.NewReader(archive[:n])); !fault.Is(err, fault.Invalid) {
			t.Fatalf("%d bytes of %d: %v", n, len(archive), err)
		}
	}
	for _, more := range [][]byte{{0}, {0x1f}, archive, sealOf(make([]byte, 32))} {
		if _, _, err := Verify(t.Context(), bytes.NewReader(slices.Concat(archive, more))); !fault.Is(err, fault.Invalid) {
			t.Errorf("%d bytes more: %v", len(more), err)
		}
	}
}

// part is a member of an archive that a test takes apart.
type part struct {
	tar.Header
	body []byte
}

// parts takes an archive apart with nothing but common tools: gzip, of which it reads every stream, and tar.
func parts(t testing.TB, archive []byte) (list []part) {
	t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(archive))
	if err != nil {
		t.Fatal(err)
	}
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, part{*h, body})
	}
	if _, err := io.Copy(io.Discard, z); err != nil {
		t.Fatalf("the seal is no stream of gzip: %v", err)
	}
	return list
}

func TestCommonToolsReadTheArchive(t *testing.T) {
	var names []string
	for _, p := range parts(t, small(t)) {
		names = append(names, p.Name)
	}
	want := []string{manifestName, manifestSum, "tables/company/00000001", "tables/setting/00000001"}
	if len(names) != 8 || !slices.Equal(names[:4], want) || names[7] != indexName {
		t.Errorf("members %v", names)
	}
}

// sealed puts an archive together from parts, with an index that fits the members when none is among them, and a good seal.
func sealed(t testing.TB, list []part) []byte {
	t.Helper()
	var b bytes.Buffer
	a, err := newArchive(&b, noon)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range list {
		if p.Typeflag != tar.TypeReg || len(p.PAXRecords) > 0 {
			h := p.Header
			h.Format = tar.FormatPAX
			if err := a.tar.WriteHeader(&h); err != nil {
				t.Fatal(err)
			}
			_, _ = a.tar.Write(p.body)
			sum := sha256.Sum256(p.body)
			a.members.add(p.Name, p.Size, sum[:])
			continue
		}
		body := p.body
		if p.Name == indexName {
			var x index
			if err := json.Unmarshal(body, &x); err != nil {
				t.Fatal(err)
			}
			x.Members = a.members.sum()
			if body, err = json.Marshal(x); err != nil {
				t.Fatal(err)
			}
		}
		if err := a.add(p.Name, body); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := a.close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// remake changes the manifest and the hash beside it.
func remake(t testing.TB, list []part, change func(m *Manifest)) []part {
	t.Helper()
	var m Manifest
	if err := json.Unmarshal(list[0].body, &m); err != nil {
		t.Fatal(err)
	}
	change(&m)
	body, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	list[0].body, list[1].body = body, sumOf(body)
	return list
}

// TestForgedArchives are whole by their seal, but not what Write makes.
func TestForgedArchives(t *testing.T) {
	archive := small(t)
	if _, _, err := Verify(t.Context(), bytes.NewReader(sealed(t, parts(t, archive)))); err != nil {
		t.Fatalf("taken apart and put together: %v", err)
	}
	named := func(p part, name string) part {
		p.Name = name
		return p
	}
	chunk := func(rows []byte) func([]part) []part {
		return func(l []part) []part {
			l[2].body = seal(slices.Clone(rows))
			return l
		}
	}
	for name, forge := range map[string]func(l []part) []part{
		"a chunk less":      func(l []part) []part { return slices.Delete(l, 2, 3) },
		"a chunk twice":     func(l []part) []part { return slices.Insert(l, 3, l[2]) },
		"another order":     func(l []part) []part { l[2], l[3] = l[3], l[2]; return l },
		"another number":    func(l []part) []part { l[2] = named(l[2], "tables/company/00000002"); return l },
		"another table":     func(l []part) []part { l[2] = named(l[2], "tables/other/00000001"); return l },
		"a path":            func(l []part) []part { l[2] = named(l[2], "tables/company/../x"); return l },
		"a content less":    func(l []part) []part { return slices.Delete(l, 5, 6) },
		"a content renamed": func(l []part) []part { l[5] = named(l[5], fileName(hashOf([]byte("x")))); return l },
		"a content outside": func(l []part) []part { l[5] = named(l[5], "files/../../x"); return l },
		"rows after files":  func(l []part) []part { l[3], l[4] = l[4], l[3]; return l },
		"no index":          func(l []part) []part { return l[:len(l)-1] },
		"no manifest":       func(l []part) []part { return l[1:] },
		"after the index":   func(l []part) []part { return append(l, named(l[4], "more")) },
		"a stranger":        func(l []part) []part { return slices.Insert(l, 4, named(l[4], "virus.exe")) },
		"index is no JSON":  func(l []part) []part { l[7] = named(part{l[7].Header, []byte("{")}, "index.json "); return l },
		"a link": func(l []part) []part {
			return slices.Insert(l, 4, part{Header: tar.Header{Typeflag: tar.TypeSymlink, Name: l[4].Name, Linkname: "/etc/passwd"}})
		},
		"a folder": func(l []part) []part {
			return slices.Insert(l, 4, part{Header: tar.Header{Typeflag: tar.TypeDir, Name: "d/"}})
		},
		"an attribute":  func(l []part) []part { l[4].PAXRecords = map[string]string{"comment": "x"}; return l },
		"no seal":       func(l []part) []part { l[2].body[0]++; return l },
		"half a row":    chunk([]byte{markNumber, 2}),
		"no length":     chunk([]byte{0xff}),
		"a great text":  chunk([]byte{0, 0, 0, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f}),
		"a long number": chunk(append([]byte{markNumber}, bytes.Repeat([]byte{0xff}, 11)...)),
		"no text":       chunk([]byte{0, 0, 0, 4, 0xff}),
		"other rows":    chunk([]byte{markNumber, 2, 0, 0, 0}),
		"format 0":      func(l []part) []part { return remake(t, l, func(m *Manifest) { m.Format = 0 }) },
		"a statement":   func(l []part) []part { return remake(t, l, func(m *Manifest) { m.Tables[0].Name = "x; DROP TABLE y" }) },
		"a long list": func(l []part) []part {
			return remake(t, l, func(m *Manifest) { m.Tables[0].Columns = make([]string, maxColumns+1) })
		},
		"manifest hash": func(l []part) []part { l[1].body[0] ^= 1; return l },
		"a column more": func(l []part) []part {
			return remake(t, l, func(m *Manifest) { m.Tables[0].Columns = append(m.Tables[0].Columns, "more") })
		},
	} {
		forged := sealed(t, forge(parts(t, archive)))
		if _, _, err := Verify(t.Context(), bytes.NewReader(forged)); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
		target := workspace(t, places()[0])
		if _, _, err := Read(t.Context(), bytes.NewReader(forged), into(target, newShelf())); err == nil {
			t.Errorf("%s: it was restored", name)
		}
		wantEmpty(t, target)
	}
}

func TestANewerFormat(t *testing.T) {
	newer := sealed(t, remake(t, parts(t, small(t)), func(m *Manifest) { m.Format = Format + 1 }))
	_, _, err := Verify(t.Context(), bytes.NewReader(newer))
	wantKind(t, err, fault.Conflict, "backup.version")
	asked := false
	_, _, err = Read(t.Context(), bytes.NewReader(newer), Target{Open: func(context.Context, Manifest) (*db.DB, error) {
		asked = true
		return nil, io.ErrClosedPipe
	}})
	wantKind(t, err, fault.Conflict, "backup.version")
	if asked {
		t.Error("the place was opened all the same")
	}
}

func TestABrokenManifestOpensNothing(t *testing.T) {
	list := parts(t, small(t))
	list[0].body = bytes.Replace(list[0].body, []byte(`"1.2.3"`), []byte(`"1.2.4"`), 1)
	_, _, err := Read(t.Context(), bytes.NewReader(sealed(t, list)), Target{Open: func(context.Context, Manifest) (*db.DB, error) {
		t.Error("the place was opened")
		return nil, io.ErrClosedPipe
	}})
	wantKind(t, err, fault.Invalid, "backup.damaged")
}

func TestThingsThatAreNoArchive(t *testing.T) {
	var empty, words bytes.Buffer
	for b, content := range map[*bytes.Buffer]string{&empty: "", &words: strings.Repeat("words", 1000)} {
		z := gzip.NewWriter(b)
		_, _ = z.Write([]byte(content))
		_ = z.Close()
	}
	for name, r := range map[string]io.Reader{
		"nothing": strings.NewReader(""), "text": strings.NewReader("hello"), "empty gzip": &empty, "gzip of text": &words,
		"zeros": io.LimitReader(zeros{}, 1<<20), "a silent source": silent{},
	} {
		if _, _, err := Verify(t.Context(), r); err == nil || name != "a silent source" && !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

type silent struct{}

func (silent) Read([]byte) (int, error) { return 0, nil }

// FuzzVerify holds that nothing but an archive is accepted, and that nothing stops the process.
func FuzzVerify(f *testing.F) {
	f.Add([]byte("\x1f\x8b"))
	f.Add(small(f))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, _, err := Verify(t.Context(), bytes.NewReader(data))
		if err == nil && (m.Format != Format || len(data) < sealSize) {
			t.Errorf("accepted %x", data)
		}
	})
}
