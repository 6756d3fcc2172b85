package expr

import (
	"errors"
	"reflect"

	"github.com/expr-lang/expr/ast"
)

// What one evaluation may use. A condition over the ten thousand samples of a range
// query needs a small part of it; the whole of it takes a fraction of a second.
const (
	// textBudget is the length of an expression. Unit: bytes.
	textBudget = 64 << 10
	// nodeBudget is how many parts an expression may have.
	nodeBudget = 5000
	// memoryBudget is what the engine counts: elements of the lists that it makes.
	memoryBudget = 1_000_000
	// stepBudget is for what it does not count: turns of loops, and the size of the
	// values that are built on the way.
	stepBudget = 1_000_000
	// bytesPerStep is how much text counts as one step.
	bytesPerStep = 16
)

// Names that the meter has in an expression. One that calls it only spends its own budget.
const (
	stepName  = "serin_step"
	sizeName  = "serin_size"
	builtName = "serin_built"
)

var errBudget = errors.New("expression takes too long or builds too much: budget exceeded")

// meter counts what one evaluation uses.
type meter struct{ steps int }

// step counts one turn of a loop.
func (m *meter) step() bool {
	m.spend(1)
	return true
}

// size counts the size of a value, as often as each part would be printed: parts that
// are shared make a small value that takes for ever to look at.
func (m *meter) size(v any) bool {
	m.measure(reflect.ValueOf(v))
	return true
}

func (m *meter) spend(n int) {
	m.steps += n
	if m.steps > stepBudget {
		panic(errBudget)
	}
}

func (m *meter) measure(v reflect.Value) {
	m.spend(1)
	switch v.Kind() { //nolint:exhaustive // the other kinds have one size
	case reflect.Interface, reflect.Pointer:
		if !v.IsNil() {
			m.measure(v.Elem())
		}
	case reflect.String:
		m.spend(v.Len() / bytesPerStep)
	case reflect.Slice, reflect.Array:
		m.measureList(v)
	case reflect.Map:
		for entry := v.MapRange(); entry.Next(); {
			m.measure(entry.Key())
			m.measure(entry.Value())
		}
	case reflect.Struct:
		for i := range v.NumField() {
			m.measure(v.Field(i))
		}
	}
}

func (m *meter) measureList(v reflect.Value) {
	if isScalar(v.Type().Elem().Kind()) {
		m.spend(v.Len())
		return
	}
	for i := range v.Len() {
		m.measure(v.Index(i))
	}
}

func isScalar(k reflect.Kind) bool { return k >= reflect.Bool && k <= reflect.Complex128 }

// budget puts the meter into an expression: every turn of a loop is a step, and every
// value that is put together is measured. It changes no value and no type.
type budget struct{}

// Visit implements ast.Visitor. Parts of a node are visited before the node.
func (*budget) Visit(node *ast.Node) {
	switch n := (*node).(type) {
	case *ast.PredicateNode:
		n.Node = &ast.SequenceNode{Nodes: []ast.Node{call(stepName), n.Node}}
	case *ast.BinaryNode:
		if n.Operator == "+" && mayGrow(n) {
			measured(node)
		}
	case *ast.BuiltinNode:
		if mayGrow(n) {
			measured(node)
		}
	case *ast.ArrayNode:
		if !constant(n.Nodes) {
			measured(node)
		}
	case *ast.MapNode:
		measured(node)
	}
}

func constant(nodes []ast.Node) bool {
	for _, n := range nodes {
		switch n.(type) {
		case *ast.IntegerNode, *ast.FloatNode, *ast.StringNode, *ast.BoolNode, *ast.NilNode, *ast.ConstantNode:
		default:
			return false
		}
	}
	return true
}

// mayGrow reports whether a node's value can be text, a list or a map.
func mayGrow(n ast.Node) bool {
	if n.Type() == nil {
		return true
	}
	return !isScalar(n.Type().Kind())
}

// measured turns X into: let built = X; size(built); built.
func measured(node *ast.Node) {
	built := func() ast.Node { return &ast.IdentifierNode{Value: builtName} }
	*node = &ast.VariableDeclaratorNode{
		Name:  builtName,
		Value: *node,
		Expr:  &ast.SequenceNode{Nodes: []ast.Node{call(sizeName, built()), built()}},
	}
}

func call(name string, arguments ...ast.Node) ast.Node {
	return &ast.CallNode{Callee: &ast.IdentifierNode{Value: name}, Arguments: arguments}
}
