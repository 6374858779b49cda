package formula

import "ashna/kit/fault"

// Parse reads a source into a tree. The fault is of the first mistake, with its column; hostile sources end in a fault early.
func Parse(source string) (*Node, error) {
	tokens, err := scan(source)
	if err != nil {
		return nil, err
	}
	p := parser{tokens: tokens}
	if len(tokens) == 1 {
		return nil, refuse(1, keyNothing)
	}
	n := p.expression(0)
	if t := p.peek(); t.kind != tokenEnd {
		p.unexpected(t)
	}
	if p.err != nil {
		return nil, p.err
	}
	return n, nil
}

// parser is a Pratt parser. The first fault stays in err; after it every step returns at once with a node that nobody reads.
type parser struct {
	tokens []token
	at     int
	parts  int
	depth  int
	err    *fault.Error
}

// peek gives the next token; after a fault there is only the end.
func (p *parser) peek() token {
	if p.err != nil {
		return p.tokens[len(p.tokens)-1]
	}
	return p.tokens[p.at]
}

// next takes a token; the end stays.
func (p *parser) next() token {
	t := p.peek()
	if t.kind != tokenEnd {
		p.at++
	}
	return t
}

// take takes the next token when it is the word.
func (p *parser) take(word string) bool {
	if !p.peek().is(word) {
		return false
	}
	p.next()
	return true
}

// fail keeps the first fault.
func (p *parser) fail(column int, key string, pairs ...any) {
	if p.err == nil {
		p.err = refuse(column, key, pairs...)
	}
}

func (p *parser) unexpected(t token) {
	switch {
	case t.kind == tokenEnd:
		p.fail(t.column, keyUnexpectedEnd)
	case t.is("["):
		p.fail(t.column, keyListPlace)
	default:
		p.fail(t.column, keyUnexpected, "text", t.text)
	}
}

// expect takes a word that must stand here.
func (p *parser) expect(word string) {
	if t := p.peek(); !p.take(word) {
		if t.kind == tokenEnd {
			p.unexpected(t)
			return
		}
		p.fail(t.column, keyExpected, "want", word, "text", t.text)
	}
}

func (p *parser) node(kind NodeKind, text string, column int, args ...*Node) *Node {
	if p.parts++; p.parts > MaxParts {
		p.fail(column, keyTooManyParts, "max", MaxParts)
	}
	return &Node{Kind: kind, Text: text, Column: column, Args: args}
}

// expression reads operands joined by operators that bind at least as tightly as least.
func (p *parser) expression(least int) *Node {
	if p.depth++; p.depth > MaxDepth {
		p.fail(p.peek().column, keyTooDeep, "max", MaxDepth)
	}
	left := p.prefix(least)
	for compared := false; p.err == nil; {
		t := p.peek()
		negated := t.is("not")
		if negated {
			t = p.tokens[p.at+1]
		}
		if t.kind != tokenName && t.kind != tokenMark {
			break
		}
		strength := power(t.text)
		if strength == 0 || strength < least || negated && !negatable(t.text) {
			break
		}
		if strength == powerCompare && compared {
			p.fail(t.column, keyChained, "op", t.text)
			break
		}
		compared = strength == powerCompare
		left = p.infix(left, strength, negated)
	}
	p.depth--
	return left
}

// infix reads an operator and its right side.
func (p *parser) infix(left *Node, strength int, negated bool) *Node {
	if negated {
		p.next()
	}
	t := p.next()
	var n *Node
	switch t.text {
	case "is":
		negated = p.take("not")
		if !p.take("nil") {
			p.expect("empty")
		}
		n = p.node(NodeIsEmpty, "", t.column, left)
	case "between":
		low := p.expression(powerOperand)
		p.expect("and")
		n = p.node(NodeBetween, "", t.column, left, low, p.expression(powerOperand))
	case "in":
		n = p.members(left, t.column)
	default:
		n = p.node(NodeBinary, t.text, t.column, left, p.expression(strength+1))
	}
	if negated {
		n = p.node(NodeNot, "", t.column, n)
	}
	return n
}

// members reads what stands after in: a list or a range.
func (p *parser) members(left *Node, column int) *Node {
	open := p.peek()
	if p.take("[") {
		args := append([]*Node{left}, p.arguments(open, "]", powerSum)...)
		switch {
		case len(args) == 1:
			p.fail(open.column, keyInNeeds)
		case len(args)-1 > MaxMembers:
			p.fail(open.column, keyTooManyMembers, "max", MaxMembers)
		}
		return p.node(NodeIn, "", column, args...)
	}
	low := p.expression(powerOperand)
	if !p.take("..") {
		p.fail(open.column, keyInNeeds)
	}
	return p.node(NodeBetween, "", column, left, low, p.expression(powerOperand))
}

// prefix reads one operand.
func (p *parser) prefix(least int) *Node {
	t := p.next()
	switch t.kind {
	case tokenNumber:
		return p.node(NodeNumber, t.text, t.column)
	case tokenText:
		return p.node(NodeText, t.text, t.column)
	case tokenName:
		return p.word(t, least)
	}
	switch {
	case t.is("-"):
		return p.node(NodeNegate, "", t.column, p.expression(powerMinus))
	case t.is("("):
		n := p.expression(0)
		p.close(t, ")")
		return n
	}
	p.unexpected(t)
	return &Node{}
}

// close takes the bracket that ends what open began.
func (p *parser) close(open token, end string) {
	t := p.peek()
	switch {
	case p.take(end):
	case t.kind == tokenEnd:
		p.fail(open.column, keyOpenBracket, "at", open.column)
	default:
		p.unexpected(t)
	}
}

// word reads an operand that begins with a word.
func (p *parser) word(t token, least int) *Node {
	call := p.peek().is("(")
	switch t.text {
	case "not":
		if least <= powerNot {
			return p.node(NodeNot, "", t.column, p.expression(powerNot))
		}
	case "true", "false":
		return p.node(NodeBool, t.text, t.column)
	case "empty", "nil", "between":
		switch {
		case call:
			return p.call(t)
		case t.text != "between":
			return p.node(NodeEmpty, "", t.column)
		}
	default:
		if reserved(t.text) {
			break
		}
		if call {
			return p.call(t)
		}
		return p.path(t)
	}
	p.unexpected(t)
	return &Node{}
}

func (p *parser) path(first token) *Node {
	n := p.node(NodePath, "", first.column)
	n.Steps = append(n.Steps, Name{first.text, first.column})
	for p.take(".") {
		t := p.next()
		if t.kind != tokenName || reserved(t.text) {
			p.unexpected(t)
			return n
		}
		if p.parts++; p.parts > MaxParts {
			p.fail(t.column, keyTooManyParts, "max", MaxParts)
		}
		n.Steps = append(n.Steps, Name{t.text, t.column})
	}
	return n
}

// call reads the arguments of a function; empty() and between() become what they are another spelling of.
func (p *parser) call(name token) *Node {
	open := p.next()
	args := p.arguments(open, ")", 0)
	switch {
	case name.text == "empty" && len(args) == 1:
		return p.node(NodeIsEmpty, "", name.column, args...)
	case name.text == "between" && len(args) == 3:
		return p.node(NodeBetween, "", name.column, args...)
	}
	return p.node(NodeCall, name.text, name.column, args...)
}

// arguments reads operands with commas between them up to the closing bracket.
func (p *parser) arguments(open token, end string, least int) []*Node {
	if p.take(end) {
		return nil
	}
	args := []*Node{p.expression(least)}
	for p.take(",") {
		args = append(args, p.expression(least))
	}
	p.close(open, end)
	return args
}
