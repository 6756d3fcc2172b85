// Package lens looks into unstructured objects by path. Readers never panic and
// never copy: what is absent, null or of another type reads as empty, because
// users' objects may hold anything. Results are shared with the object.
package lens

// Map returns the object at path, nil when there is none.
func Map(content map[string]any, path ...string) map[string]any {
	found, _ := at(content, path).(map[string]any)
	return found
}

// List returns the list at path, nil when there is none.
func List(content map[string]any, path ...string) []any {
	found, _ := at(content, path).([]any)
	return found
}

// String returns the string at path, "" when there is none.
func String(content map[string]any, path ...string) string {
	found, _ := at(content, path).(string)
	return found
}

// at returns what is at path, nil when a part of the way is missing.
func at(content map[string]any, path []string) any {
	var here any = content
	for _, field := range path {
		parent, _ := here.(map[string]any)
		here = parent[field]
	}
	return here
}

// Items returns the elements of a list that are objects, and skips the others.
func Items(list []any) []map[string]any {
	items := make([]map[string]any, 0, len(list))
	for _, element := range list {
		if item, is := element.(map[string]any); is {
			items = append(items, item)
		}
	}
	return items
}

// Set puts value at path, making the objects on the way; a nil value removes the
// last field. It edits content, which must belong to the caller.
func Set(content map[string]any, value any, path ...string) {
	last := len(path) - 1
	for _, field := range path[:last] {
		next, is := content[field].(map[string]any)
		if !is && value == nil {
			return
		}
		if !is {
			next = map[string]any{}
			content[field] = next
		}
		content = next
	}
	if value == nil {
		delete(content, path[last])
		return
	}
	content[path[last]] = value
}
