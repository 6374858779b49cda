package testkit

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// A spy stands in for a test and notes how it ended.
type spy struct {
	testing.TB
	verdict string
	said    string
	cleanup []func()
}

func (s *spy) Helper()          {}
func (s *spy) Name() string     { return "TestSpy/Ünder test" }
func (s *spy) Log(args ...any)  { s.said = fmt.Sprint(args...) }
func (s *spy) Cleanup(f func()) { s.cleanup = append(s.cleanup, f) }

func (s *spy) Error(args ...any) { s.verdict, s.said = "error", fmt.Sprint(args...) }

func (s *spy) Fatal(args ...any) {
	s.verdict, s.said = "fatal", fmt.Sprint(args...)
	runtime.Goexit()
}

func (s *spy) Skip(args ...any) {
	s.verdict, s.said = "skip", fmt.Sprint(args...)
	runtime.Goexit()
}

func (s *spy) Skipf(format string, args ...any) { s.Skip(fmt.Sprintf(format, args...)) }

// watch runs do with a spy, as a test would run, and gives the spy back.
func watch(do func(t *spy)) *spy {
	s := &spy{}
	done := make(chan struct{})
	go func() {
		defer close(done)
		do(s)
	}()
	<-done
	return s
}

func TestRoot(t *testing.T) {
	root := Root()
	if _, err := os.Stat(filepath.Join(root, "testkit", "testkit.go")); err != nil {
		t.Fatalf("Root() = %q: %v", root, err)
	}
	t.Chdir(t.TempDir())
	if got := Root(); got != "" {
		t.Errorf("outside the repository Root() = %q, want nothing", got)
	}
	deep := t.TempDir()
	write(t, filepath.Join(deep, "go.mod"), "module other\n")
	t.Chdir(deep)
	if got := Root(); got != "" {
		t.Errorf("inside another module Root() = %q, want nothing", got)
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestShared(t *testing.T) {
	shared := t.TempDir()
	write(t, filepath.Join(shared, "data", "vcards", "one.vcf"), "BEGIN:VCARD\n")
	t.Setenv("ASHNA_SHARED", shared)
	if got, want := Shared(t, "vcards", "one.vcf"), filepath.Join(shared, "data", "vcards", "one.vcf"); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	absent := watch(func(t *spy) { Shared(t, "nothing") })
	if absent.verdict != "skip" || !strings.Contains(absent.said, "nothing") {
		t.Errorf("absent data: %s %q, want a skip that names it", absent.verdict, absent.said)
	}
}

func TestSharedBesideTheRepository(t *testing.T) {
	parent := t.TempDir()
	write(t, filepath.Join(parent, "house", "go.mod"), moduleLine+"\n\ngo 1.26\n")
	write(t, filepath.Join(parent, "house", "kit", "text", "text.go"), "package text\n")
	write(t, filepath.Join(parent, "shared", "data", "mails", "a.eml"), "Subject: a\n")
	t.Setenv("ASHNA_SHARED", "")
	t.Chdir(filepath.Join(parent, "house", "kit", "text"))
	got, err := filepath.EvalSymlinks(Shared(t, "mails"))
	want, _ := filepath.EvalSymlinks(filepath.Join(parent, "shared", "data", "mails"))
	if err != nil || got != want {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
	t.Chdir(parent)
	if lost := watch(func(t *spy) { Shared(t, "mails") }); lost.verdict != "skip" {
		t.Errorf("outside the repository: %q, want a skip", lost.verdict)
	}
}
