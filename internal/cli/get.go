package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"sigs.k8s.io/yaml"

	"github.com/serin-rollouts/serin/internal/view"
)

func (s *shell) getCommand() *cobra.Command {
	return s.group("get", "Show a Rollout or an Experiment with all that belongs to it",
		s.getRolloutCommand(), s.getExperimentCommand())
}

// getOptions are the flags of get.
type getOptions struct {
	watch, noColour bool
	colour          string
	output          string
	timeoutSeconds  int
}

// Values of --output.
const (
	outputText = ""
	outputWide = "wide"
	outputJSON = "json"
	outputYAML = "yaml"
	outputName = "name"
)

func (o *getOptions) addFlags(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.BoolVarP(&o.watch, "watch", "w", false, "Show changes as they happen, until interrupted")
	flags.BoolVar(&o.noColour, "no-color", false, "Do not use colours")
	flags.StringVar(&o.colour, "color", string(colourAuto), "Use colours: auto (on a terminal), always or never")
	flags.IntVar(&o.timeoutSeconds, "timeout-seconds", 0, "With --watch: fail after this many seconds; 0 is never")
	addOutputFlag(cmd, &o.output)
	mustComplete(cmd, "color", oneOf(string(colourAuto), string(colourAlways), string(colourNever)))
}

func addOutputFlag(cmd *cobra.Command, output *string) {
	cmd.Flags().StringVarP(output, "output", "o", outputText, "Output format: wide, json, yaml or name")
	mustComplete(cmd, "output", oneOf(outputWide, outputJSON, outputYAML, outputName))
}

// mustComplete registers a completion for a flag that was just added; the only
// error is that it was not.
func mustComplete(cmd *cobra.Command, flag string, complete completer) {
	if err := cmd.RegisterFlagCompletionFunc(flag, complete); err != nil {
		panic(err)
	}
}

func (o *getOptions) validate() error {
	switch o.output {
	case outputText, outputWide:
	case outputJSON, outputYAML, outputName:
		if o.watch {
			return errOutputWithWatch
		}
	default:
		return fmt.Errorf("--output %q is unknown: use wide, json, yaml or name", o.output)
	}
	switch colourMode(o.colour) {
	case colourAuto, colourAlways, colourNever:
		return nil
	default:
		return fmt.Errorf("--color %q is unknown: use auto, always or never", o.colour)
	}
}

func (o *getOptions) colourMode() colourMode {
	if o.noColour {
		return colourNever
	}
	return colourMode(o.colour)
}

func (o *getOptions) treeOptions(now time.Time) view.TreeOptions {
	if o.output == outputWide {
		return view.TreeOptions{Now: now, Detail: view.Wide}
	}
	return view.TreeOptions{Now: now}
}

// subject is what get shows: how to find it and how to look at it.
type subject struct {
	// name is the resource and the name, for example rollout.argoproj.io/web.
	name string
	// next finds the objects.
	next follow
	// look makes the view, which is also what JSON shows.
	look func(answers) (tree, error)
}

// tree is a view that has a text.
type tree interface {
	Text(view.TreeOptions) view.Text
}

// get shows a subject once, or as it changes.
func (s *shell) get(ctx context.Context, c client, sub subject, o getOptions) error {
	if err := o.validate(); err != nil {
		return err
	}
	if o.watch {
		return s.getWatch(ctx, c, sub, o)
	}
	known, err := gather(ctx, c, sub.next)
	if err != nil {
		return err
	}
	shown, err := sub.look(known)
	if err != nil {
		return err
	}
	text, err := s.format(shown, sub.name, o)
	if err != nil {
		return err
	}
	fmt.Fprint(s.Out, text)
	return nil
}

func (s *shell) format(shown tree, name string, o getOptions) (string, error) {
	switch o.output {
	case outputJSON, outputYAML:
		return encode(shown, o.output)
	case outputName:
		return name + "\n", nil
	default:
		return s.painter(o.colourMode())(shown.Text(o.treeOptions(s.Now()))), nil
	}
}

// encode writes a view as JSON or YAML.
func encode(shown any, format string) (string, error) {
	if format == outputYAML {
		data, err := yaml.Marshal(shown)
		return string(data), err
	}
	data, err := json.MarshalIndent(shown, "", "  ")
	return string(data) + "\n", err
}

// watchTimeoutError ends a watch that was given a time.
type watchTimeoutError struct{ seconds int }

func (e watchTimeoutError) Error() string {
	return fmt.Sprintf("timed out after %d seconds of watching", e.seconds)
}

func (s *shell) getWatch(ctx context.Context, c client, sub subject, o getOptions) error {
	if o.timeoutSeconds > 0 {
		limited, cancel := context.WithTimeoutCause(ctx,
			time.Duration(o.timeoutSeconds)*time.Second, watchTimeoutError{o.timeoutSeconds})
		defer cancel()
		ctx = limited
	}
	canvas := &canvas{out: s.Out, screen: s.Screen, paint: s.painter(o.colourMode())}
	err := watchAll(ctx, newFollower(c, sub.next), screenPace, func(known answers) error {
		shown, err := sub.look(known)
		if err != nil {
			return err
		}
		return canvas.draw(shown.Text(o.treeOptions(s.Now())), shown.Text(o.treeOptions(time.Time{})))
	})
	if err != nil {
		return err
	}
	if timeout, isTimeout := context.Cause(ctx).(watchTimeoutError); isTimeout { //nolint:errorlint // never wrapped
		return timeout
	}
	return nil
}
