// Package backup writes a running workspace into one archive and reads it into an empty one, on the same database or another: the rows of
// one moment, and the contents of the files that they name.
//
// The archive is a gzip file with a tar file in it, which common tools can open:
//
//	manifest.json               what is in it: see Manifest
//	manifest.sha256             the hash of the manifest, so that nothing is done on its word before it is known to be whole
//	tables/NAME/00000001        rows of a table, about 1 MiB at a time, tables in the order of the manifest
//	files/HASH                  the content of a file, named by its SHA-256
//	index.json                  for each table its rows and their digest, the count of contents, and a hash over all members
//
// A chunk of rows is one row after the other and 32 bytes of SHA-256 of those. A row is a value for each column of the manifest. A value
// begins with a number in the variable-length form of package encoding/binary: 0 is empty; 1 is followed by a signed number in the same form; from
// 2 on, an even number 2n+2 is followed by n bytes of UTF-8 text and an odd number 2n+3 by n bytes.
//
// After the compressed stream follows a second, empty one whose header carries the SHA-256 of every byte before it. So each member is checked
// before it is used, and a single changed bit anywhere in the archive is found.
package backup

import (
	"context"
	"encoding/json"
	"io"
	"regexp"
	"time"

	"ashna/engine/db"
	"ashna/kit/fault"
)

// Format is the version of the archive that Write makes. Read takes this and earlier ones.
const Format = 1

// The bounds of an archive. A row has one chunk, so maxChunk bounds the greatest row too.
const (
	chunkSize   = 1 << 20  // bytes of rows after which a chunk is full
	maxChunk    = 32 << 20 // bytes
	maxManifest = 16 << 20 // bytes, of the index too
	maxTables   = 10_000
	maxColumns  = 2_000
	maxMissing  = 1_000 // contents that are named as missing; more are only counted
)

// Table is a table and the columns to be kept, in the order of their values.
type Table struct {
	Name    string   `json:"name"`
	Columns []string `json:"columns"`
}

// Info says what to write and what to note about it.
type Info struct {
	Program string          // version of the program
	Schema  string          // version of the tables
	Created time.Time       // now
	Tables  []Table         // what to keep: without Columns, all of them. Leave out what is derived from the rest, and what must not live on
	Extra   json.RawMessage // comes back in the manifest: what Open of Target needs to make the tables, such as the custom objects
}

// Manifest opens an archive. Tables are in the order in which their rows follow: what is linked to before what links.
type Manifest struct {
	Format  int             `json:"format"`
	Program string          `json:"program"`
	Schema  string          `json:"schema"`
	Created time.Time       `json:"created"`
	Tables  []Table         `json:"tables"`
	Extra   json.RawMessage `json:"extra,omitempty"`
}

// TableSum is what became of a table. Digest is the same for the same rows in any order and on any database: see Digests.
type TableSum struct {
	Name   string `json:"name"`
	Rows   int64  `json:"rows"`
	Digest string `json:"digest"`
}

// Summary tells what an archive holds.
type Summary struct {
	Tables    []TableSum
	Rows      int64
	Files     int64
	FileBytes int64
	Missing   int64    // contents that rows name and that could not be read when the archive was written: they are not in it
	Lost      []string // the hashes of the first 1,000 of them
	Bytes     int64    // size of the archive
	Hash      string   // SHA-256 of the archive without its last 58 bytes, which carry it
}

// FileSource is where Write finds the contents of files.
type FileSource interface {
	// Hold keeps all contents until release is called.
	Hold() (release func(), err error)
	// Named calls do with each content that the rows name, and its size in bytes, once.
	Named(ctx context.Context, q db.Querier, do func(hash string, size int64) error) error
	// Open opens a content by the 64 digits of its SHA-256 and gives its size in bytes.
	Open(hash string) (io.ReadSeekCloser, int64, error)
}

// FileSink is where Read puts the contents of files. Receive keeps a content, and refuses one whose hash or size is another.
type FileSink interface {
	Receive(ctx context.Context, hash string, size int64, r io.Reader) error
}

// Target is where an archive goes.
type Target struct {
	// Open gives an empty workspace with the tables of the manifest. The manifest is whole when Open is called; what follows may still turn
	// out to be damaged. Who opened it closes it, and removes it when Read failed.
	Open func(ctx context.Context, m Manifest) (*db.DB, error)
	// Files takes the contents; nil leaves them out.
	Files FileSink
	// Finish may do more in the transaction of the rows, such as making indexes, which is faster after them than before.
	Finish func(ctx context.Context, tx *db.Tx) error
}

// index closes the tar file.
type index struct {
	Tables    []TableSum `json:"tables"`
	Files     int64      `json:"files"`
	FileBytes int64      `json:"file_bytes"`
	Missing   int64      `json:"missing"`
	Lost      []string   `json:"lost,omitempty"`
	Members   string     `json:"members"` // SHA-256 over name, size and SHA-256 of each member before the index
}

func (x *index) summary() Summary {
	s := Summary{Tables: x.Tables, Files: x.Files, FileBytes: x.FileBytes, Missing: x.Missing, Lost: x.Lost}
	for _, t := range x.Tables {
		s.Rows += t.Rows
	}
	return s
}

// identifier is what a name of a table or column may be; such names stand in statements as they are.
var identifier = regexp.MustCompile(`^[a-z_][a-z0-9_]{0,62}$`)

func isHash(s string) bool {
	if len(s) != 64 {
		return false
	}
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

func damaged(cause error) error { return fault.Wrap(fault.Invalid, "backup.damaged", cause) }
