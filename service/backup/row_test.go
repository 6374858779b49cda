package backup

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"

	"ashna/engine/db"
)

// decoded gives the rows of a chunk.
func decoded(chunk []byte, columns int) (rows [][]any, sum digest, err error) {
	err = eachBatch(chunk, columns, &sum, func(batch [][]any) error {
		rows = append(rows, batch...)
		return nil
	})
	return rows, sum, err
}

func TestRowsOfEveryValue(t *testing.T) {
	values := []any{
		nil, int64(0), int64(1), int64(-1), int64(63), int64(64), int64(-64), int64(-65), int64(math.MaxInt64), int64(math.MinInt64),
		"", "a", "گ", strings.Repeat("x", 62), strings.Repeat("x", 63), strings.Repeat("x", 1<<20), []byte{}, []byte{0}, []byte("\xff\xfe"), bytes.Repeat([]byte{7}, 1<<15),
	}
	for _, columns := range []int{1, 2, 4, 5, 10, 20} {
		var chunk []byte
		var want [][]any
		for row := range slices.Chunk(values, columns) {
			var err error
			if chunk, err = appendRow(chunk, row); err != nil {
				t.Fatal(err)
			}
			want = append(want, row)
		}
		got, sum, err := decoded(chunk, columns)
		if err != nil || !reflect.DeepEqual(got, want) || sum.rows != int64(len(want)) {
			t.Errorf("%d columns: %d rows, %v", columns, len(got), err)
		}
	}
	for _, v := range []any{1, 1.5, true, []int64{1}} {
		if _, err := appendRow(nil, []any{v}); err == nil {
			t.Errorf("%T was written", v)
		}
	}
}

func TestBatches(t *testing.T) {
	for _, c := range []struct{ columns, rows int }{{1, 1}, {1, batchRows}, {1, batchRows + 1}, {100, 1_200}, {maxColumns, 60}} {
		chunk := make([]byte, c.columns*c.rows) // all empty
		n := 0
		err := eachBatch(chunk, c.columns, new(digest), func(rows [][]any) error {
			if len(rows) > batchRows || len(rows)*c.columns > max(batchValues, c.columns) {
				t.Errorf("%d rows of %d columns at once", len(rows), c.columns)
			}
			n += len(rows)
			return nil
		})
		if err != nil || n != c.rows {
			t.Errorf("%d rows, want %d: %v", n, c.rows, err)
		}
	}
}

func TestDigestForgetsTheOrderOnly(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	var rows [][]byte
	for i := range 100 {
		row, err := appendRow(nil, []any{int64(i), fmt.Sprint(i)})
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, row)
	}
	sum := func(rows [][]byte) string {
		var d digest
		for _, r := range rows {
			d.add(r)
		}
		return d.sum("x").Digest
	}
	want := sum(rows)
	random.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
	if sum(rows) != want {
		t.Error("another order has another digest")
	}
	for name, other := range map[string][][]byte{
		"one less": rows[1:], "one twice": append(slices.Clone(rows), rows[0]), "one changed": append(slices.Clone(rows[1:]), []byte{0, 0}), "none": nil,
	} {
		if sum(other) == want {
			t.Errorf("%s has the same digest", name)
		}
	}
}

// FuzzRow holds that what can be decoded comes back the same when it is encoded and decoded again.
func FuzzRow(f *testing.F) {
	f.Add([]byte{0, 1, 2, 4, 'a', 5, 'b'}, byte(4))
	f.Add([]byte{0xff, 0xff}, byte(1))
	f.Fuzz(func(t *testing.T, chunk []byte, columns byte) {
		rows, _, err := decoded(chunk, int(columns)+1)
		if err != nil {
			return
		}
		var again []byte
		for _, row := range rows {
			if again, err = appendRow(again, row); err != nil {
				t.Fatal(err)
			}
		}
		if len(again) > len(chunk) {
			t.Errorf("%x becomes longer: %x", chunk, again)
		}
		if twice, _, err := decoded(again, int(columns)+1); err != nil || !reflect.DeepEqual(rows, twice) {
			t.Errorf("%x comes back as %x: %v", chunk, again, err)
		}
	})
}

// TestMemoryStaysSmall writes and reads 55 MB of rows and a content of 60 MB.
func TestMemoryStaysSmall(t *testing.T) {
	p := places()[0]
	d := workspace(t, p)
	long := strings.Repeat("گزارش ", 50_000) // 550 kB
	write(t, d, fillLong(long))
	files := newBlank(60 << 20)
	runtime.GC()
	var base, now runtime.MemStats
	runtime.ReadMemStats(&base)
	peak := uint64(0)
	calls := 0
	look := func() {
		if calls++; calls%8 != 0 {
			return
		}
		runtime.ReadMemStats(&now)
		peak = max(peak, now.HeapAlloc-min(base.HeapAlloc, now.HeapAlloc))
	}
	var archive bytes.Buffer
	archive.Grow(8 << 20)
	sum, err := Write(t.Context(), d, files, watched{&archive, look}, info())
	if err != nil || sum.Rows != 100 || sum.FileBytes != 60<<20 {
		t.Fatalf("%+v, %v", sum, err)
	}
	sink := &counter{}
	if _, _, err := Read(t.Context(), watchedReader{bytes.NewReader(archive.Bytes()), look}, into(workspace(t, p), sink)); err != nil || sink.n != 60<<20 {
		t.Fatalf("%d bytes, %v", sink.n, err)
	}
	if peak > 32<<20 {
		t.Errorf("%d MiB of memory were needed", peak>>20)
	}
	t.Logf("peak %d MiB", peak>>20)
}

// blank is a store with one content, of zeros.
type blank struct {
	hash string
	size int64
}

func newBlank(size int64) blank {
	sum := sha256.New()
	_, _ = io.CopyN(sum, zeros{}, size)
	return blank{hex.EncodeToString(sum.Sum(nil)), size}
}

func (blank) Hold() (func(), error) { return func() {}, nil }

func (b blank) Named(_ context.Context, _ db.Querier, do func(string, int64) error) error {
	return do(b.hash, b.size)
}

type section struct{ *io.SectionReader }

func (section) Close() error { return nil }

func (b blank) Open(string) (io.ReadSeekCloser, int64, error) {
	return section{io.NewSectionReader(zeros{}, 0, b.size)}, b.size, nil
}

// ReadAt makes every place the same.
func (zeros) ReadAt(p []byte, _ int64) (int, error) { return zeros{}.Read(p) }

// fillLong writes a hundred rows with a long text.
func fillLong(long string) func(ctx context.Context, tx *db.Tx) error {
	return func(ctx context.Context, tx *db.Tx) error {
		for i := range int64(100) {
			if _, err := tx.Exec(ctx, "INSERT INTO setting (name, value) VALUES ($1, $2)", fmt.Sprint(i), long); err != nil {
				return err
			}
		}
		return nil
	}
}

// watched and watchedReader look at every piece that passes.
type watched struct {
	w    io.Writer
	look func()
}

func (w watched) Write(p []byte) (int, error) {
	w.look()
	return w.w.Write(p)
}

type watchedReader struct {
	r    io.Reader
	look func()
}

func (r watchedReader) Read(p []byte) (int, error) {
	r.look()
	return r.r.Read(p[:min(len(p), 16<<10)])
}

// counter takes contents and forgets them.
type counter struct{ n int64 }

func (c *counter) Receive(_ context.Context, _ string, _ int64, r io.Reader) error {
	n, err := io.Copy(io.Discard, r)
	c.n += n
	return err
}

// BenchmarkWrite and BenchmarkRead report rows of a common size per second.
func BenchmarkWrite(b *testing.B) {
	for _, p := range places() {
		b.Run(p.name, func(b *testing.B) {
			d := workspace(b, p)
			fill(b, d, benchmarkRows, 1)
			for b.Loop() {
				archived(b, d, nil)
			}
			b.ReportMetric(float64(2*benchmarkRows*b.N)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}

const benchmarkRows = 100_000

func BenchmarkRead(b *testing.B) {
	d := workspace(b, places()[0])
	fill(b, d, benchmarkRows, 1)
	archive, _ := archived(b, d, nil)
	for _, p := range places() {
		b.Run(p.name, func(b *testing.B) {
			n := 0
			for b.Loop() {
				b.StopTimer()
				target := workspace(b, p)
				b.StartTimer()
				if _, _, err := Read(b.Context(), bytes.NewReader(archive), into(target, nil)); err != nil {
					b.Fatal(err)
				}
				n++
			}
			b.ReportMetric(float64(2*benchmarkRows*n)/b.Elapsed().Seconds(), "rows/s")
		})
	}
	b.Run("verify", func(b *testing.B) {
		for b.Loop() {
			if _, _, err := Verify(b.Context(), bytes.NewReader(archive)); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(2*benchmarkRows*b.N)/b.Elapsed().Seconds(), "rows/s")
	})
}

func TestSealOfAChunk(t *testing.T) {
	chunk := seal([]byte("rows"))
	if rows, err := unseal(chunk); err != nil || string(rows) != "rows" {
		t.Fatalf("%q, %v", rows, err)
	}
	for bit := range len(chunk) * 8 {
		broken := slices.Clone(chunk)
		broken[bit/8] ^= 1 << (bit % 8)
		if _, err := unseal(broken); err == nil {
			t.Errorf("bit %d is not missed", bit)
		}
	}
	if _, err := unseal(chunk[:31]); err == nil {
		t.Error("half a seal holds")
	}
}
