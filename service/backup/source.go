package backup

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"

	"ashna/kit/fault"
)

// The names of members.
const (
	manifestName = "manifest.json"
	manifestSum  = "manifest.sha256"
	indexName    = "index.json"
	tablesFolder = "tables/"
	filesFolder  = "files/"
)

func chunkName(table string, number int) string {
	return fmt.Sprintf("%s%s/%08d", tablesFolder, table, number)
}

func fileName(hash string) string { return filesFolder + hash }

// source is an archive that is being read.
type source struct {
	tap      *tap
	gzip     *gzip.Reader
	tar      *tar.Reader
	members  members
	manifest Manifest
	table    int // of the manifest
	chunk    int // of the table
	chunks   []byte
	sums     []digest
	index    index
}

// visitor gets what is in an archive, each piece after it was checked, except that the bytes of a content are checked while they are read.
type visitor struct {
	rows func(t Table, rows [][]any) error
	file func(hash string, size int64, r io.Reader) error
}

// open reads the manifest.
func open(r io.Reader) (*source, error) {
	s := &source{tap: newTap(r), members: members{sha256.New()}}
	if err := s.begin(); err != nil {
		return nil, s.explain(err)
	}
	return s, nil
}

func (s *source) begin() (err error) {
	if s.gzip, err = gzip.NewReader(s.tap); err != nil {
		return err
	}
	s.gzip.Multistream(false)
	s.tar = tar.NewReader(s.gzip)
	manifest, err := s.text(manifestName)
	if err != nil {
		return err
	}
	sum, err := s.text(manifestSum)
	if err != nil {
		return err
	}
	if !bytes.Equal(sum, sumOf(manifest)) {
		return errors.New("the manifest does not match its hash")
	}
	if err := json.Unmarshal(manifest, &s.manifest); err != nil {
		return fmt.Errorf("read manifest: %w", err)
	}
	if s.manifest.Format > Format {
		return fault.New(fault.Conflict, "backup.version")
	}
	if s.manifest.Format < 1 {
		return fmt.Errorf("format %d", s.manifest.Format)
	}
	s.sums = make([]digest, len(s.manifest.Tables))
	return checkTables(s.manifest.Tables)
}

// next gives the header of the next member.
func (s *source) next() (*tar.Header, error) {
	h, err := s.tar.Next()
	if err != nil {
		return nil, err
	}
	for record := range h.PAXRecords {
		if record != "size" { // a sparse file would be a small one that writes a large one
			return nil, fmt.Errorf("member %.80q has the attribute %.80q", h.Name, record)
		}
	}
	if h.Typeflag != tar.TypeReg || h.Size < 0 {
		return nil, fmt.Errorf("member %.80q is no plain file", h.Name)
	}
	return h, nil
}

// text reads the next member, which must have a name, into memory.
func (s *source) text(name string) ([]byte, error) {
	h, err := s.next()
	if err != nil {
		return nil, err
	}
	if h.Name != name {
		return nil, fmt.Errorf("member %.80q instead of %s", h.Name, name)
	}
	return s.body(h, nil, maxManifest)
}

// body reads a member into memory, in the place of an earlier one.
func (s *source) body(h *tar.Header, into []byte, limit int64) ([]byte, error) {
	if h.Size > limit {
		return nil, fmt.Errorf("member %.80q has %d bytes", h.Name, h.Size)
	}
	into = append(into[:0], make([]byte, h.Size)...)
	if _, err := io.ReadFull(s.tar, into); err != nil {
		return nil, err
	}
	sum := sha256.Sum256(into)
	s.members.add(h.Name, h.Size, sum[:])
	return into, nil
}

// walk reads the rest of the archive to its last byte.
func (s *source) walk(ctx context.Context, v visitor) (Summary, error) {
	for {
		if err := ctx.Err(); err != nil {
			return Summary{}, fault.Wrap(fault.Unavailable, "error.timeout", err)
		}
		h, err := s.next()
		if err != nil {
			return Summary{}, s.explain(err)
		}
		if h.Name == indexName {
			break
		}
		if err := s.member(h, v); err != nil {
			return Summary{}, s.explain(err)
		}
	}
	summary, err := s.end()
	return summary, s.explain(err)
}

// refusal is an error of who gets the pieces; it says nothing about the archive.
type refusal struct{ error }

// explain tells damage from trouble of other kinds.
func (s *source) explain(err error) error {
	var theirs refusal
	switch {
	case err == nil:
		return nil
	case errors.As(err, &theirs):
		return theirs.error
	case s.tap.trouble() != nil:
		return fmt.Errorf("read archive: %w", s.tap.trouble())
	case fault.Of(err) != nil:
		return err
	}
	return damaged(err)
}

func (s *source) member(h *tar.Header, v visitor) error {
	if name, ok := strings.CutPrefix(h.Name, tablesFolder); ok && s.index.Files == 0 {
		return s.rows(h, name, v)
	}
	if hash, ok := strings.CutPrefix(h.Name, filesFolder); ok && isHash(hash) {
		return s.file(h, hash, v)
	}
	return fmt.Errorf("member %.80q is not expected here", h.Name)
}

// rows reads a chunk: the next of its table, or the first of a later table.
func (s *source) rows(h *tar.Header, name string, v visitor) error {
	table, _, _ := strings.Cut(name, "/")
	for s.table < len(s.manifest.Tables) && s.manifest.Tables[s.table].Name != table {
		s.table, s.chunk = s.table+1, 0
	}
	s.chunk++
	if s.table == len(s.manifest.Tables) || h.Name != chunkName(table, s.chunk) {
		return fmt.Errorf("member %.80q is not expected here", h.Name)
	}
	body, err := s.body(h, s.chunks, maxChunk)
	if err != nil {
		return err
	}
	s.chunks = body
	rows, err := unseal(body)
	if err != nil {
		return err
	}
	t := s.manifest.Tables[s.table]
	return eachBatch(rows, len(t.Columns), &s.sums[s.table], func(rows [][]any) error {
		if err := v.rows(t, rows); err != nil {
			return refusal{err}
		}
		return nil
	})
}

// file passes a content on. Its hash is its name, so whoever keeps it under its name checks it too.
func (s *source) file(h *tar.Header, hash string, v visitor) error {
	sum := sha256.New()
	body := io.TeeReader(s.tar, sum)
	var theirs error
	if v.file != nil {
		theirs = v.file(hash, h.Size, body)
	}
	if theirs == nil || s.tap.trouble() == nil {
		if _, err := io.Copy(io.Discard, body); err != nil {
			return err
		}
		if hex.EncodeToString(sum.Sum(nil)) != hash {
			return fmt.Errorf("content %s does not match its hash", hash)
		}
	}
	if theirs != nil {
		return refusal{theirs}
	}
	s.members.add(h.Name, h.Size, sum.Sum(nil))
	s.index.Files++
	s.index.FileBytes += h.Size
	return nil
}

// end compares the index with what was read, and checks the seal.
func (s *source) end() (Summary, error) {
	s.index.Members = s.members.sum()
	for i, sum := range s.sums {
		s.index.Tables = append(s.index.Tables, sum.sum(s.manifest.Tables[i].Name))
	}
	text, err := io.ReadAll(io.LimitReader(s.tar, maxManifest))
	if err != nil {
		return Summary{}, err
	}
	var said index
	if err := json.Unmarshal(text, &said); err != nil {
		return Summary{}, fmt.Errorf("read index: %w", err)
	}
	s.index.Missing, s.index.Lost = said.Missing, said.Lost // only who wrote it knows
	if !reflect.DeepEqual(said, s.index) {
		return Summary{}, errors.New("the members do not match the index")
	}
	if _, err := s.tar.Next(); !errors.Is(err, io.EOF) {
		return Summary{}, errors.Join(errors.New("something follows the index"), err)
	}
	if n, err := s.gzip.Read(make([]byte, 1)); n > 0 || !errors.Is(err, io.EOF) {
		return Summary{}, errors.Join(errors.New("something follows the members"), err)
	}
	sum, err := s.tap.end()
	if err != nil {
		return Summary{}, err
	}
	summary := s.index.summary()
	summary.Hash, summary.Bytes = hex.EncodeToString(sum), s.tap.size
	return summary, nil
}
