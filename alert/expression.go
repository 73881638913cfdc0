package alert

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/types"
	"github.com/expr-lang/expr/vm"
)

// ExprError is a mistake in an expression.
type ExprError struct {
	Line, Column int // within the expression, both from 1
	Message      string
}

func (e *ExprError) Error() string { return e.Message }

// errMissing says that a value which the expression came to is not known.
var errMissing = errors.New("missing")

// expression is one that was checked, with the fields that it names.
type expression struct {
	program *vm.Program
	paths   []string
}

// getter is the function behind every number of an expression: so a value that
// is missing ends the evaluation, and only when it is come to.
const getter = "__number"

// maxNodes bounds an expression.
const maxNodes = 500

// environment describes the fields to the type checker.
var environment = func() types.Map {
	env := types.Map{getter: types.TypeOf(func(string) (float64, error) { return 0, nil })}
	for _, f := range Fields() {
		at := env
		names := strings.Split(f.Path, ".")
		for _, name := range names[:len(names)-1] {
			next, ok := at[name].(types.Map)
			if !ok {
				next = types.Map{}
				at[name] = next
			}
			at = next
		}
		at[names[len(names)-1]] = types.Float64
		if f.Text {
			at[names[len(names)-1]] = types.String
		}
	}
	return env
}()

// compile checks an expression.
func compile(text string, kind reflect.Kind) (*expression, error) {
	out := &expression{}
	patch := &numbers{out: out}
	options := []expr.Option{expr.Env(environment), expr.Patch(patch), expr.MaxNodes(maxNodes),
		expr.DisableBuiltin("now"), expr.DisableBuiltin("date"), expr.DisableBuiltin("timezone")}
	if kind == reflect.Bool {
		options = append(options, expr.AsBool())
	}
	program, err := expr.Compile(text, options...)
	var fault *file.Error
	switch {
	case errors.As(err, &fault):
		return nil, &ExprError{max(1, fault.Line), fault.Column + 1, suggest(fault.Message)}
	case err != nil:
		return nil, &ExprError{1, 1, err.Error()}
	case patch.kinds != len(out.paths):
		return nil, &ExprError{1, 1, "it names something that is no field: write each in full, such as channel.today.roas"}
	}
	out.program = program
	slices.Sort(out.paths)
	out.paths = slices.Compact(out.paths)
	return out, nil
}

// suggest says what to write instead.
func suggest(message string) string {
	if strings.HasPrefix(message, "unknown") {
		return message + ": the README lists the fields, such as channel.today.roas"
	}
	return message
}

// numbers puts the getter in the place of every field. Each kind of subject
// that is named has to lead to a field: a whole span of time, or one that only
// the evaluation would find, has no value.
type numbers struct {
	out   *expression
	kinds int // named so far
}

func (n *numbers) Visit(node *ast.Node) {
	if name, ok := (*node).(*ast.IdentifierNode); ok && slices.Contains([]string{kindChannel, kindCampaign, kindSource, kindAccount}, name.Value) {
		n.kinds++
	}
	path, ok := pathOf(*node)
	if !ok {
		return
	}
	i := slices.IndexFunc(fields, func(f Field) bool { return f.Path == path })
	if i < 0 {
		return
	}
	n.out.paths = append(n.out.paths, path)
	if !fields[i].Text {
		ast.Patch(node, &ast.CallNode{Callee: &ast.IdentifierNode{Value: getter}, Arguments: []ast.Node{&ast.StringNode{Value: path}}})
	}
}

var fields = Fields()

// pathOf spells out a chain of names.
func pathOf(node ast.Node) (string, bool) {
	switch n := node.(type) {
	case *ast.IdentifierNode:
		return n.Value, true
	case *ast.MemberNode:
		name, ok := n.Property.(*ast.StringNode)
		before, known := pathOf(n.Node)
		return before + "." + nameOf(name), ok && known
	}
	return "", false
}

func nameOf(n *ast.StringNode) string {
	if n == nil {
		return ""
	}
	return n.Value
}

// run evaluates the expression. A missing value gives errMissing.
func (e *expression) run(v values, texts map[string]string) (any, error) {
	env := map[string]any{getter: func(path string) (float64, error) {
		if number, ok := v[path]; ok {
			return number, nil
		}
		return 0, errMissing
	}}
	for path, text := range texts {
		kind, name, _ := strings.Cut(path, ".")
		if env[kind] == nil {
			env[kind] = map[string]any{}
		}
		env[kind].(map[string]any)[name] = text
	}
	out, err := expr.Run(e.program, env)
	if errors.Is(err, errMissing) {
		return nil, errMissing
	}
	if err != nil {
		return nil, fmt.Errorf("evaluate: %w", err)
	}
	return out, nil
}
