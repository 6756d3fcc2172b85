// Package view turns objects into what people look at: the tree of a Rollout
// or an Experiment, phases and messages as clients show them, and tables.
//
// The package promises to be pure: objects and the time come in, values and
// text come out. It reads no clock, talks to no API server and writes to no
// terminal, so the CLI, the dashboard and golden tests share it. Colours are
// tones; whoever prints the text turns tones into colours, or leaves them out.
//
// The JSON form of Rollout is the wire format of the dashboard's API.
package view
