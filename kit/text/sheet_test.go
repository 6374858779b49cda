package text

import (
	"math/rand/v2"
	"strings"
	"testing"
)

func TestGuardCell(t *testing.T) {
	for cell, want := range map[string]string{
		"": "", "a": "a", "سلام": "سلام", "12.5": "12.5", "-12.5": "-12.5", "+994501234567": "+994501234567", "1-2": "1-2", "'": "'", "''": "''",
		"it's": "it's", "'quoted'": "'quoted'", "=1+1": "'=1+1", "+1+1": "'+1+1", "-1+1": "'-1+1", "-": "'-", "+": "'+", "-.5": "'-.5",
		"+cmd|' /C calc'!A0": "'+cmd|' /C calc'!A0", "@SUM(A1)": "'@SUM(A1)", "\t=1": "'\t=1", "\r=1": "'\r=1", "\n=1": "'\n=1", "\x00=1": "'\x00=1",
		"＝1": "'＝1", "＋1": "'＋1", "－1": "'－1", "＠x": "'＠x", "'=1": "''=1", "''=1": "'''=1", "'-12": "''-12", "-5.00 USD": "'-5.00 USD",
		"+9890\n": "'+9890\n", "\xff=": "\xff=",
	} {
		if got := GuardCell(cell); got != want {
			t.Errorf("guard %q: %q, want %q", cell, got, want)
		}
		if back := UnguardCell(GuardCell(cell)); back != cell {
			t.Errorf("%q came back as %q", cell, back)
		}
	}
}

// TestUnguardOfForeignCells is about files that another program wrote: only a quote that can be a guard goes.
func TestUnguardOfForeignCells(t *testing.T) {
	for cell, want := range map[string]string{
		"": "", "'": "'", "'a": "'a", "=1": "=1", "'=1": "=1", "'+98912": "+98912", "''x": "''x", "'\x80": "'\x80", "-1": "-1", "''=1": "'=1",
	} {
		if got := UnguardCell(cell); got != want {
			t.Errorf("unguard %q: %q, want %q", cell, got, want)
		}
	}
}

// checkGuard holds the two laws: nothing that a spreadsheet runs comes out, and every text comes back.
func checkGuard(t *testing.T, s string) {
	t.Helper()
	cell := GuardCell(s)
	if back := UnguardCell(cell); back != s {
		t.Fatalf("%q became %q and came back as %q", s, cell, back)
	}
	if cell == "" || !strings.ContainsRune("=+-@\t\r\n\x00", rune(cell[0])) {
		return
	}
	if strings.Trim(cell, "+-.0123456789") != "" || len(cell) < 2 || strings.ContainsAny(cell[1:], "+-") {
		t.Fatalf("%q goes out as %q, which a spreadsheet runs", s, cell)
	}
}

func TestGuardLawsOnRandomTexts(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	signs := []rune("''''=+-@\t\r\n\x00＝＋1.5aب \"")
	for range 50_000 {
		text := make([]rune, r.IntN(7))
		for i := range text {
			text[i] = signs[r.IntN(len(signs))]
		}
		checkGuard(t, string(text))
	}
}

func FuzzGuardCell(f *testing.F) {
	for _, s := range []string{"=1", "'=1", "''", "-1.5", "+", "＝", "\xff"} {
		f.Add(s)
	}
	f.Fuzz(checkGuard)
}
