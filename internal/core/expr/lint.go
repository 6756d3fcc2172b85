package expr

import (
	"fmt"
	"strings"
	"time"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/parser"
	"github.com/expr-lang/expr/types"
)

// Lint returns what is doubtful about a condition, as far as that can be said without a
// result: that it does not compile, or that it takes an element of a list which may be
// empty, so that a measurement without data is an error. Nil: nothing.
func Lint(condition string) []string {
	names := types.Map{stepName: types.TypeOf((*meter)(nil).step), sizeName: types.TypeOf((*meter)(nil).size)}
	for name, value := range resultNames(nil, time.Time{}) {
		if name == "result" {
			names[name] = types.Any
			continue
		}
		names[name] = types.TypeOf(value)
	}
	if _, err := compile(condition, names); err != nil {
		return []string{"does not compile: " + plain(err).Error()}
	}
	tree, err := parser.Parse(condition)
	if err != nil {
		return []string{"does not compile: " + plain(err).Error()}
	}
	look := &guards{reported: map[string]bool{}}
	look.visit(tree.Node, "")
	return look.found
}

// guards looks for elements that are taken without asking for the length first.
type guards struct {
	reported map[string]bool
	found    []string
}

// visit looks at a node. asked is the text of what was evaluated before it and decides
// whether it is evaluated at all.
func (g *guards) visit(node ast.Node, asked string) {
	switch n := node.(type) {
	case *ast.BinaryNode:
		g.visit(n.Left, asked)
		if isShort(n.Operator) {
			asked += " " + n.Left.String()
		}
		g.visit(n.Right, asked)
	case *ast.ConditionalNode:
		g.visit(n.Cond, asked)
		asked += " " + n.Cond.String()
		g.visit(n.Exp1, asked)
		g.visit(n.Exp2, asked)
	case *ast.MemberNode:
		g.member(n, asked)
		g.visit(n.Node, asked)
		g.visit(n.Property, asked)
	default:
		for _, part := range parts(node) {
			g.visit(part, asked)
		}
	}
}

func isShort(operator string) bool {
	return operator == "||" || operator == "or" || operator == "&&" || operator == "and"
}

// member reports result[0], and likewise below result, unless the length was asked for.
func (g *guards) member(n *ast.MemberNode, asked string) {
	if !isNumber(n.Property) || !fromResult(n.Node) {
		return
	}
	list, element := n.Node.String(), n.String()
	if strings.Contains(asked, "len("+list+")") || g.reported[element] {
		return
	}
	g.reported[element] = true
	g.found = append(g.found, fmt.Sprintf(
		"%s is an error when there is no data; say what that means, as in: len(%s) == 0 || ... or: len(%s) > 0 && ...", element, list, list))
}

func isNumber(n ast.Node) bool {
	if u, isUnary := n.(*ast.UnaryNode); isUnary {
		n = u.Node
	}
	_, isInteger := n.(*ast.IntegerNode)
	return isInteger
}

func fromResult(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.IdentifierNode:
		return n.Value == "result"
	case *ast.MemberNode:
		return fromResult(n.Node)
	case *ast.ChainNode:
		return fromResult(n.Node)
	default:
		return false
	}
}

// parts are the nodes directly below a node.
func parts(node ast.Node) []ast.Node {
	switch n := node.(type) {
	case *ast.UnaryNode:
		return []ast.Node{n.Node}
	case *ast.ChainNode:
		return []ast.Node{n.Node}
	case *ast.SliceNode:
		return []ast.Node{n.Node}
	case *ast.PredicateNode:
		return []ast.Node{n.Node}
	case *ast.CallNode:
		return n.Arguments
	case *ast.BuiltinNode:
		return n.Arguments
	case *ast.VariableDeclaratorNode:
		return []ast.Node{n.Value, n.Expr}
	case *ast.SequenceNode:
		return n.Nodes
	case *ast.ArrayNode:
		return n.Nodes
	case *ast.MapNode:
		return n.Pairs
	case *ast.PairNode:
		return []ast.Node{n.Key, n.Value}
	default:
		return nil
	}
}
