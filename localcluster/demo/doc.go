// Package demo is the coloured demo application: a page that asks the
// application for its colour fifty times a second and draws the answers, so
// that one can watch traffic move between versions.
//
// It answers as users of argoproj/rollouts-demo know it. GET or POST /color
// answers the colour in quotes; the body of a POST says how a colour is to
// answer this one request. It needs nothing but the standard library.
package demo
