package files

import (
	"mime"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"ashna/kit/fault"
)

func TestSniff(t *testing.T) {
	for content, want := range map[string]string{
		"":                           "text/plain",
		"plain words":                "text/plain",
		"واژه‌های ساده":              "text/plain",
		"\x00\x01\x02":               Unknown,
		"%PDF-1.7":                   "application/pdf",
		"\x89PNG\r\n\x1a\n":          "image/png",
		"\xff\xd8\xff\xe0":           "image/jpeg",
		"GIF89a":                     "image/gif",
		"RIFF\x00\x00\x00\x00WEBPVP": "image/webp",
		"PK\x03\x04":                 "application/zip",
		"MZ\x90\x00":                 "application/vnd.microsoft.portable-executable",
		"\x7fELF\x02":                "application/x-executable",
		"#!/bin/sh\n":                "text/x-shellscript",
		"<html>":                     "text/html",
		"  \n<!DOCTYPE HTML><p>":     "text/html",
		"<script>alert(1)</script>":  "text/html",
		"\xef\xbb\xbf<HTML>":         "text/html",
		"<svg xmlns='x'>":            "image/svg+xml",
		"\xef\xbb\xbf \t<SVG>":       "image/svg+xml",
		"<?xml version='1.0'?><a/>":  "text/xml",
		"<?xml version='1.0'?>\n<!-- x --><svg onload='x'>": "image/svg+xml",
		"<!-- a comment --><svg>":                           "text/html",
		"x <svg onload=alert(1)>":                           "image/svg+xml",
		"<?php system($_GET['c']);":                         "text/x-php",
		"\x00asm\x01\x00\x00\x00":                           "application/wasm",
		"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":                  officeOld,
	} {
		if got := Sniff([]byte(content)); got != want {
			t.Errorf("Sniff(%.40q) = %s, want %s", content, got, want)
		}
	}
}

func TestRefine(t *testing.T) {
	for _, c := range [][3]string{
		{"application/zip", "a.DOCX", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
		{"application/zip", "a.zip", "application/zip"},
		{"application/zip", "a.html", "application/zip"},
		{officeOld, "a.xls", "application/vnd.ms-excel"},
		{"text/plain", "a.csv", "text/csv"},
		{"text/plain", "a.js", "text/javascript"},
		{"text/plain", "a", "text/plain"},
		{"image/png", "a.html", "image/png"},
		{"text/html", "a.txt", "text/html"},
	} {
		if got := Refine(c[0], c[1]); got != c[2] {
			t.Errorf("Refine(%s, %s) = %s, want %s", c[0], c[1], got, c[2])
		}
	}
	shown := DefaultRules()
	for kind, finer := range containers {
		for ending, to := range finer {
			if shown.Disposition(to) && !shown.Disposition(kind) {
				t.Errorf("%s%s becomes %s, which is shown", kind, ending, to)
			}
		}
	}
}

func TestDisposition(t *testing.T) {
	rules := DefaultRules()
	for kind, want := range map[string]bool{
		"image/png": true, "IMAGE/PNG": true, "image/png; x=y": true, "application/pdf": true, "text/plain; charset=utf-8": true,
		"image/svg+xml": false, "text/html": false, "text/html; charset=utf-8": false, "text/xml": false, "application/xhtml+xml": false,
		"application/zip": false, Unknown: false, "": false, "image/": false, "image/pngx": false, "application/atom+xml": false, "text/csv": false,
	} {
		if got := rules.Disposition(kind); got != want {
			t.Errorf("Disposition(%q) = %v, want %v", kind, got, want)
		}
	}
	reckless := Rules{Inline: append([]string{"image/*", "text/*", "application/*", "message/*"}, dangerous...)}
	for _, kind := range append(slices.Clone(dangerous), "multipart/mixed", "application/rss+xml") {
		if reckless.Disposition(kind) {
			t.Errorf("a setting shows %s", kind)
		}
	}
	if !reckless.Disposition("image/avif") {
		t.Error("a family of types is not shown")
	}
	if (Rules{}).Disposition("image/png") {
		t.Error("the zero rules show something")
	}
}

func TestRulesCheck(t *testing.T) {
	if err := (Rules{}).Check("anything/at-all"); err != nil {
		t.Error(err)
	}
	rules := Rules{Accept: []string{"image/*", "application/pdf"}}
	for kind, want := range map[string]bool{"image/png": true, "Application/PDF": true, "text/html": false, "image": false, "": false} {
		err := rules.Check(kind)
		if (err == nil) != want || err != nil && !fault.Is(err, fault.Invalid) {
			t.Errorf("Check(%q) = %v", kind, err)
		}
	}
}

func TestCleanName(t *testing.T) {
	long := strings.Repeat("n", 300)
	for name, want := range map[string]string{
		"report.pdf": "report.pdf",
		"  گزارش‌های سالانه.pdf ":              "گزارش‌های سالانه.pdf",
		"../../etc/passwd":                     "passwd",
		`C:\fakepath\offer.docx`:               "offer.docx",
		`..\..\`:                               "file",
		"":                                     "file",
		"...":                                  "file",
		".htaccess":                            "htaccess",
		"\u200b.htaccess":                      "htaccess",
		"a\u202egpj.exe":                       "agpj.exe",
		"\ufeffa\u2060b.txt":                   "ab.txt",
		"a\r\nSet-Cookie: x=y.txt":             "a Set-Cookie: x=y.txt",
		"a\tb\x07\x1b[31m.txt":                 "a b[31m.txt",
		"trailing. . .":                        "trailing",
		"e\u0301.txt":                          "é.txt",
		long + ".pdf":                          long[:196] + ".pdf",
		long + "." + long:                      long[:200],
		strings.Repeat("م", 500):               strings.Repeat("م", 200),
		"/":                                    "file",
		"a/b/":                                 "file",
		"\u200c\u200c":                         "file",
		strings.Repeat("\U0001F600", 250):      strings.Repeat("\U0001F600", 200),
		long[:190] + "." + long[:8] + ".x.pdf": long[:190] + "." + long[:5] + ".pdf",
	} {
		got, err := CleanName(name)
		if err != nil || got != want {
			t.Errorf("CleanName(%.50q) = %q, %v, want %q", name, got, err, want)
		}
	}
	for _, name := range []string{"a\x00b", "\xff\xfe"} {
		if _, err := CleanName(name); !fault.Is(err, fault.Invalid) {
			t.Errorf("CleanName(%q): %v", name, err)
		}
	}
}

func TestHeader(t *testing.T) {
	for _, c := range []struct {
		name   string
		inline bool
		want   string
	}{
		{"a.pdf", false, "attachment; filename=a.pdf"},
		{"a b.pdf", true, `inline; filename="a b.pdf"`},
		{`a"b\c.pdf`, false, `attachment; filename="a\"b\\c.pdf"`},
		{"گ.pdf", false, "attachment; filename*=utf-8''%DA%AF.pdf"},
	} {
		if got := Header(c.name, c.inline); got != c.want {
			t.Errorf("Header(%q, %v) = %s, want %s", c.name, c.inline, got, c.want)
		}
	}
}

// FuzzName holds names to their promise: clean, stable, inside the folder of whoever saves them, and whole in a header of one line.
func FuzzName(f *testing.F) {
	for _, seed := range []string{"a.pdf", "../x", "گزارش‌ها.xlsx", "a\u202eb", "x\r\nY: z", strings.Repeat("ب", 300) + ".تست", `"\;=`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, name string) {
		clean, err := CleanName(name)
		if err != nil {
			if clean != "" || utf8.ValidString(name) && !strings.Contains(name, "\x00") {
				t.Fatalf("CleanName(%q) = %q, %v", name, clean, err)
			}
			return
		}
		if again, err := CleanName(clean); err != nil || again != clean {
			t.Fatalf("CleanName(%q) = %q, and of that %q, %v", name, clean, again, err)
		}
		bad := func(r rune) bool { return r == '/' || r == '\\' || unicode.IsControl(r) }
		if clean == "" || clean == "." || clean == ".." || utf8.RuneCountInString(clean) > maxName || strings.ContainsFunc(clean, bad) {
			t.Fatalf("CleanName(%q) = %q", name, clean)
		}
		for _, inline := range []bool{false, true} {
			header := Header(clean, inline)
			kind, params, err := mime.ParseMediaType(header)
			if err != nil || params["filename"] != clean || (kind == "inline") != inline || strings.ContainsAny(header, "\r\n\x00") {
				t.Fatalf("Header(%q) = %q, read back as %q, %v", clean, header, params["filename"], err)
			}
		}
	})
}

// FuzzSniff holds that what begins like a page is never shown, whatever its name.
func FuzzSniff(f *testing.F) {
	f.Add([]byte("<html>"), "a.txt")
	f.Add([]byte("x<svg>"), "a.svg")
	f.Fuzz(func(t *testing.T, head []byte, name string) {
		kind := Refine(Sniff(head), name)
		if strings.ContainsAny(kind, "; \r\n") || kind == "" {
			t.Fatalf("type %q", kind)
		}
		text := strings.ToLower(strings.TrimLeft(string(head), " \t\r\n\f"))
		for _, start := range []string{"<html", "<!doctype html", "<svg", "<script", "<?xml", "<iframe"} {
			if strings.HasPrefix(text, start+">") && len(head) <= sniffBytes && DefaultRules().Disposition(kind) {
				t.Fatalf("%q is shown as %s", head, kind)
			}
		}
	})
}
