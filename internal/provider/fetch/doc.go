// Package fetch makes the HTTP requests of metric providers: within a time, up to a
// size, with the certificate checked, and without a secret in any error.
package fetch
