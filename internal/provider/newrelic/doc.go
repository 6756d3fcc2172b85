// Package newrelic measures by asking New Relic in NRQL.
package newrelic
