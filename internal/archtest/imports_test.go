package archtest

import (
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/serin-rollouts/serin"

func TestImports(t *testing.T) {
	files, err := goFiles(filepath.Join("..", ".."))
	if err != nil {
		t.Fatalf("walk the module: %v", err)
	}
	if len(files) < 10 {
		t.Fatalf("found %d Go files, so this test looks in the wrong place", len(files))
	}
	for _, f := range files {
		if complaint := check(f); complaint != "" {
			t.Error(complaint)
		}
	}
}

// source is one Go file: its path from the root of the module, and its imports.
type source struct {
	file    string
	imports []string
}

// goFiles parses the import clauses of all files that are not tests. Tests may
// import what they like; what they test may not.
func goFiles(root string) ([]source, error) {
	var files []source
	err := filepath.WalkDir(root, func(at string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := entry.Name()
		if entry.IsDir() && at != root && (strings.HasPrefix(name, ".") || name == "testdata" || name == "vendor") {
			return fs.SkipDir
		}
		if entry.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		relative, err := filepath.Rel(root, at)
		if err != nil {
			return err
		}
		imports, err := importsOf(at)
		files = append(files, source{file: filepath.ToSlash(relative), imports: imports})
		return err
	})
	return files, err
}

func importsOf(file string) ([]string, error) {
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
	if err != nil {
		return nil, fmt.Errorf("read imports of %s: %w", file, err)
	}
	var imports []string
	for _, clause := range parsed.Imports {
		imported, err := strconv.Unquote(clause.Path.Value)
		if err != nil {
			return nil, fmt.Errorf("read imports of %s: %w", file, err)
		}
		imports = append(imports, imported)
	}
	return imports, nil
}

// check returns what is wrong with a file's imports, "" when nothing is.
func check(f source) string {
	folder := path.Dir(f.file)
	at := slices.IndexFunc(layers(), func(l layer) bool { return matches(l.folder, folder) })
	if at < 0 {
		return fmt.Sprintf("%s: folder %s is in no layer; give it a row in internal/archtest/layers_test.go", f.file, folder)
	}
	var complaints []string
	for _, imported := range f.imports {
		if why := refusal(layers()[at], f.file, imported); why != "" {
			complaints = append(complaints, fmt.Sprintf("%s: %s must not import %s: %s", f.file, layers()[at].name, imported, why))
		}
	}
	return strings.Join(complaints, "\n")
}

// refusal says why a file of the layer must not import that, "" when it may.
func refusal(l layer, file, imported string) string {
	ours, isOurs := strings.CutPrefix(imported, module+"/")
	folder := path.Dir(file)
	switch {
	case isOurs && ours == folder:
		return ""
	case isOurs && isConcrete(ours) && !isWire(file) && !strings.HasPrefix(ours+"/", folder+"/"):
		return "only cmd/*/wire.go names concrete routers and providers"
	case isOurs && !anyMatches(l.ours, ours):
		return "arrows point down and siblings do not know each other"
	case isOurs:
		return ""
	case !isStd(imported) && below(banned(), imported) && !anyMatches(modules(), folder):
		return "it stays out of the main module"
	case !isStd(imported) && !below(l.others, imported):
		return "not a library of this layer"
	case isStd(imported) && below(l.notStd, imported):
		return "this layer has no access to the world outside its arguments"
	default:
		return ""
	}
}

// isWire reports whether the file is where a main is put together. The command
// line's main wires renderers, which have no I/O.
func isWire(file string) bool {
	return strings.HasPrefix(file, "cmd/") && path.Base(file) == "wire.go"
}

func isConcrete(folder string) bool {
	return anyMatches(concrete(), folder) && !anyMatches(notConcrete(), folder)
}

// isStd reports whether a path is of the standard library: only those have no dot
// in their first element.
func isStd(imported string) bool {
	first, _, _ := strings.Cut(imported, "/")
	return !strings.Contains(first, ".")
}

// below reports whether the path is one of the roots or lies below one.
func below(roots []string, imported string) bool {
	return slices.ContainsFunc(roots, func(root string) bool {
		return root == anything || imported == root || strings.HasPrefix(imported, root+"/")
	})
}

func anyMatches(patterns []string, folder string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool { return matches(pattern, folder) })
}

// matches reports whether a folder is meant by a pattern of the table.
func matches(pattern, folder string) bool {
	if pattern == anything {
		return true
	}
	if root, all := strings.CutSuffix(pattern, "/..."); all {
		return folder == root || strings.HasPrefix(folder, root+"/")
	}
	if root, all := strings.CutSuffix(pattern, "/*"); all {
		return strings.HasPrefix(folder, root+"/")
	}
	return folder == pattern
}
