package files

import (
	"bytes"
	"mime"
	"net/http"
	"path"
	"slices"
	"strings"

	"ashna/kit/fault"
)

// Unknown is the type of bytes that nothing is known about.
const Unknown = "application/octet-stream"

// sniffBytes is how much of a content Sniff looks at.
const sniffBytes = 512

// opening is how the contents of a type begin.
type opening struct{ bytes, kind string }

// programs begin with these bytes.
var programs = []opening{
	{"MZ", "application/vnd.microsoft.portable-executable"},
	{"\x7fELF", "application/x-executable"},
	{"\xcf\xfa\xed\xfe", "application/x-mach-binary"},
	{"\xca\xfe\xba\xbe", "application/java-vm"},
	{"#!", "text/x-shellscript"},
	{"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", officeOld},
}

// markup begins with these words, in any case, after space.
var markup = []opening{
	{"<svg", "image/svg+xml"}, {"<!doctype svg", "image/svg+xml"},
	{"<!doctype html", "text/html"}, {"<html", "text/html"},
	{"<?xml", "text/xml"}, {"<?php", "text/x-php"},
}

const officeOld = "application/x-ole-storage"

// Sniff says what type the first bytes of a content have, without parameters; Unknown when they do not tell. Whatever a browser could take
// for a page, a picture with a program in it, or a program never comes out as a type that may be shown.
func Sniff(head []byte) string {
	head = head[:min(len(head), sniffBytes)]
	for _, p := range programs {
		if bytes.HasPrefix(head, []byte(p.bytes)) {
			return p.kind
		}
	}
	text := bytes.ToLower(bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf")), " \t\r\n\f"))
	for _, m := range markup {
		if bytes.HasPrefix(text, []byte(m.bytes)) {
			if m.kind == "text/xml" && bytes.Contains(text, []byte("<svg")) {
				return "image/svg+xml"
			}
			return m.kind
		}
	}
	kind := bare(http.DetectContentType(head))
	if kind == "text/plain" && bytes.Contains(text, []byte("<svg")) {
		return "image/svg+xml"
	}
	return kind
}

// containers are types that hold several formats, which only the ending of a name tells apart.
var containers = map[string]map[string]string{
	"application/zip": {
		".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
		".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
		".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
		".odt":  "application/vnd.oasis.opendocument.text", ".ods": "application/vnd.oasis.opendocument.spreadsheet",
		".odp": "application/vnd.oasis.opendocument.presentation",
	},
	officeOld: {".doc": "application/msword", ".xls": "application/vnd.ms-excel", ".ppt": "application/vnd.ms-powerpoint", ".msg": "application/vnd.ms-outlook"},
	"text/plain": {
		".csv": "text/csv", ".vcf": "text/vcard", ".ics": "text/calendar", ".eml": "message/rfc822", ".json": "application/json",
		".js": "text/javascript", ".mjs": "text/javascript", ".html": "text/html", ".htm": "text/html", ".svg": "image/svg+xml", ".xml": "text/xml",
		".css": "text/css", ".bat": "application/x-bat", ".cmd": "application/x-bat", ".ps1": "application/x-powershell", ".vbs": "text/vbscript",
	},
}

// Refine makes the type of bytes more exact by the ending of the name, where the bytes leave it open. It never gives a type that DefaultRules show
// for one that they do not.
func Refine(kind, name string) string {
	if finer := containers[kind][strings.ToLower(path.Ext(name))]; finer != "" {
		return finer
	}
	return kind
}

// Rules say what may be attached and what browsers may show. The zero Rules take every type and show nothing.
type Rules struct {
	Accept []string // "image/png", "image/*"; every type when empty
	Inline []string // types that are shown in the browser, the dangerous ones excepted
}

// DefaultRules take every type and show pictures, documents, sound and plain text.
func DefaultRules() Rules {
	return Rules{Inline: []string{
		"image/png", "image/jpeg", "image/gif", "image/webp", "image/bmp", "application/pdf", "text/plain",
		"audio/mpeg", "audio/wave", "application/ogg", "video/mp4", "video/webm",
	}}
}

// dangerous are types that run something or hide it, in a browser or on a desk. No setting shows them in the browser.
var dangerous = []string{
	"text/html", "application/xhtml+xml", "image/svg+xml", "text/xml", "application/xml", "text/javascript", "application/javascript",
	"text/css", "text/vbscript", "text/x-php", "text/x-shellscript", "application/x-bat", "application/x-powershell", "application/java-vm",
	"application/vnd.microsoft.portable-executable", "application/x-executable", "application/x-mach-binary", "application/wasm",
	"application/x-shockwave-flash", "message/rfc822", "multipart/*", Unknown,
}

// Check refuses a type that may not be attached, with an Invalid fault.
func (r Rules) Check(kind string) error {
	if len(r.Accept) == 0 || within(bare(kind), r.Accept) {
		return nil
	}
	return fault.New(fault.Invalid, "value.file_type")
}

// Disposition says whether a browser may show a type; it is saved otherwise. Serve contents with the type of their row, "nosniff" and a
// sandbox in any case.
func (r Rules) Disposition(kind string) (inline bool) {
	kind = bare(kind)
	return !within(kind, dangerous) && !strings.HasSuffix(kind, "+xml") && within(kind, r.Inline)
}

// Header is the value of Content-Disposition for a name as CleanName gives it. Letters beyond ASCII are encoded as RFC 2231 says.
func Header(name string, inline bool) string {
	disposition := "attachment"
	if inline {
		disposition = "inline"
	}
	if value := mime.FormatMediaType(disposition, map[string]string{"filename": name}); value != "" {
		return value
	}
	return disposition
}

// bare takes the parameters off a type.
func bare(kind string) string {
	kind, _, _ = strings.Cut(kind, ";")
	return strings.ToLower(strings.TrimSpace(kind))
}

func within(kind string, patterns []string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool {
		family, all := strings.CutSuffix(p, "*")
		return p == kind || all && strings.HasSuffix(family, "/") && strings.HasPrefix(kind, family)
	})
}
