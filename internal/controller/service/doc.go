// Package service releases Services that no Rollout names any more: after a Rollout
// was deleted, or its manifest changed.
package service
