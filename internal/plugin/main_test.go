package plugin_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// program is a plugin made of the published packages. It is a module of its own, so
// that those packages stay out of ours; its build takes seconds, and the first time as
// long as fetching and compiling them.
var program string

func TestMain(m *testing.M) { os.Exit(build(m)) }

func build(m *testing.M) int {
	folder, err := os.MkdirTemp("", "serin-plugin-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(folder)
	program = filepath.Join(folder, "metric")
	command := exec.Command("go", "build", "-o", program, "./metric")
	command.Dir = filepath.Join("..", "..", "test", "plugin")
	command.Stdout, command.Stderr = os.Stderr, os.Stderr
	if err := command.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "build the plugin:", err)
		return 1
	}
	return m.Run()
}
