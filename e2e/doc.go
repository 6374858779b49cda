// Package e2e holds the tests that treat the program as its operator and its clients do: they build the binary once, start it, kill it, cut
// its connections, fill its disk, and look at the result through its commands and its interface only.
//
// Every test runs on SQLite and on PostgreSQL where that makes a difference. ASHNA_SOAK makes the tests named TestSoak… run; ASHNA_E2E_SEED
// repeats a run with the seed that it printed; ASHNA_E2E_BINARY names a binary to test instead of a fresh build.
package e2e
