package text

// maxDistance is how many characters of each text Distance compares.
const maxDistance = 64

// Distance gives the Damerau-Levenshtein distance of a and b: how many insertions, deletions, substitutions and swaps of neighbours
// turn one into the other (no part being edited twice). Only the first 64 characters of each count, so the result is 0 to 64. Case and
// spelling matter: compare folded texts for "did you mean".
func Distance(a, b string) int {
	var bufA, bufB [maxDistance]rune
	x, y := runesInto(bufA[:0], a), runesInto(bufB[:0], b)
	var rows [3][maxDistance + 1]int
	for j := range len(y) + 1 {
		rows[0][j] = j
	}
	for i := 1; i <= len(x); i++ {
		row, above, twoAbove := &rows[i%3], &rows[(i+2)%3], &rows[(i+1)%3]
		row[0] = i
		for j := 1; j <= len(y); j++ {
			substitution := above[j-1]
			if x[i-1] != y[j-1] {
				substitution++
			}
			row[j] = min(above[j]+1, row[j-1]+1, substitution)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				row[j] = min(row[j], twoAbove[j-2]+1)
			}
		}
	}
	return rows[len(x)%3][len(y)]
}

func runesInto(buf []rune, s string) []rune {
	for _, r := range s {
		if len(buf) == cap(buf) {
			break
		}
		buf = append(buf, r)
	}
	return buf
}
