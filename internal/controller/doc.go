// Package controller is the process around the controllers: caches, leader election,
// probes and metrics. It decides nothing and knows no controller.
package controller
