package spec

import (
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// fillPodDefaults fills in what the API server fills in when it stores a pod
// template (Kubernetes API reference, core/v1 PodTemplateSpec), and unifies what
// has two spellings. Only templates are meant: pods get a few defaults more.
func fillPodDefaults(s *corev1.PodSpec) {
	or(&s.RestartPolicy, corev1.RestartPolicyAlways)
	or(&s.DNSPolicy, corev1.DNSClusterFirst)
	or(&s.SchedulerName, corev1.DefaultSchedulerName)
	orPointer(&s.TerminationGracePeriodSeconds, int64(corev1.DefaultTerminationGracePeriodSeconds))
	orPointer(&s.SecurityContext, corev1.PodSecurityContext{})
	orPointer(&s.EnableServiceLinks, corev1.DefaultEnableServiceLinks)
	or(&s.ServiceAccountName, s.DeprecatedServiceAccount)
	s.DeprecatedServiceAccount = ""
	for i := range s.Volumes {
		fillVolumeDefaults(&s.Volumes[i].VolumeSource)
	}
	for i := range s.InitContainers {
		fillContainerDefaults(&s.InitContainers[i], s.HostNetwork)
	}
	for i := range s.Containers {
		fillContainerDefaults(&s.Containers[i], s.HostNetwork)
	}
}

func fillContainerDefaults(c *corev1.Container, hostNetwork bool) {
	or(&c.TerminationMessagePath, corev1.TerminationMessagePathDefault)
	or(&c.TerminationMessagePolicy, corev1.TerminationMessageReadFile)
	or(&c.ImagePullPolicy, pullPolicy(c.Image))
	for i := range c.Ports {
		or(&c.Ports[i].Protocol, corev1.ProtocolTCP)
		if hostNetwork {
			or(&c.Ports[i].HostPort, c.Ports[i].ContainerPort)
		}
	}
	for i := range c.Env {
		fillEnvDefaults(c.Env[i].ValueFrom)
	}
	for _, p := range []*corev1.Probe{c.LivenessProbe, c.ReadinessProbe, c.StartupProbe} {
		fillProbeDefaults(p)
	}
	if l := c.Lifecycle; l != nil {
		fillHandlerDefaults(l.PostStart)
		fillHandlerDefaults(l.PreStop)
	}
}

func fillEnvDefaults(from *corev1.EnvVarSource) {
	if from == nil {
		return
	}
	fillFieldRefDefaults(from.FieldRef)
	if from.FileKeyRef != nil {
		orPointer(&from.FileKeyRef.Optional, false)
	}
}

// pullPolicy is the default by the image's tag: the latest is always pulled.
// An image with a digest has no tag unless it says one.
func pullPolicy(image string) corev1.PullPolicy {
	name, _, pinned := strings.Cut(image, "@")
	_, tag, tagged := strings.Cut(name[strings.LastIndex(name, "/")+1:], ":")
	if tag == "latest" || (!tagged && !pinned) {
		return corev1.PullAlways
	}
	return corev1.PullIfNotPresent
}

func fillProbeDefaults(p *corev1.Probe) {
	if p == nil {
		return
	}
	or(&p.TimeoutSeconds, 1)
	or(&p.PeriodSeconds, 10)
	or(&p.SuccessThreshold, 1)
	or(&p.FailureThreshold, 3)
	fillHTTPDefaults(p.HTTPGet)
	if p.GRPC != nil {
		orPointer(&p.GRPC.Service, "")
	}
}

func fillHandlerDefaults(h *corev1.LifecycleHandler) {
	if h != nil {
		fillHTTPDefaults(h.HTTPGet)
	}
}

func fillHTTPDefaults(h *corev1.HTTPGetAction) {
	if h == nil {
		return
	}
	or(&h.Path, "/")
	or(&h.Scheme, corev1.URISchemeHTTP)
}

func fillFieldRefDefaults(r *corev1.ObjectFieldSelector) {
	if r != nil {
		or(&r.APIVersion, "v1")
	}
}

// or gives value a default when it is zero.
func or[T comparable](value *T, otherwise T) {
	var zero T
	if *value == zero {
		*value = otherwise
	}
}

// orPointer gives value a default when it is nil.
func orPointer[T any](value **T, otherwise T) {
	if *value == nil {
		*value = &otherwise
	}
}
