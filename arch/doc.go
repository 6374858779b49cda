// Package arch holds the law of the house as tests: who may import whom, what may stand where, how big a thing may grow, what must be
// documented, which words no file may carry, and why each dependency is here. It gives nothing to other packages and imports none
// of them; it reads the sources as text. Every law is also shown to fail on a small planted house, so that a law which stopped
// looking is noticed. An exception to a law is a line with its reason in the table of exceptions, and a line that
// no longer excuses anything fails.
package arch
