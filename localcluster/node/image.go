package node

import "strings"

// imageKind is what this node can do with an image.
type imageKind int

const (
	// imageUnknown cannot be run without a command.
	imageUnknown imageKind = iota
	// imageMissing is asked for by tags that stand for a registry miss.
	imageMissing
	// imageDemo is the coloured demo application.
	imageDemo
	// imageWelcome is a web server with one plain page.
	imageWelcome
)

// classify tells what an image is by its last path component and its tag.
// Example: argoproj/rollouts-demo:blue and serin/demo:blue are imageDemo.
func classify(image string) imageKind {
	name, tag := splitImage(image)
	switch {
	case tag == "does-not-exist" || strings.HasPrefix(tag, "missing"):
		return imageMissing
	case name == "rollouts-demo" || name == "demo":
		return imageDemo
	case name == "nginx":
		return imageWelcome
	default:
		return imageUnknown
	}
}

// splitImage returns the last path component and the tag of an image reference;
// the tag is empty when there is none. A digest is left out.
func splitImage(image string) (name, tag string) {
	image, _, _ = strings.Cut(image, "@")
	last := image[strings.LastIndex(image, "/")+1:]
	name, tag, _ = strings.Cut(last, ":")
	return name, tag
}
