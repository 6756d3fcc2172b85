// Package router holds the ports of traffic routers. Nearly every data plane is a
// Renderer, a pure function from objects and a split to objects; FromObjects
// supplies the I/O once. Others implement Router directly.
package router
