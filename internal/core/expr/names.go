package expr

import (
	"fmt"
	"math"
	"reflect"
	"strconv"
	"time"
)

const nowName = "now"

// resultNames are the names that a condition may use besides the language's own.
func resultNames(result any, now time.Time) map[string]any {
	return map[string]any{
		"result":  result,
		"asInt":   asInt,
		"asFloat": asFloat,
		"isNaN":   math.IsNaN,
		"isInf":   func(f float64) bool { return math.IsInf(f, 0) },
		// Compat: isNil and default look at the whole result, whatever they are asked about.
		// TestQuirks holds it.
		"isNil": func(any) bool { return result == nil },
		"default": func(_, otherwise any) any {
			if result == nil {
				return otherwise
			}
			return result
		},
		nowName: nowFunc(now),
	}
}

// nowFunc takes a time zone or nothing, like the language's own.
func nowFunc(now time.Time) func(zone ...*time.Location) time.Time {
	return func(zone ...*time.Location) time.Time {
		if len(zone) > 0 {
			return now.In(zone[0])
		}
		return now
	}
}

// asInt reads whole numbers, floats without what is behind the point, and text.
// The engine turns a panic into the error of the evaluation.
func asInt(in any) int64 {
	v := reflect.ValueOf(in)
	switch {
	case v.CanInt():
		return v.Int()
	case v.CanUint():
		return int64(v.Uint())
	case v.CanFloat():
		return truncated(v.Float())
	case v.Kind() == reflect.String:
		n, err := strconv.ParseInt(v.String(), 10, 64)
		if err != nil {
			panic(err)
		}
		return n
	default:
		panic(fmt.Sprintf("asInt() not supported on %T %v", in, in))
	}
}

// truncated is the same on every platform: what no int64 can hold is the least one.
func truncated(f float64) int64 {
	if f >= -1<<63 && f < 1<<63 {
		return int64(f)
	}
	return math.MinInt64
}

// asFloat reads numbers and text.
func asFloat(in any) float64 {
	v := reflect.ValueOf(in)
	switch {
	case v.CanInt():
		return float64(v.Int())
	case v.CanUint():
		return float64(v.Uint())
	case v.CanFloat():
		return v.Float()
	case v.Kind() == reflect.String:
		f, err := strconv.ParseFloat(v.String(), 64)
		if err != nil {
			panic(err)
		}
		return f
	default:
		panic(fmt.Sprintf("asFloat() not supported on %T %v", in, in))
	}
}
