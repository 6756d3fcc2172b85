// Package cli is the command line: one file per verb, each a function from a
// client and options to text. What is shown comes from internal/view.
//
// The package promises the conventions that scripts rely on: results on
// stdout; usage, errors, notices and "No resources found." on stderr; exit
// code 0 for success and 1 for everything else. A missing permission is an
// error that names it, never a wait. Colours appear on a terminal only.
package cli
