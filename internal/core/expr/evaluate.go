package expr

import (
	"errors"
	"fmt"
	"reflect"
	"time"

	lang "github.com/expr-lang/expr"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/vm"
)

var errNoData = errors.New("metric result is nil or empty: no data returned from the metric provider")

// Holds evaluates a condition about a result. A pointer stands for what it points to.
//
// The error is what users know: the engine's message without the excerpt of the text;
// when there is no data (nil, or an empty list), whatever goes wrong is put down to that.
func Holds(condition string, result any, now time.Time) (bool, error) {
	value := pointedTo(result)
	out, err := run(condition, resultNames(value, now))
	if err == nil {
		if held, isBool := out.(bool); isBool {
			return held, nil
		}
		err = fmt.Errorf("expected bool, but got %T", out)
	}
	if noData(value) {
		err = errNoData
	}
	return false, err
}

// Time evaluates an expression that gives a time, such as now() - duration("5m").
func Time(expression string, now time.Time) (time.Time, error) {
	out, err := run(expression, map[string]any{nowName: nowFunc(now)})
	if err != nil {
		return time.Time{}, err
	}
	at, isTime := out.(time.Time)
	if !isTime {
		return time.Time{}, fmt.Errorf("expected time.Time, but got %T", out)
	}
	return at, nil
}

// run compiles an expression against names and evaluates it.
func run(text string, names map[string]any) (out any, err error) {
	// The engine promises not to panic and does so on odd input.
	defer func() {
		if r := recover(); r != nil {
			out, err = nil, fmt.Errorf("evaluate: %v", r)
		}
	}()
	spent := &meter{}
	names[stepName], names[sizeName] = spent.step, spent.size
	program, err := compile(text, names)
	if err != nil {
		return nil, plain(err)
	}
	machine := vm.VM{MemoryBudget: memoryBudget}
	out, err = machine.Run(program, names)
	if err != nil {
		return nil, plain(err)
	}
	return out, nil
}

// compile is where the budgets are put in.
func compile(text string, names any) (*vm.Program, error) {
	if len(text) > textBudget {
		return nil, fmt.Errorf("expression is longer than %d bytes", textBudget)
	}
	return lang.Compile(text, lang.Env(names), lang.DisableBuiltin(nowName), lang.MaxNodes(nodeBudget), lang.Patch(&budget{}))
}

// plain is an error of the engine without the excerpt that shows where it is.
func plain(err error) error {
	var located *file.Error
	if errors.As(err, &located) {
		return errors.New(located.Message)
	}
	return err
}

func pointedTo(result any) any {
	v := reflect.ValueOf(result)
	for v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return nil
		}
		v = v.Elem()
	}
	if !v.IsValid() {
		return nil
	}
	return v.Interface()
}

func noData(result any) bool {
	v := reflect.ValueOf(result)
	return result == nil || (v.Kind() == reflect.Slice && v.Len() == 0)
}
