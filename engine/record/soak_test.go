package record_test

import (
	"os"
	"testing"
	"time"
)

// soakTime reads how long the long tests may take.
func soakTime(t *testing.T) (time.Duration, bool) {
	t.Helper()
	text := os.Getenv("ASHNA_SOAK")
	if text == "" {
		return 0, false
	}
	length, err := time.ParseDuration(text)
	if err != nil {
		t.Fatalf("ASHNA_SOAK: %v", err)
	}
	return length, true
}

// TestSoakWriters lets writers meet again and again.
func TestSoakWriters(t *testing.T) {
	soak(t, func(uint64) {
		TestWritersMeet(t)
		TestCatalogChangesWhileOthersWrite(t)
		TestLinkMeetsDeletion(t)
	})
}
