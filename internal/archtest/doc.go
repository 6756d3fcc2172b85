// Package archtest enforces the import rule of docs/design.md, section 2.3: arrows
// point down, siblings do not know each other, and only wire.go names concrete
// routers and providers. It reads import clauses only, so it takes milliseconds and
// needs nothing built.
package archtest
