// Package web measures by asking an HTTP endpoint and picking a value from its answer.
package web
