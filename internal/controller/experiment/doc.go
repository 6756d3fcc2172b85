// Package experiment runs the loop for Experiments: it says what wakes which key. What
// is decided comes from internal/core/experiment by way of Rules.
package experiment
