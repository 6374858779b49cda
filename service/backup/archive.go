package backup

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"time"
)

// sealStart is the header of the empty stream at the end: a gzip header with an extra field "AH" of 32 bytes.
const sealStart = "\x1f\x8b\x08\x04\x00\x00\x00\x00\x00\xff\x24\x00AH\x20\x00"

// sealEnd is the rest of it: an empty block, its checksum and its size.
const sealEnd = "\x03\x00\x00\x00\x00\x00\x00\x00\x00\x00"

const sealSize = len(sealStart) + sha256.Size + len(sealEnd)

func sealOf(sum []byte) []byte { return []byte(sealStart + string(sum) + sealEnd) }

// ioBuffer is how much is read or written at once.
const ioBuffer = 256 << 10

// members keeps the running hash over all members.
type members struct{ hash hash.Hash }

func (m members) add(name string, size int64, sum []byte) {
	m.hash.Write(append(binary.BigEndian.AppendUint64([]byte(name+"\x00"), uint64(size)), sum...))
}

func (m members) sum() string { return hex.EncodeToString(m.hash.Sum(nil)) }

// archive is one that is being written.
type archive struct {
	out     *counted
	buffer  *bufio.Writer
	gzip    *gzip.Writer
	tar     *tar.Writer
	members members
	created time.Time
}

// counted hashes and counts what is written.
type counted struct {
	w    io.Writer
	hash hash.Hash
	size int64
}

func (c *counted) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.hash.Write(p[:n])
	c.size += int64(n)
	return n, err
}

func newArchive(w io.Writer, created time.Time) (*archive, error) {
	a := &archive{out: &counted{w: w, hash: sha256.New()}, members: members{sha256.New()}, created: created}
	a.buffer = bufio.NewWriterSize(a.out, ioBuffer)
	var err error
	if a.gzip, err = gzip.NewWriterLevel(a.buffer, gzip.BestSpeed); err != nil {
		return nil, fmt.Errorf("begin compression: %w", err)
	}
	a.tar = tar.NewWriter(a.gzip)
	return a, nil
}

// add writes a member that is in memory.
func (a *archive) add(name string, body []byte) error {
	return a.copy(name, int64(len(body)), bytes.NewReader(body))
}

// copy writes a member of a known size.
func (a *archive) copy(name string, size int64, body io.Reader) error {
	header := &tar.Header{Typeflag: tar.TypeReg, Name: name, Size: size, Mode: 0o600, ModTime: a.created.Truncate(time.Second)}
	if err := a.tar.WriteHeader(header); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	sum := sha256.New()
	n, err := io.Copy(io.MultiWriter(a.tar, sum), body)
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	if n != size {
		return fmt.Errorf("write %s: %d bytes instead of %d", name, n, size)
	}
	a.members.add(name, size, sum.Sum(nil))
	return nil
}

// close ends the stream and seals it. It gives the hash and the size of the archive.
func (a *archive) close() (sum string, size int64, err error) {
	if err := errors.Join(a.tar.Close(), a.gzip.Close(), a.buffer.Flush()); err != nil {
		return "", 0, fmt.Errorf("end archive: %w", err)
	}
	hash := a.out.hash.Sum(nil)
	if _, err := a.out.Write(sealOf(hash)); err != nil {
		return "", 0, fmt.Errorf("seal archive: %w", err)
	}
	return hex.EncodeToString(hash), a.out.size, nil
}
