package formula

// NodeKind says what a Node is.
type NodeKind uint8

// The kinds of Node, with what Text and Args hold.
const (
	NodeNumber  NodeKind = iota + 1 // Text: Latin digits with at most one dot, no needless zeros in front
	NodeText                        // Text: the text without quotes
	NodeBool                        // Text: "true" or "false"
	NodeEmpty                       // the literal empty
	NodePath                        // Steps: the names
	NodeCall                        // Text: the function; Args: its arguments
	NodeNot                         // Args: the condition
	NodeNegate                      // Args: the number
	NodeBinary                      // Text: and or = != < <= > >= contains startsWith endsWith + - * / %; Args: left, right
	NodeIn                          // Args: the value, then the members
	NodeBetween                     // Args: the value, the least, the greatest
	NodeIsEmpty                     // Args: the value
)

// Name is one name of a path.
type Name struct {
	Text   string
	Column int
}

// Node is a part of a formula as written, before types. `x is empty` and empty(x), `x in a..b`, `x between a and b` and
// between(x, a, b), and the several spellings of an operator give the same tree.
type Node struct {
	Kind   NodeKind
	Text   string
	Column int // in characters from 1
	Args   []*Node
	Steps  []Name
}

// Equal says whether two trees are the same but for columns.
func (n *Node) Equal(m *Node) bool {
	if n.Kind != m.Kind || n.Text != m.Text || len(n.Args) != len(m.Args) || len(n.Steps) != len(m.Steps) {
		return false
	}
	for i, s := range n.Steps {
		if s.Text != m.Steps[i].Text {
			return false
		}
	}
	for i, a := range n.Args {
		if !a.Equal(m.Args[i]) {
			return false
		}
	}
	return true
}

// The binding powers, from the loosest.
const (
	powerOr      = 10
	powerAnd     = 15
	powerNot     = 18
	powerCompare = 20
	powerOperand = 25 // what may stand beside a comparison
	powerSum     = 30
	powerProduct = 60
	powerMinus   = 90
)

// power gives the binding power of an infix word or mark, 0 for any other.
func power(word string) int {
	switch word {
	case "or":
		return powerOr
	case "and":
		return powerAnd
	case "=", "!=", "<", "<=", ">", ">=", "in", "is", "between", "contains", "startsWith", "endsWith":
		return powerCompare
	case "+", "-":
		return powerSum
	case "*", "/", "%":
		return powerProduct
	}
	return 0
}

// negatable says whether "not" may stand before the word after its left side, as in `a not in [1]`.
func negatable(word string) bool {
	switch word {
	case "in", "between", "contains", "startsWith", "endsWith":
		return true
	}
	return false
}

// reserved says whether a word of the grammar can be no name of a field.
func reserved(word string) bool {
	switch word {
	case "and", "or", "not", "is", "in", "between", "contains", "startsWith", "endsWith", "true", "false", "empty", "nil":
		return true
	}
	return false
}

// Reserved says whether a catalog must not use the name for a field or a list: the words of the grammar, "id", "record" and "old".
func Reserved(name string) bool {
	return reserved(name) || name == "id" || name == "record" || name == "old"
}
