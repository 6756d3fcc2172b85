package controlplane

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
)

// fieldManager owns the fields that Apply sets.
const fieldManager = "serin-local"

// Apply applies the manifests found in files and directories, server-side, and
// returns how many objects there were. CustomResourceDefinitions go first and
// are waited for, then namespaces, then the rest.
func Apply(ctx context.Context, config *rest.Config, paths []string) (int, error) {
	var objects []*unstructured.Unstructured
	for _, path := range paths {
		found, err := readManifests(path)
		if err != nil {
			return 0, err
		}
		objects = append(objects, found...)
	}
	a, err := newApplier(config)
	if err != nil {
		return 0, err
	}
	slices.SortStableFunc(objects, func(x, y *unstructured.Unstructured) int { return turn(x) - turn(y) })
	definitions := 0
	for definitions < len(objects) && turn(objects[definitions]) == 0 {
		definitions++
	}
	if err := a.applyAll(ctx, objects[:definitions]); err != nil {
		return 0, err
	}
	if err := a.waitEstablished(ctx, objects[:definitions]); err != nil {
		return 0, err
	}
	a.mapper.Reset()
	return len(objects), a.applyAll(ctx, objects[definitions:])
}

// turn orders objects by what others need of them.
func turn(object *unstructured.Unstructured) int {
	switch object.GetKind() {
	case "CustomResourceDefinition":
		return 0
	case "Namespace":
		return 1
	default:
		return 2
	}
}

// readManifests reads every object in a file, or in all YAML and JSON files below
// a directory. Kustomizations are left out: they say how to build, not what.
func readManifests(path string) ([]*unstructured.Unstructured, error) {
	var objects []*unstructured.Unstructured
	err := filepath.WalkDir(path, func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() || file != path && !slices.Contains([]string{".yaml", ".yml", ".json"}, filepath.Ext(file)) {
			return nil
		}
		found, err := readManifest(file)
		objects = append(objects, found...)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read manifests: %w", err)
	}
	return objects, nil
}

func readManifest(file string) ([]*unstructured.Unstructured, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	decoder := yaml.NewYAMLOrJSONDecoder(f, 4096)
	var objects []*unstructured.Unstructured
	for {
		object := &unstructured.Unstructured{}
		err := decoder.Decode(&object.Object)
		if errors.Is(err, io.EOF) {
			return objects, nil
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		if len(object.Object) == 0 || strings.HasPrefix(object.GetAPIVersion(), "kustomize.config.k8s.io/") {
			continue
		}
		if object.GetKind() == "" || object.GetAPIVersion() == "" {
			return nil, fmt.Errorf("%s: an object has no kind or apiVersion", file)
		}
		objects = append(objects, object)
	}
}

// applier applies objects of any kind.
type applier struct {
	client dynamic.Interface
	mapper *restmapper.DeferredDiscoveryRESTMapper
}

func newApplier(config *rest.Config) (*applier, error) {
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("make client for manifests: %w", err)
	}
	known, err := discovery.NewDiscoveryClientForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("make client for manifests: %w", err)
	}
	return &applier{client: client, mapper: restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(known))}, nil
}

func (a *applier) applyAll(ctx context.Context, objects []*unstructured.Unstructured) error {
	for _, object := range objects {
		if err := a.applySoon(ctx, object); err != nil {
			return fmt.Errorf("apply %s %s: %w", object.GetKind(), object.GetName(), err)
		}
	}
	return nil
}

// servedWithin is how long an established kind may take to show up in discovery and
// to be served, which is a little later than its condition says.
const servedWithin = 5 * time.Second

// applySoon is apply, repeated while the API server does not know the kind yet.
func (a *applier) applySoon(ctx context.Context, object *unstructured.Unstructured) error {
	ticker := time.NewTicker(100 * time.Millisecond)
	defer ticker.Stop()
	deadline := time.Now().Add(servedWithin)
	for {
		err := a.apply(ctx, object)
		unknown := meta.IsNoMatchError(err) || apierrors.IsNotFound(err)
		if err == nil || !unknown || time.Now().After(deadline) {
			return err
		}
		select {
		case <-ticker.C:
			a.mapper.Reset()
		case <-ctx.Done():
			return err
		}
	}
}

func (a *applier) apply(ctx context.Context, object *unstructured.Unstructured) error {
	kind := object.GroupVersionKind()
	mapping, err := a.mapper.RESTMapping(kind.GroupKind(), kind.Version)
	if err != nil {
		return err
	}
	data, err := object.MarshalJSON()
	if err != nil {
		return err
	}
	var target dynamic.ResourceInterface = a.client.Resource(mapping.Resource)
	if mapping.Scope.Name() == meta.RESTScopeNameNamespace {
		namespace := object.GetNamespace()
		if namespace == "" {
			namespace = metav1.NamespaceDefault
		}
		target = a.client.Resource(mapping.Resource).Namespace(namespace)
	}
	force := true
	_, err = target.Patch(ctx, object.GetName(), types.ApplyPatchType, data, metav1.PatchOptions{FieldManager: fieldManager, Force: &force})
	return err
}

func (a *applier) waitEstablished(ctx context.Context, definitions []*unstructured.Unstructured) error {
	resource := schema.GroupVersionResource{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"}
	ticker := time.NewTicker(50 * time.Millisecond)
	defer ticker.Stop()
	for _, definition := range definitions {
		for {
			current, err := a.client.Resource(resource).Get(ctx, definition.GetName(), metav1.GetOptions{})
			if err != nil {
				return fmt.Errorf("wait for CustomResourceDefinition %s: %w", definition.GetName(), err)
			}
			if established(current) {
				break
			}
			select {
			case <-ticker.C:
			case <-ctx.Done():
				return fmt.Errorf("wait for CustomResourceDefinition %s: %w", definition.GetName(), context.Cause(ctx))
			}
		}
	}
	return nil
}

// established reports whether the API server serves the kind.
func established(definition *unstructured.Unstructured) bool {
	conditions, _, _ := unstructured.NestedSlice(definition.Object, "status", "conditions")
	return slices.ContainsFunc(conditions, func(c any) bool {
		condition, _ := c.(map[string]any)
		return condition["type"] == "Established" && condition["status"] == "True"
	})
}
