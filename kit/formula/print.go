package formula

import "strings"

// String gives the formula in its one canonical spelling, with no more brackets than needed. Parsing it gives an equal tree, unless
// the longer spelling crosses a limit that the source kept.
func (n *Node) String() string {
	var p printer
	p.node(n, 0)
	return p.String()
}

type printer struct{ strings.Builder }

// node writes a node where operators must bind at least as tightly as least.
func (p *printer) node(n *Node, least int) {
	own := n.strength()
	if own < least {
		p.WriteByte('(')
		defer p.WriteByte(')')
	}
	switch n.Kind {
	case NodeText:
		p.quote(n.Text)
	case NodeEmpty:
		p.WriteString("empty")
	case NodePath:
		p.path(n.Steps)
	case NodeCall:
		p.WriteString(n.Text)
		p.list('(', n.Args, 0, ')')
	case NodeNot:
		p.not(n.Args[0])
	case NodeNegate:
		p.WriteByte('-')
		p.node(n.Args[0], powerMinus)
	case NodeBinary, NodeIn, NodeBetween, NodeIsEmpty:
		p.infix(n, "")
	default:
		p.WriteString(n.Text)
	}
}

// strength is the binding power of the outermost operator of a node.
func (n *Node) strength() int {
	switch n.Kind {
	case NodeBinary:
		return power(n.Text)
	case NodeIn, NodeBetween, NodeIsEmpty:
		return powerCompare
	case NodeNot:
		if n.Args[0].folds() {
			return powerCompare
		}
		return powerNot
	case NodeNegate:
		return powerMinus
	}
	return powerMinus + 1
}

// folds says whether a "not" before the node is written inside it, as in `a not in [1]`.
func (n *Node) folds() bool {
	return n.Kind == NodeIn || n.Kind == NodeBetween || n.Kind == NodeIsEmpty || n.Kind == NodeBinary && negatable(n.Text)
}

func (p *printer) not(n *Node) {
	if n.folds() {
		p.infix(n, "not ")
		return
	}
	p.WriteString("not ")
	p.node(n, powerNot)
}

func (p *printer) infix(n *Node, not string) {
	own := n.strength()
	left := own
	if own == powerCompare {
		left = powerOperand
	}
	p.node(n.Args[0], left)
	switch n.Kind {
	case NodeIsEmpty:
		p.WriteString(" is " + not + "empty")
	case NodeIn:
		p.WriteString(" " + not + "in ")
		p.list('[', n.Args[1:], powerSum, ']')
	case NodeBetween:
		p.WriteString(" " + not + "between ")
		p.node(n.Args[1], powerOperand)
		p.WriteString(" and ")
		p.node(n.Args[2], powerOperand)
	default:
		p.WriteString(" " + not + n.Text + " ")
		p.node(n.Args[1], own+1)
	}
}

func (p *printer) list(open byte, args []*Node, least int, end byte) {
	p.WriteByte(open)
	for i, a := range args {
		if i > 0 {
			p.WriteString(", ")
		}
		p.node(a, least)
	}
	p.WriteByte(end)
}

func (p *printer) path(steps []Name) {
	for i, s := range steps {
		if i > 0 {
			p.WriteByte('.')
		}
		p.WriteString(s.Text)
	}
}

func (p *printer) quote(s string) {
	p.WriteByte('"')
	for i := range len(s) {
		if s[i] == '"' || s[i] == '\\' {
			p.WriteByte('\\')
		}
		p.WriteByte(s[i])
	}
	p.WriteByte('"')
}
