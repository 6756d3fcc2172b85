package local

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

const modulePath = "github.com/serin-rollouts/serin"

// programs are the paths of what is tested.
type programs struct{ cluster, controller, cli string }

// findPrograms looks for the programs, and says how to make the one it misses.
func findPrograms(root string) (programs, error) {
	var p programs
	for _, program := range []struct {
		path           *string
		variable, name string
	}{
		{&p.cluster, "SERIN_LOCAL", "serin-local"},
		{&p.controller, "SERIN_CONTROLLER", "serin-controller"},
		{&p.cli, "SERIN_CLI", "serin"},
	} {
		path := os.Getenv(program.variable)
		if path == "" {
			path = filepath.Join(root, "bin", program.name)
		}
		if _, err := os.Stat(path); err != nil {
			return programs{}, fmt.Errorf("find %s: %w; build it with make build, or set %s", program.name, err, program.variable)
		}
		*program.path = path
	}
	return p, nil
}

// Root is the folder of the module, found from the working directory upwards.
func Root() (string, error) {
	here, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("find the module: %w", err)
	}
	for dir := here; ; dir = filepath.Dir(dir) {
		if moduleOf(dir) == modulePath {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", fmt.Errorf("find the module: %s is not inside %s", here, modulePath)
		}
	}
}

// moduleOf returns the module that a folder is the root of, "" if none.
func moduleOf(dir string) string {
	file, err := os.Open(filepath.Join(dir, "go.mod"))
	if err != nil {
		return ""
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if module, found := strings.CutPrefix(lines.Text(), "module "); found {
			return strings.TrimSpace(module)
		}
	}
	return ""
}
