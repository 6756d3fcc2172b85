// Package plugin runs the plugins of the controller's ConfigMap: it fetches the
// programs, starts each when it is first used, starts it again when it died, and
// speaks the protocol of Argo Rollouts' plugins with it, net/rpc with gob.
package plugin
