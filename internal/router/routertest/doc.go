// Package routertest holds what every renderer must do: the laws, checked on
// generated objects and splits, and golden files that show what comes out.
package routertest
