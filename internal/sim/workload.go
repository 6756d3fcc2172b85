package sim

import (
	"cmp"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/serin-rollouts/serin/internal/core/plan"
)

// never is a time that does not come.
const never = time.Duration(1<<63 - 1)

// crashes is how often a crashing pod gets ready before it stays broken.
const crashes = 3

// replicaSet is a ReplicaSet, its pods and the controller that keeps them.
type replicaSet struct {
	cell[plan.ReplicaSet]
	// generation counts the writes that changed what is wanted.
	generation int64
	behaviour  Behaviour
	pods       []*pod
	// due: the ReplicaSet controller has been woken.
	due bool
	// lost is when the environment last took away an available pod.
	lost time.Duration
	// evicted is when the controller last restarted a pod, and alone when that pod was
	// the only one wanted.
	evicted, alone time.Duration
	// hadAvailable: it once had an available pod.
	hadAvailable bool
}

// pod is one pod. Only the kubelet model edits it.
type pod struct {
	name, uid, version  string
	created             time.Duration
	readySince          time.Duration
	labels, annotations map[string]string
	failures            int
	terminating, gone   bool
}

func (p *pod) ready() bool { return p.readySince != never && !p.terminating }

// available: ready for long enough.
func (p *pod) available(now, minReady time.Duration) bool {
	return p.ready() && now-p.readySince >= minReady
}

func (p *pod) fact(s *replicaSet, now time.Duration) plan.Pod {
	return plan.Pod{
		Name: p.name, UID: p.uid, Version: p.version, ReplicaSet: s.live.value.Name,
		Created: Epoch().Add(p.created).Truncate(time.Second), Labels: p.labels, Annotations: p.annotations,
		Available: p.available(now, s.live.value.MinReady), Terminating: p.terminating,
	}
}

// putSet writes a new state of a ReplicaSet and wakes the ReplicaSet controller.
func (w *World) putSet(s *replicaSet, next plan.ReplicaSet, by author) {
	if next.Want != s.live.value.Want {
		s.generation++
		next.Observed = false
	}
	next.Version = w.nextVersion()
	readAnnotations(&next)
	put(w, &s.cell, next, true, by)
	if by == byController {
		w.wake(s)
	}
}

// wake runs the ReplicaSet controller in a while.
func (w *World) wake(s *replicaSet) {
	w.touched++
	if s.due {
		return
	}
	s.due = true
	w.after(w.dice.within(w.env.Workload), func() {
		s.due = false
		if s.live.found {
			w.sync(s)
		}
	})
}

// sync is one pass of the ReplicaSet controller. As in the real one, the counts are
// taken before pods are made or removed, yet they are reported as observed for the
// size that is wanted now.
func (w *World) sync(s *replicaSet) {
	next := s.live.value
	next.Pods, next.Ready, next.Available = w.counts(s)
	next.Observed = true
	w.manage(s)
	old := s.live.value
	if next.Pods != old.Pods || next.Ready != old.Ready || next.Available != old.Available || !old.Observed {
		w.putSet(s, next, byOthers)
		w.trace.sizes(w)
	}
}

// counts are those of the pods as they stand.
func (w *World) counts(s *replicaSet) (pods, ready, available int32) {
	for _, p := range s.pods {
		if p.terminating {
			continue
		}
		pods++
		if p.ready() {
			ready++
		}
		if p.available(w.now, s.live.value.MinReady) {
			available++
		}
	}
	return pods, ready, available
}

// available is how many pods of a revision serve at this moment; 0 without one.
func (w *World) available(s *replicaSet) int32 {
	if s == nil || !s.live.found {
		return 0
	}
	_, _, n := w.counts(s)
	return n
}

// manage makes missing pods and removes surplus ones.
func (w *World) manage(s *replicaSet) {
	have, _, _ := w.counts(s)
	for ; have < s.live.value.Want; have++ {
		w.startPod(s)
	}
	if have > s.live.value.Want {
		for _, p := range w.surplus(s, int(have-s.live.value.Want)) {
			w.terminate(s, p)
		}
	}
}

// surplus picks the pods to remove: broken ones first, then the youngest.
func (w *World) surplus(s *replicaSet, count int) []*pod {
	var list []*pod
	for _, p := range s.pods {
		if !p.terminating {
			list = append(list, p)
		}
	}
	slices.SortStableFunc(list, func(a, b *pod) int {
		switch {
		case a.ready() != b.ready() && b.ready():
			return -1
		case a.ready() != b.ready():
			return 1
		case a.readySince != b.readySince:
			return cmp.Compare(b.readySince, a.readySince)
		default:
			return cmp.Compare(b.created, a.created)
		}
	})
	return list[:count]
}

func (w *World) startPod(s *replicaSet) {
	rs := s.live.value
	p := &pod{
		uid: w.name("pod-"), version: w.nextVersion(), created: w.now, readySince: never,
		labels: rs.Template.Labels, annotations: rs.Template.Annotations,
	}
	w.version++
	p.name = rs.Name + "-" + p.uid
	s.pods = append(s.pods, p)
	w.start(s, p, 0)
	w.wake(s)
}

// start lets a pod get ready after the delay that its image and its failures ask for.
func (w *World) start(s *replicaSet, p *pod, backoff time.Duration) {
	delay := w.dice.within(w.env.Ready)
	switch s.behaviour {
	case NeverReady:
		return
	case Slow:
		delay *= 10
	case Good, Crashing:
	}
	w.after(delay+backoff, func() { w.becomeReady(s, p) })
}

func (w *World) becomeReady(s *replicaSet, p *pod) {
	if p.terminating {
		return
	}
	p.readySince = w.now
	w.wake(s)
	minReady := s.live.value.MinReady
	if minReady > 0 {
		w.after(minReady, func() { w.wake(s) })
	}
	s.hadAvailable = s.hadAvailable || minReady == 0
	if s.behaviour == Crashing {
		w.after(w.dice.within(Span{time.Second, 20 * time.Second}), func() { w.crashPod(s, p) })
	}
}

// crashPod makes a pod fail; it comes back a few times.
func (w *World) crashPod(s *replicaSet, p *pod) {
	if p.terminating {
		return
	}
	p.readySince = never
	p.failures++
	s.lost = w.now
	w.wake(s)
	if p.failures < crashes {
		w.start(s, p, time.Duration(10<<p.failures)*time.Second)
	}
}

// terminate asks a pod to go; it is gone a while later.
func (w *World) terminate(s *replicaSet, p *pod) {
	if p.terminating {
		return
	}
	p.terminating = true
	w.wake(s)
	w.after(w.dice.within(w.env.Terminate), func() {
		p.gone = true
		s.pods = slices.DeleteFunc(s.pods, func(o *pod) bool { return o == p })
	})
}

// pod finds a live pod by name.
func (w *World) pod(name string) (*replicaSet, *pod) {
	for _, s := range w.sets {
		for _, p := range s.pods {
			if p.name == name && !p.terminating {
				return s, p
			}
		}
	}
	return nil, nil
}

// behaviour is what the first container's image makes pods do.
func (w *World) behaviour(t corev1.PodTemplateSpec) Behaviour {
	if len(t.Spec.Containers) == 0 {
		return Good
	}
	if w.env.Behaviour != nil {
		return w.env.Behaviour(t.Spec.Containers[0].Image)
	}
	return BehaviourOf(t.Spec.Containers[0].Image)
}
