package node

import (
	"context"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

// configError says that a container cannot be configured as its manifest asks;
// the kubelet calls this CreateContainerConfigError.
type configError struct{ message string }

func (e configError) Error() string { return e.message }

// envResolver turns a container's env and envFrom into values.
type envResolver struct {
	client kubernetes.Interface
	pod    *corev1.Pod
	values map[string]string
}

// resolveEnv returns the environment of a container. base comes first, so that
// the manifest overrides it. The error is a configError when the manifest names
// something that does not exist.
func resolveEnv(ctx context.Context, r envResolver, c *corev1.Container) (map[string]string, error) {
	for _, from := range c.EnvFrom {
		if err := r.addAll(ctx, from); err != nil {
			return nil, err
		}
	}
	for _, e := range c.Env {
		value, found, err := r.value(ctx, c, e)
		if err != nil {
			return nil, err
		}
		if found {
			r.values[e.Name] = value
		}
	}
	return r.values, nil
}

// addAll adds every key of a ConfigMap or Secret.
func (r envResolver) addAll(ctx context.Context, from corev1.EnvFromSource) error {
	var data map[string]string
	var err error
	switch {
	case from.ConfigMapRef != nil:
		data, err = r.configMap(ctx, from.ConfigMapRef.Name, from.ConfigMapRef.Optional)
	case from.SecretRef != nil:
		data, err = r.secret(ctx, from.SecretRef.Name, from.SecretRef.Optional)
	}
	if err != nil {
		return err
	}
	for key, value := range data {
		r.values[from.Prefix+key] = value
	}
	return nil
}

// value returns the value of one variable; found is false when it is optional
// and absent.
func (r envResolver) value(ctx context.Context, c *corev1.Container, e corev1.EnvVar) (string, bool, error) {
	from := e.ValueFrom
	switch {
	case from == nil:
		return expand(e.Value, r.values), true, nil
	case from.FieldRef != nil:
		value, err := fieldValue(r.pod, from.FieldRef.FieldPath)
		return value, err == nil, err
	case from.ConfigMapKeyRef != nil:
		ref := from.ConfigMapKeyRef
		data, err := r.configMap(ctx, ref.Name, ref.Optional)
		return pick(data, err, keyRef{"ConfigMap", r.pod.Namespace + "/" + ref.Name, ref.Key, ref.Optional})
	case from.SecretKeyRef != nil:
		ref := from.SecretKeyRef
		data, err := r.secret(ctx, ref.Name, ref.Optional)
		return pick(data, err, keyRef{"Secret", r.pod.Namespace + "/" + ref.Name, ref.Key, ref.Optional})
	case from.ResourceFieldRef != nil:
		value, err := resourceValue(c, from.ResourceFieldRef)
		return value, err == nil, err
	default:
		return "", false, configError{fmt.Sprintf("variable %s: unknown kind of valueFrom", e.Name)}
	}
}

// keyRef names one key of a ConfigMap or Secret, for messages.
type keyRef struct {
	kind, object, key string
	optional          *bool
}

func pick(data map[string]string, err error, ref keyRef) (string, bool, error) {
	if err != nil {
		return "", false, err
	}
	value, found := data[ref.key]
	if !found && (ref.optional == nil || !*ref.optional) {
		return "", false, configError{fmt.Sprintf("couldn't find key %s in %s %s", ref.key, ref.kind, ref.object)}
	}
	return value, found, nil
}

func (r envResolver) configMap(ctx context.Context, name string, optional *bool) (map[string]string, error) {
	object, err := r.client.CoreV1().ConfigMaps(r.pod.Namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return nil, absent(err, fmt.Sprintf("configmap %q", name), optional)
	}
	return object.Data, nil
}

func (r envResolver) secret(ctx context.Context, name string, optional *bool) (map[string]string, error) {
	object, err := r.client.CoreV1().Secrets(r.pod.Namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return nil, absent(err, fmt.Sprintf("secret %q", name), optional)
	}
	data := make(map[string]string, len(object.Data))
	for key, value := range object.Data {
		data[key] = string(value)
	}
	return data, nil
}

// absent turns the error of a lookup into what it means for the container.
func absent(err error, what string, optional *bool) error {
	if !apierrors.IsNotFound(err) {
		return fmt.Errorf("read %s: %w", what, err)
	}
	if optional != nil && *optional {
		return nil
	}
	return configError{what + " not found"}
}

// fieldValue returns the field of a pod that the downward API names.
func fieldValue(pod *corev1.Pod, path string) (string, error) {
	if key, ok := subscript(path, "metadata.labels"); ok {
		return pod.Labels[key], nil
	}
	if key, ok := subscript(path, "metadata.annotations"); ok {
		return pod.Annotations[key], nil
	}
	switch path {
	case "metadata.name":
		return pod.Name, nil
	case "metadata.namespace":
		return pod.Namespace, nil
	case "metadata.uid":
		return string(pod.UID), nil
	case "spec.nodeName":
		return pod.Spec.NodeName, nil
	case "spec.serviceAccountName":
		return pod.Spec.ServiceAccountName, nil
	case "status.hostIP", "status.hostIPs":
		return hostIP, nil
	case "status.podIP", "status.podIPs":
		return pod.Status.PodIP, nil
	default:
		return "", configError{fmt.Sprintf("fieldPath %q is not supported", path)}
	}
}

// subscript reads key from path['key'].
func subscript(path, prefix string) (string, bool) {
	rest, ok := strings.CutPrefix(path, prefix+"['")
	if !ok {
		return "", false
	}
	return strings.CutSuffix(rest, "']")
}

// resourceValue returns a request or limit of the container, in the divisor asked for.
func resourceValue(c *corev1.Container, ref *corev1.ResourceFieldSelector) (string, error) {
	list, name, ok := c.Resources.Limits, "", false
	if name, ok = strings.CutPrefix(ref.Resource, "limits."); !ok {
		list = c.Resources.Requests
		if name, ok = strings.CutPrefix(ref.Resource, "requests."); !ok {
			return "", configError{fmt.Sprintf("resource %q is not supported", ref.Resource)}
		}
	}
	quantity := list[corev1.ResourceName(name)]
	divisor := ref.Divisor.MilliValue()
	if divisor == 0 {
		divisor = 1000
	}
	// Rounded up, as the downward API does: 250m by 1 is 1.
	return fmt.Sprint((quantity.MilliValue() + divisor - 1) / divisor), nil
}

// expand replaces $(NAME) by the value of NAME. $$ stands for $, and a
// reference to an unknown name stays as it is.
func expand(text string, values map[string]string) string {
	var out strings.Builder
	for {
		before, after, found := strings.Cut(text, "$")
		out.WriteString(before)
		if !found {
			return out.String()
		}
		if rest, ok := strings.CutPrefix(after, "$"); ok {
			out.WriteString("$")
			text = rest
			continue
		}
		name, rest, closed := strings.Cut(strings.TrimPrefix(after, "("), ")")
		value, known := values[name]
		if strings.HasPrefix(after, "(") && closed && known {
			out.WriteString(value)
			text = rest
			continue
		}
		out.WriteString("$")
		text = after
	}
}

// environ renders values as os/exec wants them, in a stable order.
func environ(values map[string]string) []string {
	out := make([]string, 0, len(values))
	for name, value := range values {
		out = append(out, name+"="+value)
	}
	slices.Sort(out)
	return out
}
