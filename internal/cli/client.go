package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	utilnet "k8s.io/apimachinery/pkg/util/net"
	"k8s.io/client-go/dynamic"

	"github.com/serin-rollouts/serin/api/v1alpha1"
)

// Resources outside our own group.
var (
	replicaSetGVR  = schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "replicasets"}
	deploymentGVR  = schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "deployments"}
	podGVR         = schema.GroupVersionResource{Version: "v1", Resource: "pods"}
	podTemplateGVR = schema.GroupVersionResource{Version: "v1", Resource: "podtemplates"}
)

// Limits of the client: the server has its own, so these only stop a bug here
// from flooding it.
const (
	clientQPS   = 100
	clientBurst = 200
)

// client reads and writes the objects of one namespace.
type client struct {
	dynamic   dynamic.Interface
	namespace string
}

// client connects to the cluster that the flags and the kubeconfig name.
func (s *shell) client() (client, error) {
	config, err := s.kube.ToRESTConfig()
	if err != nil {
		return client{}, fmt.Errorf("read the kubeconfig: %w", err)
	}
	config.QPS, config.Burst = clientQPS, clientBurst
	config.UserAgent = "serin/" + s.Build.Version
	namespace, _, err := s.kube.ToRawKubeConfigLoader().Namespace()
	if err != nil {
		return client{}, fmt.Errorf("read the namespace of the kubeconfig's context: %w", err)
	}
	dyn, err := dynamic.NewForConfig(config)
	if err != nil {
		return client{}, fmt.Errorf("prepare the connection to %s: %w", config.Host, err)
	}
	return client{dynamic: dyn, namespace: namespace}, nil
}

func (c client) resource(gvr schema.GroupVersionResource) dynamic.ResourceInterface {
	return c.dynamic.Resource(gvr).Namespace(c.namespace)
}

// rollout reads one Rollout.
func (c client) rollout(ctx context.Context, name string) (*v1alpha1.Rollout, error) {
	obj, err := c.resource(v1alpha1.RolloutGVR).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return nil, c.advise(err)
	}
	return decode(obj, &v1alpha1.Rollout{})
}

// decode turns what the server sent into a type.
func decode[T any](obj *unstructured.Unstructured, into *T) (*T, error) {
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(obj.Object, into); err != nil {
		return nil, fmt.Errorf("read %s %s: %w", obj.GetKind(), obj.GetName(), err)
	}
	return into, nil
}

// target is what a patch is sent to.
type target struct {
	gvr  schema.GroupVersionResource
	name string
	// sub is the subresource; empty is the object itself.
	sub string
}

// patch sends a JSON merge patch to the object itself.
func (c client) patch(ctx context.Context, gvr schema.GroupVersionResource, name string, body any) error {
	return c.mergePatch(ctx, target{gvr: gvr, name: name}, body)
}

// patchStatus sends a JSON merge patch to the status subresource. Where the
// server has none, it goes to the object itself.
func (c client) patchStatus(ctx context.Context, gvr schema.GroupVersionResource, name string, body any) error {
	err := c.mergePatch(ctx, target{gvr: gvr, name: name, sub: "status"}, body)
	if apierrors.IsNotFound(err) {
		return c.patch(ctx, gvr, name, body)
	}
	return err
}

func (c client) mergePatch(ctx context.Context, t target, body any) error {
	data, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("encode the patch of %s %s: %w", t.gvr.Resource, t.name, err)
	}
	var sub []string
	if t.sub != "" {
		sub = append(sub, t.sub)
	}
	_, err = c.resource(t.gvr).Patch(ctx, t.name, types.MergePatchType, data, metav1.PatchOptions{}, sub...)
	return c.advise(err)
}

// advise adds a hint to errors of the API server that users meet often.
func (c client) advise(err error) error {
	switch {
	case err == nil, errors.As(err, new(hintError)):
		return err
	case apierrors.IsNotFound(err) && missingName(err) == "":
		return withHint(err, "This cluster does not know the kind: are the custom resource definitions of the controller installed?")
	case apierrors.IsNotFound(err):
		return withHint(err, "It is not in namespace %q; choose another one with -n.", c.namespace)
	case utilnet.IsConnectionRefused(err):
		return withHint(err, "No API server answers there: check --kubeconfig, --context and --server.")
	default:
		return err
	}
}

// missingName is the name of the object that was not found. It is empty when
// not even the kind was.
func missingName(err error) string {
	var status apierrors.APIStatus
	if !errors.As(err, &status) || status.Status().Details == nil {
		return ""
	}
	return status.Status().Details.Name
}

// status wraps fields of the status into a merge patch.
func status(fields map[string]any) map[string]any { return map[string]any{"status": fields} }

// spec wraps fields of the spec into a merge patch.
func spec(fields map[string]any) map[string]any { return map[string]any{"spec": fields} }
