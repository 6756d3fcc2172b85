// Package node is a Kubernetes node without containers: it registers itself,
// takes every pod that has no node, and runs pods as ordinary processes.
//
// What it promises:
//   - A container with a command runs that command as a child process in a
//     process group of its own. The built-in demo application and a plain
//     welcome page run inside this process, so that a thousand pods are cheap.
//     Every other image stays in ErrImagePull, with a message that says why.
//   - Phases, container states, conditions, restarts, back-off, probes, hooks
//     and termination follow the kubelet, so that controllers see what they
//     would see on a real node.
//   - A pod's address is 10.x.y.z; its processes listen on 127.x.y.z with the
//     same last three octets (package podnet). Addresses survive a restart.
//   - It does nothing while nothing happens: informers and timers wake it.
//
// There is no isolation of any kind. Volumes, resource limits, security
// contexts and host ports are accepted and ignored.
package node
