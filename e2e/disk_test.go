package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// smallDisk mounts a file system of some MiB, or skips the test where that is not allowed.
func smallDisk(t testing.TB, mebibytes int) string {
	t.Helper()
	folder := t.TempDir()
	mount := exec.Command("mount", "-t", "tmpfs", "-o", fmt.Sprintf("size=%dm,mode=700", mebibytes), "tmpfs", folder)
	if out, err := mount.CombinedOutput(); err != nil {
		t.Skipf("a small disk cannot be mounted here (it takes root on Linux): %v %s", err, out)
	}
	t.Cleanup(func() {
		if out, err := exec.Command("umount", folder).CombinedOutput(); err != nil {
			t.Errorf("umount: %v %s", err, out)
		}
	})
	return folder
}

// fill takes all space that is left on a disk. The function that is returned gives it back.
func fill(t testing.TB, folder string) (free func()) {
	t.Helper()
	path := filepath.Join(folder, "ballast")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	for size := 1 << 20; size >= 512; {
		if _, err = f.Write(make([]byte, size)); err != nil {
			size /= 2
		}
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("fill the disk: %v", err)
	}
	_ = f.Close()
	return func() {
		if err := os.Remove(path); err != nil {
			t.Error(err)
		}
	}
}

// TestDiskFull fills the disk of the data while clients write. Writes and uploads are refused as what they are, reading goes on, nothing that
// was acknowledged is lost, and work goes on soon after there is space again, without a restart.
func TestDiskFull(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) { diskFull(t, place{data: smallDisk(t, 48)}, true) })
	t.Run("postgres", func(t *testing.T) {
		p := onServer(t)
		p.data = smallDisk(t, 16)
		diskFull(t, p, false)
	})
}

// diskFull runs the test; the database is on the disk too, or only the attachments are.
func diskFull(t *testing.T, p place, database bool) {
	token := p.open(t)
	s := p.serve(t)
	c := s.as(t, token)
	person := c.make(t, "people", `{"name": "Ada", "nickname": "zqdisk"}`)
	content := bytes.Repeat([]byte("a page of text\n"), 10_000)
	file := attach(t, c, person, "before.txt", content)
	crew := newCrew(seeded(t))
	for round := range 2 {
		stop := make(chan struct{})
		wait := crew.work(t, c, stop, true)
		time.Sleep(300 * time.Millisecond)
		free := fill(t, p.data)
		if database {
			eventuallyRefused(t, c)
		}
		full(t, c, person, file, content)
		free()
		began := time.Now()
		for what, work := range map[string]func() (answer, error){
			"a write": func() (answer, error) {
				return c.send(context.Background(), "POST", "/companies", []byte(`{"name": "Back"}`))
			},
			"an upload": func() (answer, error) {
				return upload(c, person, fmt.Sprintf("after-%d.txt", round), append(content, byte('a'+round)))
			},
		} {
			for {
				a, err := work()
				if err == nil && a.status == http.StatusCreated {
					break
				}
				if time.Since(began) > 10*time.Second {
					t.Fatalf("%s, 10 s after there is space again: %v %v", what, a, err)
				}
				time.Sleep(pause)
			}
		}
		t.Logf("work goes on after %v", time.Since(began))
		close(stop)
		wait()
	}
	p.quiet(t, time.Now())
	crew.verify(t, c, true)
	p.check(t)
	s.stop(t)
	report := p.check(t)
	acked, refused, _ := crew.total()
	t.Logf("%d writes acknowledged, %d refused, %d files", acked, refused, report.Files)
	if database && refused == 0 {
		t.Error("no writer heard that the disk is full")
	}
	err := filepath.WalkDir(p.data, func(path string, entry os.DirEntry, err error) error {
		if err == nil && !entry.IsDir() && filepath.Base(filepath.Dir(path)) == "tmp" {
			t.Errorf("%s is left of a refused upload", path)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// eventuallyRefused writes until the database has no space any more: its own files have some in reserve.
func eventuallyRefused(t testing.TB, c *client) {
	t.Helper()
	text := strings.Repeat("words and words ", 1_000)
	for range 2_000 {
		a, err := c.send(context.Background(), "POST", "/companies", fmt.Appendf(nil, `{"name": "Filler", "description": %q}`, text))
		if err != nil {
			t.Fatal(err)
		}
		if a.status == http.StatusCreated {
			continue
		}
		if a.status != http.StatusServiceUnavailable && a.status != http.StatusInsufficientStorage || a.header.Get("Retry-After") == "" ||
			!strings.Contains(string(a.body), `"key":"error.full"`) {
			t.Errorf("a write on a full disk: %v", a)
		}
		return
	}
	t.Error("the disk is full, and writes go on")
}

// full looks at a server whose disk is full.
func full(t testing.TB, c *client, person, file string, content []byte) {
	t.Helper()
	a, err := upload(c, person, "full.txt", bytes.Repeat([]byte("no space for this\n"), 20_000))
	if err != nil || a.status != http.StatusServiceUnavailable && a.status != http.StatusInsufficientStorage {
		t.Errorf("an upload to a full disk: %v %v", a, err)
	}
	for range 20 {
		var one struct{ Name string }
		if err := c.get("/people/"+person, &one); err != nil || one.Name != "Ada" {
			t.Errorf("reading on a full disk: %v %v", one, err)
		}
		if err := hits(c, "zqdisk", []string{person}); err != nil {
			t.Error(err)
		}
		got, err := c.send(context.Background(), "GET", "/files/"+file, nil)
		if err != nil || got.status != http.StatusOK || !bytes.Equal(got.body, content) {
			t.Errorf("an attachment on a full disk: status %d, %d bytes, %v", got.status, len(got.body), err)
		}
	}
}

func upload(c *client, person, name string, content []byte) (answer, error) {
	return c.send(context.Background(), "POST", "/people/"+person+"/files?name="+name, content, "Content-Type", "text/plain")
}

// attach uploads a file that has to be accepted, and gives its key.
func attach(t testing.TB, c *client, person, name string, content []byte) string {
	t.Helper()
	a, err := upload(c, person, name, content)
	if err != nil || a.status != http.StatusCreated {
		t.Fatalf("upload: %v %v", a, err)
	}
	return keyOf(a.body)
}
