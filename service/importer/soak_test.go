package importer

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"ashna/engine/change"
	"ashna/engine/db"
	"ashna/engine/record"
	"ashna/kit/clock"
	"ashna/kit/ident"
	"ashna/testkit/enginetest"
)

func newBuffered(r io.Reader) *bufio.Reader { return bufio.NewReaderSize(r, 2*lookBytes) }

// benchFile makes a file of n people as they are in the exports of other programs.
func benchFile(n int) string {
	var b strings.Builder
	b.WriteString("name,email,phone,level,score,tags\n")
	for i := range n {
		benchRow(&b, i)
	}
	return b.String()
}

func benchRow(w io.Writer, i int) {
	fmt.Fprintf(w, "Person Number %d,person%d@example.com,+9891%08d,%s,%d,\"vip;t%d\"\n", i, i, i%100_000_000, []string{"low", "High"}[i%2], i%1_000, i%50)
}

// openBench opens a workspace on SQLite for a measurement.
func openBench(b *testing.B) *world {
	b.Helper()
	d, err := db.Open(context.Background(), db.Config{Dir: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = d.Close() })
	o, now := options(), clock.NewFake(enginetest.Start)
	o.DB, o.Clock, o.IDs, o.Log, o.Language = d, now, ident.NewSeeded(now, 1, 1), slog.New(slog.DiscardHandler), "en"
	e, err := record.Open(context.Background(), o, nil)
	if err != nil {
		b.Fatal(err)
	}
	return &world{&enginetest.World{Engine: e, DB: d, Clock: now}, New(e)}
}

// grown is a file of many people that is made while it is read.
type grown struct {
	rows, at int
	text     strings.Builder
	rest     string
}

func (g *grown) Seek(int64, int) (int64, error) {
	g.at, g.rest = 0, ""
	return 0, nil
}

func (g *grown) Read(p []byte) (int, error) {
	if g.rest == "" {
		if g.at > g.rows {
			return 0, io.EOF
		}
		g.text.Reset()
		if g.at == 0 {
			g.text.WriteString("name,email,phone,level,score,tags,notes\n")
		} else {
			benchRow(&g.text, g.at)
			line := strings.TrimSuffix(g.text.String(), "\n")
			g.text.Reset()
			g.text.WriteString(line + "," + strings.Repeat("word ", 120) + "\n")
		}
		g.at++
		g.rest = g.text.String()
	}
	n := copy(p, g.rest)
	g.rest = g.rest[n:]
	return n, nil
}

// TestSoakMemory brings in 200 MB and looks at the memory all the time. It runs when ASHNA_SOAK is set.
func TestSoakMemory(t *testing.T) {
	if os.Getenv("ASHNA_SOAK") == "" {
		t.Skip("ASHNA_SOAK is not set")
	}
	w := enginetest.Open(t, db.Config{Dir: t.TempDir()}, options())
	im := New(w.Engine)
	const rows = 300_000
	var top uint64
	start := time.Now()
	run, err := im.Import(context.Background(), w.System(), change.ViaImport, Spec{Object: "humans", Format: "csv", Match: "email"}, &grown{rows: rows}, func(Run) {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		top = max(top, m.HeapAlloc)
	})
	if err != nil || run.Created != rows {
		t.Fatalf("%+v %v", run, err)
	}
	t.Logf("%d rows in %v, at most %d MiB", rows, time.Since(start), top>>20)
	if top > 128<<20 {
		t.Errorf("%d MiB", top>>20)
	}
}

// BenchmarkImport is a whole import on SQLite; a unit is one row.
func BenchmarkImport(b *testing.B) {
	w := openBench(b)
	b.ReportAllocs()
	b.ResetTimer()
	run, err := w.im.Import(context.Background(), w.System(), change.ViaImport, Spec{Object: "humans", Format: "csv", Match: "email"}, strings.NewReader(benchFile(b.N)), nil)
	if err != nil || run.Created != int64(b.N) {
		b.Fatalf("%+v %v", run, err)
	}
}
