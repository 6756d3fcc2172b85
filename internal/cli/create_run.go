package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	rules "github.com/serin-rollouts/serin/internal/spec"
)

var (
	errFromWhere = errors.New("one of --from or --from-file must be specified")
	errArgument  = errors.New("arguments must be in the form NAME=VALUE")
	errRunName   = errors.New("name is invalid")
	errFromKind  = errors.New("the file must hold one AnalysisTemplate or ClusterAnalysisTemplate")
)

// runOrder is what a user says about the AnalysisRun to make.
type runOrder struct {
	from, fromFile           string
	global                   bool
	arguments                []string
	name, generate, instance string
}

func (s *shell) createAnalysisRunCommand() *cobra.Command {
	var o runOrder
	cmd := &cobra.Command{
		Use:     "analysisrun",
		Aliases: []string{"ar"},
		Short:   "Create an AnalysisRun from a template",
		Long: "Create an AnalysisRun from an AnalysisTemplate, a ClusterAnalysisTemplate or a file with one.\n\n" +
			"It belongs to no Rollout and decides about none. Templates that the template refers to are taken in.",
		Example: s.examples("create analysisrun --from success-rate -a ingress=checkout",
			"create analysisrun --global --from error-rate", "create analysisrun --from-file template.yaml --name try-1"),
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if (o.from == "") == (o.fromFile == "") {
				return errFromWhere
			}
			return s.createAnalysisRun(cmd, o)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&o.from, "from", "", "Name of the template in the cluster")
	flags.StringVar(&o.fromFile, "from-file", "", "File with the template, - for standard input")
	flags.BoolVar(&o.global, "global", false, "The template is a ClusterAnalysisTemplate")
	flags.StringArrayVarP(&o.arguments, "argument", "a", nil, "Value of an argument as NAME=VALUE; may be repeated")
	flags.StringVar(&o.name, "name", "", "Name of the run")
	flags.StringVar(&o.generate, "generate-name", "", "Beginning of the name of the run; the template's name and a dash when no name is given")
	flags.StringVar(&o.instance, "instance-id", "", "Id of the controller instance that shall work on the run")
	return cmd
}

func (s *shell) createAnalysisRun(cmd *cobra.Command, o runOrder) error {
	c, err := s.client()
	if err != nil {
		return err
	}
	args, err := readArguments(o.arguments)
	if err != nil {
		return err
	}
	templates := rules.Templates{}
	root, err := s.rootTemplate(cmd, o, templates)
	if err != nil {
		return err
	}
	refs := []v1alpha1.AnalysisTemplateRef{{TemplateName: root.Name, ClusterScope: &root.Cluster}}
	if err := templates.Complete(refs, func(key rules.TemplateKey) (*v1alpha1.AnalysisTemplateSpec, error) {
		return c.template(cmd.Context(), key)
	}); err != nil {
		return err
	}
	made, err := rules.NewRun(templates, rules.RunRequest{Templates: refs, Args: args})
	if err != nil {
		return fmt.Errorf("%s: %w", root, err)
	}
	run := &v1alpha1.AnalysisRun{Spec: made, ObjectMeta: metav1.ObjectMeta{Namespace: c.namespace, Name: o.name, GenerateName: o.generate}}
	run.SetGroupVersionKind(v1alpha1.AnalysisRunGVK)
	if run.Name == "" && run.GenerateName == "" && root.Name != "" {
		run.GenerateName = root.Name + "-"
	}
	if run.Name == "" && run.GenerateName == "" {
		return errRunName
	}
	if o.instance != "" {
		run.Labels = map[string]string{v1alpha1.LabelKeyControllerInstanceID: o.instance}
	}
	object, err := untyped(run)
	if err != nil {
		return err
	}
	_, err = s.send(cmd.Context(), c, v1alpha1.AnalysisRunGVR, object)
	return err
}

// rootTemplate is the template that was asked for. One from a file is put among the
// templates.
func (s *shell) rootTemplate(cmd *cobra.Command, o runOrder, templates rules.Templates) (rules.TemplateKey, error) {
	if o.fromFile == "" {
		return rules.TemplateKey{Name: o.from, Cluster: o.global}, nil
	}
	found, err := readManifests(o.fromFile, cmd.InOrStdin())
	if err != nil {
		return rules.TemplateKey{}, err
	}
	if len(found) != 1 {
		return rules.TemplateKey{}, fmt.Errorf("%s: %w", o.fromFile, errFromKind)
	}
	key, template, err := templateOf(found[0])
	if err != nil {
		return rules.TemplateKey{}, err
	}
	if template == nil {
		return rules.TemplateKey{}, fmt.Errorf("%s: %w", found[0], errFromKind)
	}
	key.Cluster = key.Cluster || o.global
	templates[key] = template
	return key, nil
}

// templateOf reads an analysis template of either scope; nil for other kinds.
func templateOf(m manifest) (rules.TemplateKey, *v1alpha1.AnalysisTemplateSpec, error) {
	switch m.object.GetKind() {
	case v1alpha1.AnalysisTemplateKind:
		var t v1alpha1.AnalysisTemplate
		err := m.strictly(&t)
		return rules.TemplateKey{Name: t.Name}, &t.Spec, err
	case v1alpha1.ClusterAnalysisTemplateKind:
		var t v1alpha1.ClusterAnalysisTemplate
		err := m.strictly(&t)
		return rules.TemplateKey{Name: t.Name, Cluster: true}, &t.Spec, err
	default:
		return rules.TemplateKey{}, nil, nil
	}
}

func (c client) template(ctx context.Context, key rules.TemplateKey) (*v1alpha1.AnalysisTemplateSpec, error) {
	if key.Cluster {
		obj, err := c.dynamic.Resource(v1alpha1.ClusterAnalysisTemplateGVR).Get(ctx, key.Name, metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			return nil, withHint(err, "List what there is with: kubectl get clusteranalysistemplates")
		}
		if err != nil {
			return nil, c.advise(err)
		}
		t, err := decode(obj, &v1alpha1.ClusterAnalysisTemplate{})
		if err != nil {
			return nil, err
		}
		return &t.Spec, nil
	}
	obj, err := c.resource(v1alpha1.AnalysisTemplateGVR).Get(ctx, key.Name, metav1.GetOptions{})
	if err != nil {
		return nil, c.advise(err)
	}
	t, err := decode(obj, &v1alpha1.AnalysisTemplate{})
	if err != nil {
		return nil, err
	}
	return &t.Spec, nil
}

func readArguments(pairs []string) ([]v1alpha1.Argument, error) {
	args := make([]v1alpha1.Argument, 0, len(pairs))
	for _, pair := range pairs {
		name, value, found := strings.Cut(pair, "=")
		if !found || name == "" {
			return nil, errArgument
		}
		args = append(args, v1alpha1.Argument{Name: name, Value: &value})
	}
	return args, nil
}
