// Package metrics exports what the controllers do, under the names that dashboards
// and alerts for Argo Rollouts use.
package metrics
