// Package providertest is the test suite that every metric provider passes: it keeps
// to its time, it keeps its secrets, and it makes no value out of a broken answer.
package providertest
