// Package analysisrun runs the loop for AnalysisRuns: it says what wakes which key.
// What is decided comes from internal/core/analysis by way of Rules.
package analysisrun
