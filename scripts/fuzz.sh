#!/usr/bin/env bash
# Runs every fuzz target of the repository for FUZZTIME (default 30s), one after the other, and goes on after a failure so that one
# run shows all. Arguments go to go test.
set -euo pipefail

time=${FUZZTIME:-30s}
go=${GO:-go}
failed=()
count=0
# Only folders whose tests mention a target are compiled for the list.
dirs=$({ grep -rl --include='*_test.go' '^func Fuzz' . || true; } | while read -r file; do dirname "$file"; done | sort -u)
for dir in $dirs; do
	targets=$("$go" test "$@" -list '^Fuzz' "$dir" | grep '^Fuzz' || true)
	for target in $targets; do
		count=$((count + 1))
		echo "go test $* -run ^\$ -fuzz ^$target\$ -fuzztime $time $dir"
		"$go" test "$@" -run '^$' -fuzz "^$target\$" -fuzztime "$time" "$dir" || failed+=("$dir $target")
	done
done
echo "fuzz: $count targets, ${#failed[@]} failed"
for one in ${failed[@]+"${failed[@]}"}; do echo "  $one"; done
[ "${#failed[@]}" -eq 0 ]
