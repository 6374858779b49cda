package backup

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
)

// tap gives the bytes of an archive to the decompressor one by one, so that it takes none too many, and hashes those that it took.
type tap struct {
	r     io.Reader
	buf   []byte
	at    int // bytes of buf that were taken
	known int // bytes of buf that were hashed
	hash  hash.Hash
	size  int64
	err   error // of r
}

func newTap(r io.Reader) *tap {
	return &tap{r: r, buf: make([]byte, 0, ioBuffer), hash: sha256.New()}
}

// fill reads on when everything was taken.
func (t *tap) fill() error {
	if t.at < len(t.buf) {
		return nil
	}
	t.settle()
	if t.err != nil {
		return t.err
	}
	t.buf, t.at, t.known = t.buf[:cap(t.buf)], 0, 0
	n, err := 0, error(nil)
	for tries := 0; n == 0 && err == nil; tries++ {
		if tries > maxEmptyReads {
			err = io.ErrNoProgress
			break
		}
		n, err = t.r.Read(t.buf)
	}
	t.buf, t.err = t.buf[:n], err
	if n == 0 {
		return t.err
	}
	return nil
}

// maxEmptyReads is how often a source may give nothing.
const maxEmptyReads = 100

// settle hashes what was taken.
func (t *tap) settle() {
	t.hash.Write(t.buf[t.known:t.at])
	t.size += int64(t.at - t.known)
	t.known = t.at
}

// ReadByte gives the next byte.
func (t *tap) ReadByte() (byte, error) {
	if err := t.fill(); err != nil {
		return 0, err
	}
	b := t.buf[t.at]
	t.at++
	return b, nil
}

// Read gives the next bytes.
func (t *tap) Read(p []byte) (int, error) {
	if err := t.fill(); err != nil {
		return 0, err
	}
	n := copy(p, t.buf[t.at:])
	t.at += n
	return n, nil
}

// end checks the seal and that nothing follows it, and gives the hash that it carries.
func (t *tap) end() ([]byte, error) {
	t.settle()
	sum := t.hash.Sum(nil)
	got := make([]byte, sealSize)
	if _, err := io.ReadFull(t, got); err != nil {
		return nil, fmt.Errorf("the seal is missing: %w", err)
	}
	if !bytes.Equal(got, sealOf(sum)) {
		return nil, errors.New("the archive does not match its seal")
	}
	if _, err := t.ReadByte(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something follows the seal")
	}
	t.settle()
	return sum, nil
}

// trouble gives an error of the source itself, which says nothing about the archive.
func (t *tap) trouble() error {
	if t.err == nil || errors.Is(t.err, io.EOF) || errors.Is(t.err, io.ErrUnexpectedEOF) {
		return nil
	}
	return t.err
}
