package spec

import (
	"fmt"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	metavalidation "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// checkTemplate finds what would keep a ReplicaSet from being made or from
// making pods, as far as it can be told from the manifest alone. The API server
// checks the rest when the ReplicaSet is created.
func checkTemplate(t corev1.PodTemplateSpec, s *metav1.LabelSelector, path *field.Path) field.ErrorList {
	errs := checkSelected(t.Labels, s, path.Child("metadata", "labels"))
	errs = append(errs, metavalidation.ValidateLabels(t.Labels, path.Child("labels"))...)
	errs = append(errs, apivalidation.ValidateAnnotations(t.Annotations, path.Child("annotations"))...)
	spec := path.Child("spec")
	volumes, volumeErrs := checkVolumes(t.Spec.Volumes, spec.Child("volumes"))
	errs = append(errs, volumeErrs...)
	errs = append(errs, checkContainers(t.Spec, volumes, spec)...)
	return append(errs, checkReplicaSetOnly(t.Spec, spec)...)
}

// checkSelected wants the selector to find the template's pods. A selector that
// is missing or malformed is reported elsewhere.
func checkSelected(podLabels map[string]string, s *metav1.LabelSelector, path *field.Path) field.ErrorList {
	selects, err := metav1.LabelSelectorAsSelector(s)
	if s == nil || err != nil || selects.Empty() || selects.Matches(labels.Set(podLabels)) {
		return nil
	}
	return field.ErrorList{field.Invalid(path, podLabels, "`selector` does not match template `labels`")}
}

// checkReplicaSetOnly refuses what pods may have and a ReplicaSet's may not.
func checkReplicaSetOnly(s corev1.PodSpec, path *field.Path) field.ErrorList {
	var errs field.ErrorList
	if s.RestartPolicy != "" && s.RestartPolicy != corev1.RestartPolicyAlways {
		always := []corev1.RestartPolicy{corev1.RestartPolicyAlways}
		errs = append(errs, field.NotSupported(path.Child("restartPolicy"), s.RestartPolicy, always))
	}
	if s.ActiveDeadlineSeconds != nil {
		errs = append(errs, field.Forbidden(path.Child("activeDeadlineSeconds"), "activeDeadlineSeconds in ReplicaSet is not Supported"))
	}
	if len(s.EphemeralContainers) > 0 {
		errs = append(errs, field.Forbidden(path.Child("ephemeralContainers"), "ephemeral containers not allowed in pod template"))
	}
	return errs
}

// checkVolumes checks names and returns the good ones.
func checkVolumes(volumes []corev1.Volume, path *field.Path) (map[string]bool, field.ErrorList) {
	names := map[string]bool{}
	var errs field.ErrorList
	for i, v := range volumes {
		nameErrs := checkName(v.Name, names, path.Index(i).Child("name"))
		errs = append(errs, nameErrs...)
		names[v.Name] = true
	}
	return names, errs
}

func checkContainers(s corev1.PodSpec, volumes map[string]bool, path *field.Path) field.ErrorList {
	var errs field.ErrorList
	if len(s.Containers) == 0 {
		errs = append(errs, field.Required(path.Child("containers"), ""))
	}
	names := map[string]bool{}
	for i, c := range s.Containers {
		errs = append(errs, checkContainer(c, names, volumes, path.Child("containers").Index(i))...)
		names[c.Name] = true
	}
	for i, c := range s.InitContainers {
		errs = append(errs, checkContainer(c, names, volumes, path.Child("initContainers").Index(i))...)
		names[c.Name] = true
	}
	return errs
}

func checkContainer(c corev1.Container, taken, volumes map[string]bool, path *field.Path) field.ErrorList {
	errs := checkName(c.Name, taken, path.Child("name"))
	if c.Image == "" {
		errs = append(errs, field.Required(path.Child("image"), ""))
	}
	errs = append(errs, checkKnown(c.ImagePullPolicy, []corev1.PullPolicy{corev1.PullAlways, corev1.PullIfNotPresent, corev1.PullNever}, path.Child("imagePullPolicy"))...)
	errs = append(errs, checkPorts(c.Ports, path.Child("ports"))...)
	errs = append(errs, checkEnv(c.Env, path.Child("env"))...)
	errs = append(errs, checkMounts(c.VolumeMounts, volumes, path.Child("volumeMounts"))...)
	return append(errs, checkResources(c.Resources, path.Child("resources"))...)
}

// checkName wants a DNS label that is not taken.
func checkName(name string, taken map[string]bool, path *field.Path) field.ErrorList {
	if name == "" {
		return field.ErrorList{field.Required(path, "")}
	}
	if taken[name] {
		return field.ErrorList{field.Duplicate(path, name)}
	}
	var errs field.ErrorList
	for _, msg := range validation.IsDNS1123Label(name) {
		errs = append(errs, field.Invalid(path, name, msg))
	}
	return errs
}

// checkKnown wants one of the known words, or none.
func checkKnown[T ~string](word T, known []T, path *field.Path) field.ErrorList {
	if word == "" || slices.Contains(known, word) {
		return nil
	}
	return field.ErrorList{field.NotSupported(path, word, known)}
}

func checkPorts(ports []corev1.ContainerPort, path *field.Path) field.ErrorList {
	var errs field.ErrorList
	names := map[string]bool{}
	for i, p := range ports {
		at := path.Index(i)
		if p.Name != "" {
			errs = append(errs, checkPortName(p.Name, names, at.Child("name"))...)
			names[p.Name] = true
		}
		for _, msg := range validation.IsValidPortNum(int(p.ContainerPort)) {
			errs = append(errs, field.Invalid(at.Child("containerPort"), p.ContainerPort, msg))
		}
		errs = append(errs, checkKnown(p.Protocol, []corev1.Protocol{corev1.ProtocolSCTP, corev1.ProtocolTCP, corev1.ProtocolUDP}, at.Child("protocol"))...)
	}
	return errs
}

func checkPortName(name string, taken map[string]bool, path *field.Path) field.ErrorList {
	if taken[name] {
		return field.ErrorList{field.Duplicate(path, name)}
	}
	var errs field.ErrorList
	for _, msg := range validation.IsValidPortName(name) {
		errs = append(errs, field.Invalid(path, name, msg))
	}
	return errs
}

func checkEnv(env []corev1.EnvVar, path *field.Path) field.ErrorList {
	var errs field.ErrorList
	for i, e := range env {
		at := path.Index(i)
		errs = append(errs, checkEnvName(e.Name, at.Child("name"))...)
		if e.Value != "" && e.ValueFrom != nil {
			errs = append(errs, field.Invalid(at.Child("valueFrom"), "", "may not be specified when `value` is not empty"))
		}
	}
	return errs
}

func checkEnvName(name string, path *field.Path) field.ErrorList {
	if name == "" {
		return field.ErrorList{field.Required(path, "")}
	}
	var errs field.ErrorList
	for _, msg := range validation.IsRelaxedEnvVarName(name) {
		errs = append(errs, field.Invalid(path, name, msg))
	}
	return errs
}

func checkMounts(mounts []corev1.VolumeMount, volumes map[string]bool, path *field.Path) field.ErrorList {
	var errs field.ErrorList
	paths := map[string]bool{}
	for i, m := range mounts {
		at := path.Index(i)
		switch {
		case m.Name == "":
			errs = append(errs, field.Required(at.Child("name"), ""))
		case !volumes[m.Name]:
			errs = append(errs, field.NotFound(at.Child("name"), m.Name))
		}
		switch {
		case m.MountPath == "":
			errs = append(errs, field.Required(at.Child("mountPath"), ""))
		case paths[m.MountPath]:
			errs = append(errs, field.Invalid(at.Child("mountPath"), m.MountPath, "must be unique"))
		}
		paths[m.MountPath] = true
	}
	return errs
}

// checkResources wants requests within limits.
func checkResources(r corev1.ResourceRequirements, path *field.Path) field.ErrorList {
	var errs field.ErrorList
	for _, name := range slices.Sorted(maps.Keys(r.Requests)) {
		request := r.Requests[name]
		limit, limited := r.Limits[name]
		if limited && request.Cmp(limit) > 0 {
			detail := fmt.Sprintf("must be less than or equal to %s limit of %s", name, limit.String())
			errs = append(errs, field.Invalid(path.Child("requests"), request.String(), detail))
		}
	}
	return errs
}
