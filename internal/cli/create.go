package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/serin-rollouts/serin/api/v1alpha1"
)

var (
	errWatchSeveral = errors.New("Cannot watch multiple resources")                                 //nolint:staticcheck // scripts match this text
	errWatchKind    = errors.New("Can only watch resources of type Rollout or Experiment")          //nolint:staticcheck // scripts match this text
	errSeveralDocs  = errors.New("a file may hold one object only; use kubectl create for several") //nolint:gosec // no credential
)

// creatable are the kinds of ours, with what reads a manifest of theirs strictly.
var creatable = map[string]struct {
	resource schema.GroupVersionResource
	typed    func() any
}{
	v1alpha1.RolloutKind:                 {v1alpha1.RolloutGVR, func() any { return &v1alpha1.Rollout{} }},
	v1alpha1.ExperimentKind:              {v1alpha1.ExperimentGVR, func() any { return &v1alpha1.Experiment{} }},
	v1alpha1.AnalysisRunKind:             {v1alpha1.AnalysisRunGVR, func() any { return &v1alpha1.AnalysisRun{} }},
	v1alpha1.AnalysisTemplateKind:        {v1alpha1.AnalysisTemplateGVR, func() any { return &v1alpha1.AnalysisTemplate{} }},
	v1alpha1.ClusterAnalysisTemplateKind: {v1alpha1.ClusterAnalysisTemplateGVR, func() any { return &v1alpha1.ClusterAnalysisTemplate{} }},
}

func (s *shell) createCommand() *cobra.Command {
	var files []string
	var watch bool
	cmd := &cobra.Command{
		Use:   "create",
		Short: "Create a Rollout, an Experiment, an AnalysisRun or a template from a file",
		Long: "Create a Rollout, an Experiment, an AnalysisRun or an analysis template from a file.\n\n" +
			"Fields that the kind does not have are refused. The namespace in the file goes before the one of the command line.",
		Example: s.examples("create -f rollout.yaml", "create -f experiment.yaml --watch", "create analysisrun --from success-rate -a ingress=checkout"),
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			switch {
			case len(files) == 0:
				return errUsage
			case watch && len(files) > 1:
				return errWatchSeveral
			}
			return s.create(cmd, files, watch)
		},
	}
	cmd.Flags().StringArrayVarP(&files, "filename", "f", nil, "File with the object, - for standard input; may be repeated")
	cmd.Flags().BoolVarP(&watch, "watch", "w", false, "Watch what was created")
	cmd.AddCommand(s.createAnalysisRunCommand())
	return cmd
}

func (s *shell) create(cmd *cobra.Command, files []string, watch bool) error {
	c, err := s.client()
	if err != nil {
		return err
	}
	for _, file := range files {
		found, err := readManifests(file, cmd.InOrStdin())
		if err != nil {
			return err
		}
		if len(found) != 1 {
			return fmt.Errorf("%s: %w", file, errSeveralDocs)
		}
		if kind := found[0].object.GetKind(); watch && kind != v1alpha1.RolloutKind && kind != v1alpha1.ExperimentKind {
			return errWatchKind
		}
		made, err := s.createOne(cmd.Context(), c, found[0])
		if err != nil {
			return err
		}
		if watch {
			return s.watchCreated(cmd.Context(), c, made)
		}
	}
	return nil
}

// createOne sends one object of ours.
func (s *shell) createOne(ctx context.Context, c client, m manifest) (*unstructured.Unstructured, error) {
	gvk := m.object.GroupVersionKind()
	kind, known := creatable[gvk.Kind]
	if !known || gvk.Group != v1alpha1.SchemeGroupVersion.Group {
		return nil, fmt.Errorf("creates of %s/%s unsupported", gvk.Group, gvk.Kind)
	}
	if err := m.strictly(kind.typed()); err != nil {
		return nil, err
	}
	if namespace := m.object.GetNamespace(); namespace != "" {
		c.namespace = namespace
	}
	return s.send(ctx, c, kind.resource, m.object)
}

// send creates an object and says so.
func (s *shell) send(ctx context.Context, c client, resource schema.GroupVersionResource, o *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	into := c.resource(resource)
	if resource == v1alpha1.ClusterAnalysisTemplateGVR {
		into = c.dynamic.Resource(resource)
	}
	made, err := into.Create(ctx, o, metav1.CreateOptions{})
	if err != nil {
		return nil, c.advise(err)
	}
	fmt.Fprintf(s.Out, "%s.%s/%s created\n", strings.ToLower(made.GetKind()), resource.Group, made.GetName())
	return made, nil
}

func (s *shell) watchCreated(ctx context.Context, c client, made *unstructured.Unstructured) error {
	if namespace := made.GetNamespace(); namespace != "" {
		c.namespace = namespace
	}
	look := s.rolloutSubject(c, made.GetName())
	if made.GetKind() == v1alpha1.ExperimentKind {
		look = s.experimentSubject(c, made.GetName())
	}
	return s.get(ctx, c, look, getOptions{watch: true})
}

// untyped is a typed object as it is sent: without a status, which is not ours.
func untyped(o any) (*unstructured.Unstructured, error) {
	data, err := json.Marshal(o)
	if err != nil {
		return nil, err
	}
	out := &unstructured.Unstructured{}
	err = json.Unmarshal(data, &out.Object)
	delete(out.Object, "status")
	return out, err
}
