// Package sim is a model of a Kubernetes cluster around one Rollout, in virtual
// time. It promises:
//
//   - World and its Client implement engine.Cluster, so the controller's own loop
//     runs in it unchanged;
//   - the same seed gives the same history, byte for byte;
//   - what the controller may not rely on is drawn: lagging caches and counts, slow
//     and failing pods, data planes that follow late, conflicts, crashes, rivals;
//   - every law of a safe rollout is checked at every moment (law.go), and a broken
//     one is reported with the history that led there.
//
// Nothing here decides about rollouts: the core, the parser and the renderers are
// handed in as values (Core, Config.Routers).
package sim
