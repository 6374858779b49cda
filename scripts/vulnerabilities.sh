#!/usr/bin/env bash
# Looks for known vulnerabilities that the code can reach. Arguments go to govulncheck. It fails when one is found, or when the check
# itself breaks; when only the database cannot be reached it says so, loudly, and does not fail: then nothing was checked.
set -euo pipefail

output=$(mktemp)
trap 'rm -f "$output"' EXIT

echo "go tool govulncheck $*"
status=0
${GO:-go} tool govulncheck "$@" >"$output" 2>&1 || status=$?
cat "$output"
if [ "$status" -eq 0 ]; then exit 0; fi
if [ "$status" -ne 3 ] && grep -q 'fetching vulnerabilities' "$output"; then # 3 means: found
	echo "============================================================================================"
	echo "NOT CHECKED: the vulnerability database could not be reached, so nothing is known about the"
	echo "dependencies of this tree. Run \"make vulnerabilities\" where https://vuln.go.dev answers."
	echo "============================================================================================"
	exit 0
fi
exit "$status"
