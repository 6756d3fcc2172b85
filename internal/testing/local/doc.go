// Package local gives tests a real cluster: serin-local and serin-controller as
// processes of their own, a namespace for each test, the command line as users type
// it, requests through the gateway, and waiting that watches instead of sleeping.
//
// It promises that nothing it started outlives the test program, even when that is
// killed, and that no port is assumed. Programs are found in bin/ of the module, or
// where SERIN_LOCAL, SERIN_CONTROLLER and SERIN_CLI say.
package local
