// Package graphite measures by asking Graphite to render a series.
package graphite
