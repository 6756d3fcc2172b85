// Package expr evaluates the expressions of metrics: success and failure conditions, and
// the times of range queries. The language is that of github.com/expr-lang/expr, in
// which the manifests are written; nothing else imports it.
//
// An expression is compiled where it is evaluated: its types depend on the result that
// it is about, and it is needed once for each measurement. BenchmarkHolds says what
// that costs: about 40 µs, against the seconds between measurements. So
// there is no cache, and nothing is shared.
//
// Evaluation is pure: now() is the time that is handed in. It ends: text, nodes,
// memory and steps have budgets.
package expr
