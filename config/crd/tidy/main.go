// Command tidy finishes the CRDs that controller-gen wrote. It relaxes what the
// Kubernetes types say about pods to what users of Rollouts may rely on, and it
// is idempotent, so generating twice gives the same files.
//
// Usage: tidy FOLDER
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"sigs.k8s.io/yaml"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "tidy:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("want one folder, got %d arguments", len(args))
	}
	files, err := filepath.Glob(filepath.Join(args[0], "*.yaml"))
	if err != nil {
		return fmt.Errorf("list CRDs in %s: %w", args[0], err)
	}
	for _, file := range files {
		if err := tidyFile(file); err != nil {
			return err
		}
	}
	return nil
}

func tidyFile(file string) error {
	raw, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("read CRD: %w", err)
	}
	tidied, err := tidy(raw)
	if err != nil {
		return fmt.Errorf("tidy %s: %w", file, err)
	}
	if err := os.WriteFile(file, tidied, 0o644); err != nil {
		return fmt.Errorf("write CRD: %w", err)
	}
	return nil
}

func tidy(raw []byte) ([]byte, error) {
	var crd map[string]any
	if err := yaml.Unmarshal(raw, &crd); err != nil {
		return nil, fmt.Errorf("parse YAML: %w", err)
	}
	walk(crd, false)
	out, err := yaml.Marshal(crd)
	if err != nil {
		return nil, fmt.Errorf("write YAML: %w", err)
	}
	return out, nil
}
