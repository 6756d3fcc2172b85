// Package e2e plays the stories that users read in tutorials, on a real API server,
// with pods that run and requests that are counted. A story says what is given, what
// is done and what must be seen; manifests come from examples/ as they are.
//
// The programs come from bin/: run `make e2e`, or `make build` before `go test`.
package e2e
