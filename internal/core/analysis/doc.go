// Package analysis decides about one AnalysisRun: what to measure next, what the
// measurements say, and when the run is over. It is pure. It never measures: it asks
// for a measurement, and the next snapshot brings the reading.
package analysis
