package api

import (
	"bytes"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"

	"ashna/service/files"
)

const png = "\x89PNG\r\n\x1a\n0000000000000000"

func TestFiles(t *testing.T) {
	onEach(t, nil, func(t *testing.T, w *world) {
		path := "/companies/" + w.company("One")
		made := w.call("POST", path+"/files?name=..%2F..%2Fگزارش.png", png, "Content-Type: text/html").want(t, 201)
		var f fileAnswer
		made.into(t, &f)
		if f.Name != "گزارش.png" || f.Type != "image/png" || f.Size != int64(len(png)) || f.Object != "company" || f.CreatedBy != w.owner {
			t.Errorf("file %+v", f)
		}
		got := w.call("GET", "/files/"+f.ID.String(), nil).want(t, 200)
		for name, want := range map[string]string{
			"Content-Type": "image/png", "X-Content-Type-Options": "nosniff", "Content-Security-Policy": "default-src 'none'; sandbox",
			"Cache-Control": "no-store", "Accept-Ranges": "bytes", "Content-Length": fmt.Sprint(len(png)),
		} {
			if got.header.Get(name) != want {
				t.Errorf("%s: %q, want %q", name, got.header.Get(name), want)
			}
		}
		if string(got.body) != png || !strings.HasPrefix(got.header.Get("Content-Disposition"), "inline; filename*=utf-8''") {
			t.Errorf("%q %v", got.body, got.header)
		}
		if part := w.call("GET", "/files/"+f.ID.String(), nil, "Range: bytes=1-3").want(t, 206); string(part.body) != "PNG" {
			t.Errorf("part %q", part.body)
		}
		if list := w.call("GET", path+"/files", nil).want(t, 200); !strings.Contains(string(list.body), f.ID.String()) {
			t.Errorf("list %s", list.body)
		}
		again := w.call("DELETE", "/files/"+f.ID.String(), nil, "Idempotency-Key: d").want(t, 204)
		if again.header.Get("Content-Type") != "" {
			t.Errorf("headers of nothing: %v", again.header)
		}
		w.call("GET", "/files/"+f.ID.String(), nil).problem(t, 404, "file.missing", "")
		timeline := string(w.call("GET", path+"/timeline", nil).want(t, 200).body)
		if !strings.Contains(timeline, "file_added") || !strings.Contains(timeline, "file_removed") {
			t.Errorf("timeline %s", timeline)
		}
	})
}

// TestDangerousFiles are saved by browsers, and never run in them.
func TestDangerousFiles(t *testing.T) {
	w := onFile(t, nil)
	path := "/companies/" + w.company("One")
	for name, body := range map[string]string{
		"a.html": "<html><script>alert(1)</script>", "a.svg": "<svg xmlns='http://www.w3.org/2000/svg'/>", "a.exe": "MZ\x00\x00", "a.js": "alert(1)",
	} {
		id := w.call("POST", path+"/files?name="+name, body).want(t, 201).id(t)
		got := w.call("GET", "/files/"+id, nil).want(t, 200)
		if d := got.header.Get("Content-Disposition"); !strings.HasPrefix(d, "attachment") {
			t.Errorf("%s: %s", name, d)
		}
	}
}

func TestUploadForms(t *testing.T) {
	w := onFile(t, func(d *Deps) {
		d.Limits.File = 1 << 20
		d.FileRules = files.Rules{Accept: []string{"text/*"}}
	})
	path := "/companies/" + w.company("One")
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	_ = m.WriteField("note", "something else")
	part, _ := m.CreateFormFile("file", "list.txt")
	_, _ = io.WriteString(part, "hello")
	_ = m.Close()
	form := b.String()
	kind := "Content-Type: " + m.FormDataContentType()
	if f := w.call("POST", path+"/files", form, kind).want(t, 201).object(t); f["name"] != "list.txt" || f["type"] != "text/plain" {
		t.Errorf("file %v", f)
	}
	before := w.state()
	w.call("POST", path+"/files", "x").problem(t, 422, "value.required", "name")
	w.call("POST", path+"/files", form[:len(form)/2], kind).want(t, 400)
	w.call("POST", path+"/files", form, "Content-Type: multipart/form-data").want(t, 400)
	w.call("POST", path+"/files?name=a.png", png).problem(t, 422, "value.file_type", "")
	w.call("POST", path+"/files?name=a.txt", strings.Repeat("x", 3<<20)).want(t, 413)
	w.call("POST", path+"/files?name=a.txt", strings.Repeat("x", 1<<20+1)).problem(t, 413, "file.too_large", "")
	w.call("POST", "/companies/0000000000001/files?name=a.txt", "x").problem(t, 404, "error.not_found", "")
	if w.state() != before {
		t.Error("something changed")
	}
	one := w.call("POST", path+"/files?name=b.txt", "same", "Idempotency-Key: f").want(t, 201)
	two := w.call("POST", path+"/files?name=b.txt", "same", "Idempotency-Key: f").want(t, 201)
	if one.id(t) != two.id(t) {
		t.Error("the file is there twice")
	}
	w.call("POST", path+"/files?name=b.txt", "other", "Idempotency-Key: f").problem(t, 409, "request.idempotency_mismatch", "")
}

// TestFilesFollowTheirRecord asks for files of a record that one may not see, or not change.
func TestFilesFollowTheirRecord(t *testing.T) {
	w := onFile(t, nil)
	path := "/companies/" + w.company("One")
	id := w.call("POST", path+"/files?name=a.txt", "hello").want(t, 201).id(t)
	member := "Authorization: Bearer " + w.tokenOf(w.user("M", "m@example.org", "member"), "admin")
	viewer := "Authorization: Bearer " + w.tokenOf(w.user("V", "v@example.org", "viewer"), "admin")
	for _, c := range []struct {
		method, path, who string
		status            int
	}{
		{"GET", "/files/" + id, member, 404}, {"DELETE", "/files/" + id, member, 404}, {"GET", path + "/files", member, 404},
		{"POST", path + "/files?name=b.txt", member, 404},
		{"GET", "/files/" + id, viewer, 200}, {"DELETE", "/files/" + id, viewer, 403}, {"GET", path + "/files", viewer, 200},
		{"POST", path + "/files?name=b.txt", viewer, 403},
	} {
		if got := w.call(c.method, c.path, "x", c.who); got.status != c.status && !(c.method == "DELETE" && got.status == 400) {
			t.Errorf("%s %s: %d, want %d: %s", c.method, c.path, got.status, c.status, got.body)
		}
	}
	w.call("DELETE", "/files/"+id, nil, viewer).problem(t, 403, "error.denied", "")
	w.call("DELETE", path, nil).want(t, 204)
	w.call("GET", "/files/"+id, nil, viewer).problem(t, 404, "file.missing", "")
	without := onFile(t, func(d *Deps) { d.Files = nil })
	other := "/companies/" + without.company("One")
	without.call("POST", other+"/files?name=a.txt", "x").problem(t, http.StatusServiceUnavailable, "error.unavailable", "")
}
